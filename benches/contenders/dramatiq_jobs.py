"""Dramatiq with a process for each job at a time: dramatiq dramatiq_jobs --processes N --threads 1"""

import os

import dramatiq
import marks
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

broker = RedisBroker(url=os.environ["BENCH_REDIS"])
if marks.RESULTS:
    broker.add_middleware(Results(backend=RedisBackend(url=os.environ["BENCH_REDIS"])))
dramatiq.set_broker(broker)


@dramatiq.actor
def nothing(sent, seconds):
    marks.note(sent, seconds)


@dramatiq.actor(**({"store_results": True} if marks.RESULTS else {}))
def carry(sent, payload):
    result = marks.carry(sent, payload)
    return result if marks.RESULTS else None


def sender(job):
    actor = {"nothing": nothing, "carry": carry}[job]
    return lambda sent, argument: actor.send(sent, argument)
