"""Who is measured, and how each is started."""

import pathlib
import shlex

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VENVS = ROOT / "build" / "venv"
RQD = str(ROOT / "target" / "release" / "rq")


class Contender:
    """`command` is given the number of jobs at a time, and which of them are isolated: a process for each job."""

    def __init__(self, name, venv, module, command, isolated=False, most=None):
        self.name = name
        self.venv = VENVS / venv
        self.module = module
        self.isolated = isolated
        # How many slots make sense for it at most.
        self.most = most
        self._command = command

    def command(self, slots):
        text = self._command(slots) if callable(self._command) else self._command
        return shlex.split(text.format(slots=slots, bin=self.venv / "bin", rqd=RQD))

    def client(self, *arguments):
        return [str(self.venv / "bin" / "python"), str(ROOT / "benches" / "contenders" / "client.py"), self.module, *map(str, arguments)]


def _workers(one, several):
    return lambda slots: one if slots == 1 else several


def all_contenders():
    """In the order in which they take turns."""
    rq = "{bin}/rq "
    return [
        Contender("rqd", "rq-3.0.0", "rq_jobs", _workers("{rqd} worker", "{rqd} worker-pool -n {slots}"), isolated=True),
        Contender("RQ", "rq-3.0.0", "rq_jobs", _workers(rq + "worker", rq + "worker-pool -n {slots}"), isolated=True),
        Contender("RQ SimpleWorker", "rq-3.0.0", "rq_jobs", _workers(
            rq + "worker -w rq.SimpleWorker", rq + "worker-pool -n {slots} -w rq.SimpleWorker")),
        Contender("Celery", "celery", "celery_jobs", "{bin}/celery -A celery_jobs worker -P prefork -c {slots} --loglevel ERROR"),
        Contender("dramatiq", "dramatiq", "dramatiq_jobs", "{bin}/dramatiq dramatiq_jobs --processes {slots} --threads 1"),
        Contender("huey", "huey", "huey_jobs", "{bin}/huey_consumer huey_jobs.app -w {slots} -k process -q"),
        Contender("taskiq", "taskiq", "taskiq_jobs",
                  "{bin}/taskiq worker taskiq_jobs:broker --workers {slots} --max-async-tasks 1 --log-level ERROR"),
        Contender("arq", "arq", "arq_jobs", "{bin}/arq arq_jobs.WorkerSettings"),
        Contender("SAQ", "saq", "saq_jobs", "{bin}/saq saq_jobs.settings --workers {slots} --quiet"),
    ]
