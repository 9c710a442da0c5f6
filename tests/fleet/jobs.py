"""Jobs of a mixed fleet. Each notes in Redis by which worker and in which process it begins and ends, so that every run can be
counted, and told whose it was."""

import json
import os
import time

import redis
from rq import Retry

connection = redis.from_url(os.environ["FLEET_REDIS_URL"])


def _note(what, **more):
    note = {"what": what, "worker": os.environ["RQ_WORKER_ID"], "pid": os.getpid(), "at": time.time(), **more}
    connection.rpush("fleet:notes:" + os.environ["RQ_JOB_ID"], json.dumps(note))


def _execution():
    """The execution that this worker runs; none where the worker has none."""
    job, worker = os.environ["RQ_JOB_ID"], os.environ["RQ_WORKER_ID"]
    for execution in connection.zrange("rq:executions:" + job, 0, -1):
        key = "rq:execution:%s:%s" % (job, execution.decode())
        if connection.hget(key, "worker_name") == worker.encode():
            return execution.decode()
    return None


def _run(seconds=0.0):
    _note("began", execution=_execution())
    time.sleep(seconds)
    _note("ended")


def returns(value):
    _run()
    return value


def works(seconds):
    _run(seconds)


def raises():
    _run()
    raise ValueError("on purpose")


def segfaults():
    _run()
    import ctypes

    ctypes.string_at(0)


def asks(most):
    """Wants to run again, however often it did."""
    _run()
    return Retry(max=most)


def endless():
    _run()
    while True:
        time.sleep(1)


def on_success(job, connection, result):
    _note("success")


def on_failure(job, connection, *exception):
    # The callbacks of an abandoned job may run in any process of any worker.
    note = {"what": "failure", "worker": os.environ.get("RQ_WORKER_ID", ""), "pid": os.getpid(), "at": time.time()}
    connection.rpush("fleet:notes:" + job.id, json.dumps(note))


def on_stopped(job, connection):
    note = {"what": "stopped", "worker": os.environ.get("RQ_WORKER_ID", ""), "pid": os.getpid(), "at": time.time()}
    connection.rpush("fleet:notes:" + job.id, json.dumps(note))
