"""The configuration of the page "Cron": what is enqueued how often."""

import tasks
from rq import cron

cron.register(tasks.words_in, queue_name="default", args=("every second",), interval=1)
cron.register(tasks.divide, queue_name="low", args=(9,), kwargs={"by": 3}, interval=2, result_ttl=300, meta={"by": "cron"})
cron.register(tasks.words_in, queue_name="low", args=("each new year",), cron="0 0 1 1 *", job_timeout=60)
