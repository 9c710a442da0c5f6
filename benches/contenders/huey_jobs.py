"""Huey with processes: huey_consumer.py huey_jobs.app -w N -k process"""

import os

import marks
from huey import RedisHuey

app = RedisHuey("bench", url=os.environ["BENCH_REDIS"], results=False)


@app.task()
def nothing(sent, seconds):
    marks.note(sent, seconds)


def sender():
    return lambda sent, seconds: nothing(sent, seconds)
