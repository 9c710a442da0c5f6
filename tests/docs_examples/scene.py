"""What every example stands on: a connection, and the only place that lets time pass."""

import os
import time

from redis import Redis

connection = Redis.from_url(os.environ["EXAMPLES_REDIS_URL"])


def until(condition, what, seconds=30.0):
    """Waits for a true value and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("waited in vain until " + what)


def becomes(job, status):
    """Waits until a job has this status."""
    until(lambda: job.get_status(refresh=True) == status, "job %s is %s" % (job.id, status))


def reported():
    """The next thing that a callback or handler told."""
    told = connection.blpop(["examples:reports"], timeout=30)
    assert told, "nothing was reported"
    return told[1].decode()
