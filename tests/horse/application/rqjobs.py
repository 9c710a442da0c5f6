"""Jobs that import rq while they run."""
import asyncio
import importlib
import sys
import threading
import time


def described(job):
    """What a job knows of itself."""
    return {
        "class": "%s.%s" % (type(job).__module__, type(job).__qualname__),
        "id": job.id,
        "status": str(getattr(job._status, "value", job._status)),
        "status_type": type(job._status).__name__,
        "worker_name": job.worker_name,
        "started": job.started_at is not None,
        "zone": str(job.started_at.tzinfo),
        "heartbeat": job.last_heartbeat is not None,
        "ended_at": job.ended_at,
        "created": job.created_at is not None,
        "enqueued": job.enqueued_at is not None,
        "origin": job.origin,
        "timeout": job.timeout,
        "description": job.description,
        "meta": job.meta,
        "args": job.args,
        "kwargs": job.kwargs,
        "func_name": job.func_name,
        "serializer": job.serializer.__name__,
        "retries_left": job.retries_left,
    }


def describe(*args, **kwargs):
    from rq import get_current_job

    return described(get_current_job())


def same_arguments(thing):
    from rq import get_current_job

    return get_current_job().args[0] is thing


def started():
    from rq import get_current_job

    return get_current_job().started_at.timestamp()


def identifier():
    from rq import get_current_job

    return get_current_job() and get_current_job().id


def in_thread_first():
    """Imports rq in a thread; the main thread asks afterwards."""
    thread = threading.Thread(target=identifier)
    thread.start()
    thread.join()
    return identifier()


async def in_tasks():
    async def ask():
        return identifier()

    return await asyncio.gather(ask(), ask())


def metadata():
    """What the import system says of rq.job."""
    import rq.job

    module = sys.modules["rq.job"]
    from importlib.util import find_spec

    spec = find_spec("rq.job")
    return {
        "loader": type(module.__loader__).__name__,
        "spec_loader": type(module.__spec__.loader).__name__,
        "file": module.__file__ == module.__spec__.origin == spec.origin,
        "source": "class Job" in module.__loader__.get_source("rq.job"),
        "reload": importlib.reload(importlib.import_module("rq.version")) is not None,
        "same_job": rq.job.get_current_job() is rq.get_current_job(),
    }


def counts(number):
    from rq import get_current_job

    job = get_current_job()
    for done in range(number):
        job.meta["done"] = done + 1
        job.save_meta()
    job.refresh()
    return job.meta["done"], str(getattr(job.get_status(), "value", job.get_status()))


def refreshed():
    from rq import get_current_job

    get_current_job().refresh()


def catches():
    from rq.timeouts import JobTimeoutException

    try:
        time.sleep(60)
    except JobTimeoutException as error:
        return "caught %s" % error


def overruns_with_rq():
    import rq.timeouts  # noqa: F401

    time.sleep(60)


def retry(many):
    from rq import Retry

    return Retry(max=many, interval=[1, 2])


def inner():
    raise LookupError("inner")


def fails():
    try:
        inner()
    except LookupError as error:
        raise ValueError("outer") from error


async def fails_later():
    await asyncio.sleep(0)
    fails()


def no_rq():
    return "rq" in sys.modules


def where_redis_is():
    return getattr(sys.modules.get("redis"), "__file__", None)


def another_redis(folder):
    sys.path.insert(0, folder)
    import redis

    return redis.__file__
