"""SAQ with processes: saq saq_jobs.settings --workers N"""

import os

import marks
from saq import Queue

queue = Queue.from_url(os.environ["BENCH_REDIS"])


async def nothing(_context, *, sent, seconds):
    await marks.note_async(sent, seconds)


async def carry(_context, *, sent, seconds):
    return marks.carry(sent, seconds)


settings = {"queue": queue, "functions": [nothing, carry], "concurrency": 1}


def sender(job):
    async def send(sent, argument):
        # Results live as long as `ttl` says; one second is the least.
        await queue.enqueue(job, sent=sent, seconds=argument, ttl=600 if marks.RESULTS else 1)

    return send
