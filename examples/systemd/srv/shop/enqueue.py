"""Enqueues a job and waits for it: python enqueue.py QUEUE"""

import os
import sys
import time

import jobs
import redis
from rq import Queue

connection = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
job = Queue(sys.argv[1], connection=connection).enqueue(jobs.draw, "a cat")

while not (job.is_finished or job.is_failed):
    time.sleep(0.1)
print("finished" if job.is_finished else "failed", job.return_value())
