"""Enqueues a job as JSON, waits for it, and shows what Redis held of it: python enqueue.py"""

import os
import time
import zlib

import jobs
import redis
from rq import Queue
from rq.serializers import JSONSerializer

connection = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
queue = Queue("default", connection=connection, serializer=JSONSerializer)

job = queue.enqueue(jobs.total, {"customer": "Ada", "lines": [{"price": 4, "count": 3}, {"price": 30, "count": 1}]})
print("in Redis:", zlib.decompress(connection.hget(job.key, "data")).decode())

while not (job.is_finished or job.is_failed):
    time.sleep(0.1)
print("finished" if job.is_finished else "failed", job.return_value())
