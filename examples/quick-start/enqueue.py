"""Enqueues a few jobs with Python's rq package and waits for what becomes of them: python enqueue.py"""

import time

import jobs
import redis
import settings
from rq import Queue

connection = redis.from_url(settings.REDIS_URL)
queue = Queue("default", connection=connection)

enqueued = [
    queue.enqueue(jobs.answer),
    queue.enqueue(jobs.order, "tea", cups=2),
    queue.enqueue(jobs.fetch_page, 7),
    queue.enqueue(jobs.divide, 1, 0),
]

for job in enqueued:
    while not (job.is_finished or job.is_failed):
        time.sleep(0.1)
    print(job.func_name, "finished" if job.is_finished else "failed", job.return_value())
