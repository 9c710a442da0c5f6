"""Callbacks and exception handlers; each notes in the environment's file how it was called."""
import json
import os
import time


def note(**facts):
    with open(os.environ["CALLS"], "a") as file:
        file.write(json.dumps(facts) + "\n")


def text(value):
    return str(getattr(value, "value", value))


def success(job, connection, result):
    note(name="success", job=job.id, status=text(job._status), result=result, connection=type(connection).__name__,
         ended=job.ended_at is not None)


def failure(job, connection, kind, value, trace):
    note(name="failure", job=job.id, status=text(job._status), kind=kind.__name__, value=str(value), trace=trace is not None)


def stopped(job, connection):
    note(name="stopped", job=job.id, status=text(job._status))


def raising(*args):
    raise RuntimeError("from a callback")


def endless(*args):
    time.sleep(60)


def leaving(*args):
    raise SystemExit(3)


def forking(*args):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        note(name="forking")


def handler(job, kind, value, trace):
    note(name="handler", job=job.id, kind=kind.__name__)


def last_handler(job, kind, value, trace):
    note(name="last")
    return 0


def same_job(job, connection, result):
    note(name="same", meta=job.meta)


def change_meta():
    from rq import get_current_job

    get_current_job().meta["seen"] = True


def setup():
    note(name="setup", pid=os.getpid())


def before():
    note(name="before", job=os.environ["RQ_JOB_ID"])


def after():
    note(name="after")


def current():
    from rq import get_current_job

    note(name="current", job=get_current_job().id)
