"""Taskiq with processes: taskiq worker taskiq_jobs:broker --workers N --max-async-tasks 1"""

import os

import marks
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

broker = ListQueueBroker(url=os.environ["BENCH_REDIS"])
if marks.RESULTS:
    broker = broker.with_result_backend(RedisAsyncResultBackend(redis_url=os.environ["BENCH_REDIS"]))


@broker.task
async def nothing(sent: float, seconds: float) -> None:
    await marks.note_async(sent, seconds)


@broker.task
async def carry(sent: float, payload: str) -> str:
    return marks.carry(sent, payload)


def sender(job):
    task = {"nothing": nothing, "carry": carry}[job]
    started = False

    async def send(sent, argument):
        nonlocal started
        if not started:
            await broker.startup()
            started = True
        await task.kiq(sent, argument)

    return send
