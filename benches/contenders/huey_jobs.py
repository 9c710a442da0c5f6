"""Huey with processes: huey_consumer.py huey_jobs.app -w N -k process"""

import os

import marks
from huey import RedisHuey

app = RedisHuey("bench", url=os.environ["BENCH_REDIS"], results=marks.RESULTS)


@app.task()
def nothing(sent, seconds):
    marks.note(sent, seconds)


@app.task()
def carry(sent, payload):
    return marks.carry(sent, payload)


def sender(job):
    task = {"nothing": nothing, "carry": carry}[job]
    return lambda sent, argument: task(sent, argument)
