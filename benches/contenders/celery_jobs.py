"""Celery with its prefork pool: python -m celery -A celery_jobs worker"""

import os

import celery
import marks

app = celery.Celery("celery_jobs", broker=os.environ["BENCH_REDIS"], backend=os.environ["BENCH_REDIS"] if marks.RESULTS else None)
app.conf.task_ignore_result = not marks.RESULTS
app.conf.broker_connection_retry_on_startup = True


@app.task(name="nothing")
def nothing(sent, seconds):
    marks.note(sent, seconds)


@app.task(name="carry")
def carry(sent, payload):
    return marks.carry(sent, payload)


def sender(job):
    task = {"nothing": nothing, "carry": carry}[job]
    return lambda sent, argument: task.delay(sent, argument)
