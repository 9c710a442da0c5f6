"""Fills three queues, so that none is empty before the others: python enqueue.py"""

import os

import jobs
import redis
from rq import Queue

connection = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))

for name in ("low", "default", "high"):
    queue = Queue(name, connection=connection)
    queue.enqueue_many([Queue.prepare_data(jobs.leave_trace) for _ in range(200)])
    print(name, queue.count)
