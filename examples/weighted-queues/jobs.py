"""A job that leaves a trace of where it came from."""

from rq import get_current_job

TRACE = "example:trace"


def leave_trace():
    """Adds the name of its queue to a list in Redis."""
    job = get_current_job()
    job.connection.rpush(TRACE, job.origin)
