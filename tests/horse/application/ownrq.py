"""Classes derived from RQ's, and replacements of its methods; only for interpreters that have rq."""
import functools
import os

from rq import Queue, Worker
from rq.job import Job


class Performing(Worker):
    """Overrides what runs in the horse."""

    def perform_job(self, job, queue, *more):
        return super().perform_job(job, queue, *more)


class Narrow(Worker):
    """Takes only some of the arguments."""

    def __init__(self, queues, connection=None, name=None):
        super().__init__(queues, connection=connection, name=name, prepare_for_work=False)


class Broken(Worker):
    """Cannot be made."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("no such luck")


class Mixed:
    """Overrides from the side."""

    def execute_job(self, job, queue):
        return None


class Executing(Mixed, Worker):
    """Overrides what the daemon does."""


class Ordering(Queue):
    """The same in a queue."""

    @classmethod
    def dequeue_any(cls, *args, **kwargs):
        return super().dequeue_any(*args, **kwargs)


class Elsewhere(Job):
    """Keeps its keys elsewhere."""

    redis_job_namespace_prefix = "mine:job:"


def replace():
    """What an error reporter or a tracing agent does."""
    original = Worker.perform_job

    @functools.wraps(original)
    def traced(self, *args, **kwargs):
        return original(self, *args, **kwargs)

    Worker.perform_job = traced


if os.environ.get("REPLACE_PERFORM_JOB"):
    replace()
