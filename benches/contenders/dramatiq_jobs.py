"""Dramatiq with a process for each job at a time: dramatiq dramatiq_jobs --processes N --threads 1"""

import os

import dramatiq
import marks
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))


@dramatiq.actor
def nothing(sent, seconds):
    marks.note(sent, seconds)


def sender():
    return lambda sent, seconds: nothing.send(sent, seconds)
