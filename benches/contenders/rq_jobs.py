"""Python RQ, and rqd: the same clients, the same jobs."""

import os

import marks


def nothing(sent, seconds):
    marks.note(sent, seconds)


def sender():
    import redis
    from rq import Queue

    queue = Queue("default", connection=redis.from_url(os.environ["BENCH_REDIS"]))
    return lambda sent, seconds: queue.enqueue("rq_jobs.nothing", sent, seconds)
