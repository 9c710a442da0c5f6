"""Callbacks and exception handlers, called as RQ calls them.

They are given a real `rq.job.Job`, so rq is imported for a job that has them, and for no other.
"""
import sys

from . import current_job, trace
from .limit import Limit
from .payload import fields_of
from .resolve import attribute
from .text import said
from .wire import Junk

# RQ: the limit of a callback whose job names none.
DEFAULT_LIMIT = 60


def succeeded(run, value):
    """Runs the success callback; returns what it raised, which is then the job's failure."""
    if not name_of(run, "success") or current_job.is_retry(value):
        return None
    try:
        job = job_of(run, "FINISHED")
        job._result = value
        call(run, job, "success", value)
    except BaseException as error:
        return error
    return None


def failed(run, failure):
    """Runs the failure callback, then the exception handlers; returns the exception that is to be recorded."""
    if not name_of(run, "failure") and not run.handlers:
        return failure
    origin = failure.__traceback__
    try:
        raise failure  # So that what is raised next names it as what was being handled.
    except BaseException:
        failure.__traceback__ = origin
        try:
            job = job_of(run, "FAILED")
            call_failure(run, job, type(failure), failure, origin)
        except BaseException as error:
            # RQ: what the callback raised takes the place of what the job raised.
            failure = error
        try:
            if run.handlers:
                handle(run, job_of(run, "FAILED"), type(failure), failure, failure.__traceback__)
        except BaseException as error:
            return error
    return failure


def call_failure(run, job, *exception):
    """Runs the failure callback; RQ has a line of its own for one that raises."""
    try:
        call(run, job, "failure", *exception)
    except BaseException as error:
        run.channel.send({"report": "callback_raised", "callback": "failure"}, trace.text_of(error))
        raise


def handle(run, job, *exception):
    """Runs the exception handlers in order. RQ: an explicit false value ends the chain, None does not."""
    for handler in run.handlers:
        verdict = handler(job, *exception)
        if verdict is not None and not verdict:
            return


def call(run, job, kind, *args):
    """Calls one callback within its limit."""
    name = name_of(run, kind)
    if not name:
        return
    seconds = getattr(job, "_%s_callback_timeout" % kind, None)
    limit = Limit(DEFAULT_LIMIT if seconds is None else seconds)
    run.channel.send({"report": "phase", "phase": "callback", "callback": kind, "limit": limit.whole_seconds()})
    try:
        callback = attribute(name)
        refuse_coroutine(callback, kind)
        try:
            limit.start()
            callback(job, run.connection.get(), *args)
        finally:
            limit.stop()
    finally:
        run.channel.send({"report": "phase", "phase": "ending"})


def refuse_coroutine(callback, kind):
    """RQ: nobody would run it."""
    from inspect import iscoroutinefunction

    if iscoroutinefunction(callback):
        raise TypeError("Coroutine %s callbacks are not supported" % kind)


def name_of(run, kind):
    """The callback's dotted name, empty for none."""
    return run.fields.get("%s_callback_name" % kind, b"").decode("utf-8", "backslashreplace")


def job_of(run, status):
    """The job as RQ holds it in memory at this moment."""
    try:
        import rq.job as module
    except ImportError as error:
        raise ImportError("callbacks and exception handlers need the package rq in this Python: %s" % said(error))
    job = current_job.build(module, run)
    job._status = getattr(module.JobStatus, status)
    if run.ended_at is not None:
        job.ended_at = job.last_heartbeat = current_job.moment(module, run.ended_at)
    return job


class Errand:
    """The callbacks of a job that cannot run them itself: it was stopped, or its worker is gone."""

    def __init__(self, order, body, channel, settled):
        self.fields = fields_of(order, body)
        self.occasion = order.get("callback")
        if self.occasion not in ("stopped", "abandoned"):
            raise Junk("the callback %.100r" % (self.occasion,))
        self.job_id, self.worker_name = order.get("job_id"), order.get("worker_name")
        if type(self.job_id) is not str or type(self.worker_name) is not str:
            raise Junk("a callback without a job or without a worker")
        self.channel = channel
        self.serializer = settled.serializer
        self.connection = settled.connection
        self.handlers = settled.exception_handlers
        self.hooks = settled.hooks
        self.started_at = self.ended_at = self.call = self.job = None

    def done(self):
        """Runs them; returns head and body of `called`."""
        raised = []
        steps = (self.stopped,) if self.occasion == "stopped" else (self.abandoned, self.handled)
        for step in (self.hooks.begin,) + steps:
            try:
                step()
            except BaseException as error:
                raised.append(trace.text_of(error))
        return {"report": "called", "raised": bool(raised)}, b"\n".join(raised)

    def stopped(self):
        """The callback of a stopped job."""
        if name_of(self, "stopped"):
            call(self, job_of(self, "STARTED"), "stopped")

    def abandoned(self):
        """The failure callback of an abandoned job."""
        if name_of(self, "failure"):
            call(self, job_of(self, "STARTED"), "failure", *self.abandonment())

    def handled(self):
        """The exception handlers for an abandoned job."""
        if self.handlers:
            handle(self, job_of(self, "STARTED"), *self.abandonment())

    def abandonment(self):
        """RQ: there is no traceback, as nobody saw the end."""
        kind = sys.modules["rq.exceptions"].AbandonedJobError
        return kind, kind(), None
