"""Tells which part of the jobs that have run came from which queue: python shares.py"""

import collections
import os

import jobs
import redis

connection = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))
trace = [name.decode() for name in connection.lrange(jobs.TRACE, 0, -1)]

for name, count in collections.Counter(trace).most_common():
    print("%-8s %3d of %d jobs, %2.0f %%" % (name, count, len(trace), 100 * count / len(trace)))
