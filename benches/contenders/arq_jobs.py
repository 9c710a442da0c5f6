"""Arq: one process with as many coroutines at a time as there are slots.

It looks for jobs when all of those are done, or after `poll_delay`, which is half a second unless it is set: with few slots it would
do nothing but wait.
"""

import os

import marks
from arq import create_pool
from arq.connections import RedisSettings

REDIS = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])


async def nothing(_context, sent, seconds):
    await marks.note_async(sent, seconds)


async def carry(_context, sent, payload):
    return marks.carry(sent, payload)


class WorkerSettings:
    functions = [nothing, carry]
    redis_settings = REDIS
    max_jobs = marks.SLOTS
    poll_delay = 0.01
    keep_result = 3600 if marks.RESULTS else 0


def sender(job):
    pool = None

    async def send(sent, argument):
        nonlocal pool
        pool = pool or await create_pool(REDIS)
        await pool.enqueue_job(job, sent, argument)

    return send
