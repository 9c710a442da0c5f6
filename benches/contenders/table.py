"""Who is measured, and how each is started."""

import copy
import pathlib
import shlex

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VENVS = ROOT / "build" / "venv"
RQD = str(ROOT / "target" / "release" / "rq")


class Contender:
    """`command` is a text, or makes one of the number of jobs at a time."""

    def __init__(self, name, venv, module, command, isolated=False, variables=None, only=None):
        self.name = name
        self.venv = VENVS / venv
        self.module = module
        # Whether each job has a process of its own.
        self.isolated = isolated
        # What it needs in its environment.
        self.variables = variables or {}
        # The measurements in which it differs enough from its like to be worth the time.
        self._only = only
        self._command = command

    @property
    def is_rq(self):
        """Whether it keeps its jobs as Python RQ does, so that RQ's invariants hold."""
        return self.module == "rq_jobs"

    @property
    def is_ours(self):
        return self.name.startswith("rqd")

    def takes_part(self, measurement):
        return self._only is None or measurement in self._only

    def command(self, slots):
        text = self._command(slots) if callable(self._command) else self._command
        return shlex.split(text.format(slots=slots, bin=self.venv / "bin", rqd=RQD))

    def client(self, *arguments):
        return [str(self.venv / "bin" / "python"), str(ROOT / "benches" / "contenders" / "client.py"), self.module, *map(str, arguments)]

    def with_venv(self, venv):
        """The same in another environment."""
        other = copy.copy(self)
        other.venv = VENVS / venv
        return other


def _workers(one, several):
    return lambda slots: one if slots == 1 else several


def all_contenders():
    """In the order in which they take turns."""
    rq = "{bin}/rq "
    rqd = _workers("{rqd} worker", "{rqd} worker-pool -n {slots}")
    dramatiq = "{bin}/python -m dramatiq dramatiq_jobs --processes {slots} --threads 1"
    return [
        Contender("rqd", "rq-3.0.0", "rq_jobs", rqd, isolated=True),
        Contender("rqd, reused", "rq-3.0.0", "rq_jobs", lambda slots: rqd(slots) + " --reuse 0"),
        Contender("rqd, preload", "rq-3.0.0", "rq_jobs", rqd, isolated=True, variables={"RQ_HORSE__PRELOAD": "rq_jobs"},
                  only=("drain", "efficiency", "latency", "system", "trace")),
        Contender("RQ", "rq-3.0.0", "rq_jobs", _workers(rq + "worker", rq + "worker-pool -n {slots}"), isolated=True),
        Contender("RQ SimpleWorker", "rq-3.0.0", "rq_jobs", _workers(
            rq + "worker -w rq.SimpleWorker", rq + "worker-pool -n {slots} -w rq.SimpleWorker")),
        Contender("Celery", "celery", "celery_jobs", "{bin}/python -m celery -A celery_jobs worker -P prefork -c {slots} --loglevel ERROR"),
        # Unless told otherwise it fetches two messages for each thread, and waits a while before it looks again.
        Contender("dramatiq", "dramatiq", "dramatiq_jobs", dramatiq),
        Contender("dramatiq, 100 ahead", "dramatiq", "dramatiq_jobs", dramatiq, variables={"dramatiq_queue_prefetch": "100"},
                  only=("drain", "efficiency")),
        Contender("huey", "huey", "huey_jobs", "{bin}/python -m huey.bin.huey_consumer huey_jobs.app -w {slots} -k process -q"),
        Contender("taskiq", "taskiq", "taskiq_jobs",
                  "{bin}/python -m taskiq worker taskiq_jobs:broker --workers {slots} --max-async-tasks 1 --log-level ERROR"),
        Contender("arq", "arq", "arq_jobs", "{bin}/python -m arq arq_jobs.WorkerSettings"),
        Contender("SAQ", "saq", "saq_jobs", "{bin}/python -m saq saq_jobs.settings --workers {slots} --quiet"),
    ]
