"""The engine `rq`: RQ's own worker object performs and settles the job that the daemon has claimed.

The object is made once, in the fork server, as `rq worker` makes it before it forks; it is never registered.
"""
import _signal as signal
import os
import sys

from . import evidence, fitness, own_sdk, serializers
from .engine import BASES, Unfit, rq_class
from .order import text_in
from .process import export_names, flush
from .result import bound
from .rq_steps import fail, is_three, keep_failure, limit_in, settle_stopped, usage_in, watch
from .text import said
from .wire import Junk


class Engine:
    """RQ's worker object, and what its version of rq needs."""

    def __init__(self, order, choice, application):
        check_version()
        self.classes = {kind: self.real(kind, found) for kind, found in choice.classes.items()}
        fitness.check(self.classes, order.get("key_prefix"))
        self.hooks = application.hooks
        self.root = application.root
        self.max_result_size = application.max_result_size
        self.reused = choice.model == "reuse"
        self.warm_signal = choice.warm_signal
        wishes = order.get("engine") or {}
        configure_logging(wishes.get("logging") or {})
        self.failures = wishes.get("failures") or {}
        self.serializer = serializers.for_rq(application.serializer, sys.modules.get("rq.serializers"))
        connection = application.connection.get()
        try:
            self.worker = self.make_worker(wishes, connection, application)
        except BaseException as error:
            reason = "it cannot be made: %s: %s" % (type(error).__name__, said(error))
            raise Unfit("worker_class", fitness.title(self.classes["worker_class"]), reason, cause=error) from None
        self.worker.pid = os.getppid()
        self.stock_entry = not self.overrides_entry()

    def real(self, kind, found):
        """The class, also where only its name was needed so far."""
        if isinstance(found, str):
            place = BASES[kind].rpartition(".")[0]
            return rq_class(kind, "%s.%s" % (place, found))
        return found

    def make_worker(self, wishes, connection, application):
        """The worker object; what its class does not take is left out, for classes have constructors of their own."""
        from inspect import Parameter, signature

        worker_class = self.classes["worker_class"]
        options = {
            "connection": connection,
            "job_class": self.classes["job_class"],
            "queue_class": self.classes["queue_class"],
            "serializer": self.serializer,
            "exception_handlers": list(getattr(application, "exception_handlers", ())) or None,
            "prepare_for_work": False,
        }
        options.update(wishes.get("options") or {})
        taken = signature(worker_class).parameters.values()
        if not any(each.kind is Parameter.VAR_KEYWORD for each in taken):
            names = {each.name for each in taken}
            options = {name: value for name, value in options.items() if name in names}
        queues = [self.queue(name, connection, worker_class) for name in wishes.get("queues") or ["default"]]
        return worker_class(queues, **options)

    def queue(self, name, connection, owner):
        """A queue of the class in use."""
        return self.classes["queue_class"](
            name,
            connection=connection,
            job_class=self.classes["job_class"],
            serializer=self.serializer,
            death_penalty_class=owner.death_penalty_class,
        )

    def overrides_entry(self):
        """Whether the class has a `main_work_horse` of its own, which ends the process by itself."""
        return fitness.foreign(type(self.worker), "main_work_horse") is not None

    def brace(self):
        """Holds a warning of the shutdown back until the class can hear it: until then it would kill."""
        if self.warm_signal:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])

    def run(self, order, channel):
        """Performs a job; returns head and body of `ended`. RQ: a `perform_job` that raises ends the horse."""
        job, queue, execution = self.take(order)
        seen = watch(job, channel, self.worker.name, self.hooks, limit_in(order))
        bound(job, self.max_result_size)
        worker = self.worker
        if not self.reused:
            self.enter(job, queue)
        try:
            worker.perform_job(*((job, queue, execution) if is_three() else (job, queue)))
        finally:
            self.hooks.finish()
        head = {"report": "ended", "kind": "settled"}
        found = self.evidence_of(order.get("report"), job, seen)
        if found is not None:
            head["evidence"] = found
        return head, b""

    def evidence_of(self, wish, job, seen):
        """What a report is made of when the job failed for good, unless the project's own SDK has reported it."""
        try:
            if type(wish) is dict and seen and job._status == "failed" and own_sdk.active() is None:
                return evidence.of(seen[-1], wish, self.root, job)
        except BaseException:
            pass  # A report that cannot be made is no reason for anything.
        return None

    def enter(self, job, queue):
        """What RQ's horse does first."""
        worker = self.worker
        if not self.stock_entry:
            worker.main_work_horse(job, queue)
            os._exit(0)
        import random

        random.seed()
        worker.setup_work_horse_signals()
        if self.warm_signal:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGRTMIN])
        worker._is_horse = True

    def take(self, order):
        """The job, its queue and its execution as RQ's objects."""
        worker = self.worker
        worker.name = text_in(order, "worker_name")
        job_id, execution_id = text_in(order, "job_id"), text_in(order, "execution_id")
        export_names(worker.name, job_id, execution_id)
        job = worker.job_class.fetch(job_id, connection=worker.connection, serializer=worker.serializer)
        keep_failure(job, self.failures)
        queue = self.queue(text_in(order, "queue"), worker.connection, worker)
        from rq.executions import Execution

        execution = Execution.fetch(execution_id, job_id, connection=worker.connection)
        execution._job = job
        execution.worker_name = worker.name
        worker.execution = execution
        return job, queue, execution

    def settle(self, order):
        """What RQ's parent process does when a horse died or was stopped; returns head and body of `ended`."""
        job, queue, execution = self.take(order)
        worker, reason = self.worker, text_in(order, "reason")
        if order.get("stopped"):
            worker._stopped_job_id = job.id
            settle_stopped(worker, job, queue, execution)
        else:
            from rq.utils import now

            job.ended_at = now()
            worker.log.warning("Worker %s: job %s failed (%s)", worker.name, job.id, reason)
            worker.handle_work_horse_killed(job, order.get("pid"), order.get("status"), usage_in(order))
            fail(worker, job, queue, execution, reason)
        return {"report": "ended", "kind": "settled"}, b""


def check_version():
    """RQ 1 knows no executions, by which the daemon tells whether a job was settled."""
    rq_class("engine", "rq.worker.Worker")
    try:
        import rq.executions  # noqa: F401
    except ImportError:
        from rq.version import VERSION

        reason = "its own code can run jobs here from RQ 2.0 on, and this is RQ %s" % VERSION
        raise Unfit("engine", "rq", reason, "upgrade rq, or use RQ's own classes and horse.engine native") from None


def configure_logging(wishes):
    """RQ's lines look as `rq worker` makes them look."""
    from rq.logutils import setup_loghandlers

    for name in ("rq.worker", "rq.job"):
        setup_loghandlers(wishes.get("level"), wishes["date_format"], wishes["format"], name=name)


def told(step, *args):
    """Does a step of RQ's; what it raises ends the horse, which RQ does without a word."""
    try:
        return step(*args)
    except Junk:
        raise
    except BaseException:
        sys.excepthook(*sys.exc_info())
        flush()
        os._exit(1)
