"""Steps of the engine `rq` that differ among the versions of rq, and what the daemon is told of them."""
from os import getpid
from time import time

from . import title
from .process import end_stray_fork
from .text import plain
from .wire import Junk

NAME_LIMIT = 10_000
# RQ: how long the failure of a job is kept that says nothing.
YEAR = 31536000


def settle_stopped(worker, job, queue, execution):
    """RQ 3.0 has a method for it; before, it was a part of another."""
    from rq.worker import Worker

    if hasattr(Worker, "_handle_stopped_job"):
        method = getattr(worker, "_handle_stopped_job", None)
        if method is None:
            Worker._handle_stopped_job(worker, job, queue, execution)
        else:
            method(job, queue, execution)
        return
    worker.log.warning("Worker %s: job %s stopped by user, moving job to FailedJobRegistry", worker.name, job.id)
    if job.stopped_callback:
        job.execute_stopped_callback(worker.death_penalty_class)
    fail(worker, job, queue, execution, "Job stopped by user, work-horse terminated.")


def fail(worker, job, queue, execution, reason):
    """RQ before 3.0 knows the execution by itself."""
    more = {"execution": execution} if is_three() else {}
    worker.handle_job_failure(job, queue=queue, exc_string=reason, **more)


def usage_in(order):
    """What the horse used up, as `os.wait4` tells it."""
    import resource

    used = (order.get("user") or 0.0, order.get("system") or 0.0, order.get("max_rss") or 0)
    return resource.struct_rusage(used + (0,) * 13)


def watch(job, channel, worker_name, hooks, limit):
    """Reports when the function begins and ends, whoever calls the job's `perform`; until then the job has that limit.

    Returns a list that will hold what the function raises.
    """
    perform, pid, own_limit, seen = job.perform, getpid(), job.timeout, []
    if limit is not None:
        job.timeout = limit

    def reported(*args, **kwargs):
        job.perform = perform  # A second call is the class's own affair.
        job.timeout = own_limit  # The alarm is set; what is saved of the job is its own word.
        failure = None
        title.show_job(worker_name, func_name(job), job.origin, time())
        channel.send({"report": "phase", "phase": "function", "func_name": func_name(job)})
        try:
            return perform(*args, **kwargs)
        except BaseException as error:
            failure = error
            seen.append(error)
            raise
        finally:
            if getpid() != pid:
                end_stray_fork(failure)
            channel.send({"report": "phase", "phase": "ending"})

    execute = job._execute

    def prepared():
        # Here, because `get_current_job()` gives the job from here on.
        hooks.begin()
        hooks.call("before_job")
        return execute()

    job.perform, job._execute = reported, prepared
    return seen


def func_name(job):
    """The name in the payload, None when it cannot be read."""
    try:
        return plain(job.func_name[:NAME_LIMIT])
    except Exception:
        return None


def is_three():
    """Whether executions are arguments, as they are since RQ 3.0."""
    from rq.version import VERSION

    return int(VERSION.split(".")[0]) >= 3


def keep_failure(job, failures):
    """Gives the job the time for its failure, unless its own word counts.

    RQ reads it where it writes the failure, and saves it with the job; a success is saved with the job's own word.
    """
    own = job.failure_ttl
    ttl, most = failures.get("ttl") if own is None else own, failures.get("most")
    if most is not None:
        ttl = YEAR if ttl is None else ttl
        ttl = most if ttl < 0 else min(ttl, most)
    handle = getattr(job, "_handle_success", None)
    if ttl == own or handle is None:
        return
    job.failure_ttl = ttl

    def with_own_word(*args, **kwargs):
        job.failure_ttl = own
        return handle(*args, **kwargs)

    job._handle_success = with_own_word


def limit_in(order):
    """The limit by the rules of the queue, in RQ's form; None where the job's own counts."""
    if not order.get("timeout_counts"):
        return None
    seconds = order.get("timeout")
    return -1 if seconds is None else seconds


def text_in(order, key):
    """A key of the order that must be text."""
    if type(order.get(key)) is not str:
        raise Junk("an order whose %s is not text" % key)
    return order[key]
