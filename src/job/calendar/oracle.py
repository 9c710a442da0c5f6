"""Reads [zone, start in microseconds, expression, count], one a line, and tells the times that RQ itself would take."""

import json
import os
import sys
import time
from datetime import datetime, timedelta, timezone

from rq.cron import CronJob

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def times(zone, start, expression, count):
    """RQ's own next times, each from the one before."""
    if os.environ.get("TZ") != zone:
        os.environ["TZ"] = zone
        time.tzset()
    job = CronJob.__new__(CronJob)
    job.cron, job.interval = expression, None
    job.latest_enqueue_time = EPOCH + timedelta(microseconds=start)
    found = []
    for _ in range(count):
        job.latest_enqueue_time = job.get_next_enqueue_time()
        found.append((job.latest_enqueue_time - EPOCH) // timedelta(microseconds=1))
    return found


for line in sys.stdin:
    try:
        answer = times(*json.loads(line))
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    print(json.dumps(answer), flush=True)
