"""Enqueues mails and a report, and waits for them: python enqueue.py"""

import os
import time

import redis
from jobs import mail, reports
from rq import Queue

connection = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379/0"))

enqueued = [Queue("reports", connection=connection).enqueue(reports.build, "May")]
enqueued += [Queue("mail", connection=connection).enqueue(mail.send, "%s@example.org" % name) for name in ("ada", "bob", "eve")]

for job in enqueued:
    while not (job.is_finished or job.is_failed):
        time.sleep(0.1)
    print(job.origin, "finished" if job.is_finished else "failed", job.return_value())
