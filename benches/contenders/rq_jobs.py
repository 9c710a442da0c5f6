"""Python RQ, and rqd: the same clients, the same jobs."""

import os

import marks


def nothing(sent, seconds):
    marks.note(sent, seconds)


def carry(sent, payload):
    return marks.carry(sent, payload)


def sender(job):
    import redis
    from rq import Queue

    queue = Queue(os.environ.get("BENCH_QUEUE", "default"), connection=redis.from_url(os.environ["BENCH_REDIS"]))
    name = job if "." in job else "rq_jobs." + job
    return lambda sent, argument: queue.enqueue(name, sent, argument)
