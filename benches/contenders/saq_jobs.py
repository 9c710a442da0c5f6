"""SAQ with processes: saq saq_jobs.settings --workers N"""

import os

import marks
from saq import Queue

queue = Queue.from_url(os.environ["BENCH_REDIS"])


async def nothing(_context, *, sent, seconds):
    await marks.note_async(sent, seconds)


settings = {"queue": queue, "functions": [nothing], "concurrency": 1}


def sender():
    async def send(sent, seconds):
        await queue.enqueue("nothing", sent=sent, seconds=seconds, ttl=1)

    return send
