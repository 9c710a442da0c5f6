"""Celery with its prefork pool: python -m celery -A celery_jobs worker"""

import os

import celery
import marks

app = celery.Celery("celery_jobs", broker=os.environ["BENCH_REDIS"])
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True


@app.task(name="nothing")
def nothing(sent, seconds):
    marks.note(sent, seconds)


def sender():
    return lambda sent, seconds: nothing.delay(sent, seconds)
