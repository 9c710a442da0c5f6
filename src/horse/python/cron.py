"""A cron module of RQ's, loaded by the rq that is installed, as data: all that is needed to enqueue without Python.

Nothing here talks to Redis: the clients that rq wants to hold never connect. `logging` is imported for it alone, as the fork
servers of workers shall not have it.
"""
import sys

from . import trace
from .application import Refused
from .process import export_prefix
from .text import plain

SAID = 1000
MESSAGE = 10_000


def load(order):
    """Loads the module that the order names; returns the report and its body."""
    path = order.get("module") or ""
    export_prefix(order.get("key_prefix"))
    # RQ: a module may look at the command line that it is loaded by.
    sys.argv[:] = ["rq", "cron", path]
    said = []
    try:
        jobs = registered(path, said)
    except BaseException as error:
        missing = isinstance(error, ImportError) and getattr(error, "name", None) in ("rq", "rq.cron")
        refused = Refused("rq" if missing else "cron", path, error, missing)
        refused.report["said"] = said
        raise refused from None
    values = [value for job in jobs for _, value in job["fields"]]
    for job in jobs:
        job["fields"] = [[name, len(value)] for name, value in job["fields"]]
    return {"report": "cron", "jobs": jobs, "said": said}, b"".join(values)


def registered(path, said):
    """What the module registers, in its order; `said` is given what rq logs meanwhile."""
    import logging

    import rq.cron
    from redis import Redis
    from rq import Queue

    logger = logging.getLogger("rq.cron")
    before = logger.handlers[:], logger.propagate, logger.level, logger.disabled
    # RQ adds its own handlers only where there are none.
    logger.handlers[:], logger.propagate, logger.disabled = [ear(logging, said)], False, False
    logger.setLevel(logging.DEBUG)
    try:
        scheduler = rq.cron.CronScheduler(connection=Redis())
        logger.setLevel(logging.DEBUG)
        scheduler.load_config_from_file(path)
        return [entry(job, Queue(job.queue_name, connection=Redis())) for job in scheduler.get_jobs()]
    finally:
        logger.handlers[:], logger.propagate, logger.disabled = before[0], before[1], before[3]
        logger.setLevel(before[2])


def entry(job, queue):
    """One registered job as data."""
    shown = job.to_dict()
    return {
        "name": getattr(job, "name", None) or job.func_name,
        "function": job.func_name,
        "queue": job.queue_name,
        "interval": job.interval,
        "cron": job.cron,
        "ttl": job.job_options.get("ttl"),
        "shown": shown,
        "fields": template(job, queue),
    }


def template(cron_job, queue):
    """The fields that rq would write for a run, but for its times, as bytes."""
    if cron_job.func.__module__ == "__main__":
        raise ValueError("Functions from the __main__ module cannot be processed by workers")
    options = dict(cron_job.job_options)
    options["timeout"] = options.pop("job_timeout", None)
    job = queue.create_job(cron_job.func, args=cron_job.args, kwargs=cron_job.kwargs, **options)
    if job.timeout is None:
        job.timeout = queue._default_timeout
    job.origin = queue.name
    fields = job.to_dict()
    fields.update(status="queued")
    times = ("created_at", "enqueued_at")
    return [(name, encoded(value)) for name, value in fields.items() if name not in times]


def encoded(value):
    """A value as redis-py sends it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return str.encode(value, "utf-8")
    return repr(value).encode("utf-8")


def ear(logging, said):
    """A handler that keeps what rq says while it loads, for the daemon's log."""

    class Ear(logging.Handler):
        def emit(self, record):
            if len(said) >= SAID:
                return
            error = record.exc_info[1] if record.exc_info else None
            text = trace.text_of(error).decode("utf-8", "replace")[-MESSAGE:] if error else None
            message = plain(record.getMessage()[:MESSAGE])
            said.append({"level": min(record.levelno, 50), "message": message, "traceback": text})

    return Ear()
