"""`rq.get_current_job()`: a real `rq.job.Job` for code that has imported rq, or does so while the job runs."""
import sys

from .imports import Hook
from .serializers import for_rq
from .text import said

MODULE = "rq.job"


class Offer:
    """While this lasts, `rq.get_current_job()` gives the job; code that never imports rq pays nothing."""

    def __init__(self, run):
        self.run = run
        self.hook = self.undo = None

    def __enter__(self):
        module = sys.modules.get(MODULE)
        if module is not None:
            self.undo = guarded(self.run, push, module, self.run)
        else:
            self.hook = Hook(MODULE, self.loaded)
            sys.meta_path.insert(0, self.hook)

    def loaded(self, module):
        """The job's code has imported rq."""
        self.undo = guarded(self.run, make_default, module, self.run)

    def __exit__(self, *raised):
        if self.hook in sys.meta_path:
            sys.meta_path.remove(self.hook)
        if self.undo is not None:
            guarded(self.run, self.undo)


def guarded(run, step, *args):
    """Does something for the job's convenience; its failure is told, and is not the job's, unless time is up."""
    try:
        return step(*args)
    except Exception as error:
        if error is run.limit.raised:
            raise
        try:
            sys.stderr.write("rq: get_current_job() is not available: %s: %s\n" % (type(error).__name__, said(error)))
        except Exception:
            pass
    return None


def push(module, run):
    """Puts the job where RQ puts it; returns what takes it away."""
    job = build(module, run)
    if hasattr(module, "_current_job"):
        token = module._current_job.set(job)
        return lambda: module._current_job.reset(token)
    module._job_stack.push(job)
    return module._job_stack.pop


def make_default(module, run):
    """Makes the job what RQ finds when nothing was pushed.

    The import may have happened in a thread or a task of its own, where a push would be seen by nobody else.
    """
    job = build(module, run)
    if hasattr(module, "_current_job"):
        original = module._current_job
        module._current_job = type(original)("current_job", default=job)
        return lambda: setattr(module, "_current_job", original)
    original = module._job_stack
    module._job_stack = stack_with_default(type(original), job)
    return lambda: setattr(module, "_job_stack", original)


def stack_with_default(base, job):
    """A stack of rq's that holds the job when it is empty."""

    def top(self):
        found = base.top.fget(self)
        return job if found is None else found

    return type(base.__name__, (base,), {"top": property(top)})()


def build(module, run):
    """The job as it stands in RQ's horse when the function starts; one object for all that the job's code sees of it."""
    if run.job is not None:
        return run.job
    serializer = for_rq(run.serializer, sys.modules.get("rq.serializers"))
    connection = run.connection.get()
    try:
        job = module.Job(run.job_id, connection=connection, serializer=serializer)
    except ValueError:
        # Newer versions refuse identifiers that older clients could choose.
        job = module.Job(connection=connection, serializer=serializer)
        job._id = run.job_id
    job.restore({name.encode(): value for name, value in run.fields.items()})
    if run.call is not None:
        job._func_name, job._instance = run.call.func_name, run.call.instance
        job._args, job._kwargs = run.call.args, run.call.kwargs
    job.worker_name = run.worker_name
    job._status = module.JobStatus.STARTED
    if run.started_at is not None:
        job.started_at = job.last_heartbeat = moment(module, run.started_at)
    run.job = job
    return job


def is_retry(value):
    """True for a `rq.job.Retry`. Without rq loaded there can be none."""
    kind = getattr(sys.modules.get(MODULE), "Retry", None)
    return isinstance(kind, type) and isinstance(value, kind)


def moment(module, seconds):
    """A time as this version of rq holds it: without a zone up to 1.16, in UTC since."""
    from datetime import datetime, timezone

    time = datetime.fromtimestamp(seconds, timezone.utc)
    return time.replace(tzinfo=None) if hasattr(module, "utcnow") else time
