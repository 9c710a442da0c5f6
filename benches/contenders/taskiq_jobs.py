"""Taskiq with processes: taskiq worker taskiq_jobs:broker --workers N --max-async-tasks 1"""

import os

import marks
from taskiq_redis import ListQueueBroker

broker = ListQueueBroker(url=os.environ["BENCH_REDIS"])


@broker.task
async def nothing(sent: float, seconds: float) -> None:
    await marks.note_async(sent, seconds)


def sender():
    started = False

    async def send(sent, seconds):
        nonlocal started
        if not started:
            await broker.startup()
            started = True
        await nothing.kiq(sent, seconds)

    return send
