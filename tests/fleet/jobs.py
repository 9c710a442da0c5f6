"""Jobs of a mixed fleet. Each tells Redis when its function began and when it ended, so that every run can be counted."""

import os
import time

import redis

connection = redis.from_url(os.environ["FLEET_REDIS_URL"])


def _run(seconds=0.0):
    job = os.environ["RQ_JOB_ID"]
    connection.hincrby("fleet:began", job, 1)
    time.sleep(seconds)
    connection.hincrby("fleet:ended", job, 1)


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
