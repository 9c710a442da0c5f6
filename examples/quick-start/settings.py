"""Settings of a worker, as RQ's documentation shows them: rq worker -c settings"""

import os

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

# The queues to listen on, the most urgent one first.
QUEUES = ["high", "default", "low"]

# The name the worker is seen under in "rq info"; without it, a random one.
# NAME = "worker-1024"
