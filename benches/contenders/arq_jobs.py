"""Arq: one process that runs up to ten coroutines at a time: with fewer it waits half a second between two looks."""

import os

import marks
from arq import create_pool
from arq.connections import RedisSettings

REDIS = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])


async def nothing(_context, sent, seconds):
    await marks.note_async(sent, seconds)


class WorkerSettings:
    functions = [nothing]
    redis_settings = REDIS
    keep_result = 0


def sender():
    pool = None

    async def send(sent, seconds):
        nonlocal pool
        pool = pool or await create_pool(REDIS)
        await pool.enqueue_job("nothing", sent, seconds)

    return send
