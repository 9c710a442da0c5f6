"""The kinds of jobs that the fleet is given, and what each asks for when nobody disturbs it."""

import collections
from datetime import timedelta

from rq import Callback, Queue, Repeat, Retry
from rq.job import Dependency
from rq.rate_limit import RateLimit

KEEP = {"result_ttl": -1, "failure_ttl": -1}
AT_ONCE = 2
RETURNED, RETRIES_EXCEEDED = 1, 5

# How a job is to end, after how many runs, and what is to stand in its failure, or which type its last result is to have.
Asked = collections.namedtuple("Asked", "status runs text type", defaults=(1, "", None))

ASKED = {
    "returns": Asked("finished"),
    "works": Asked("finished"),
    "raises": Asked("failed", text="on purpose"),
    "retries": Asked("failed", 3, "on purpose"),
    "asks": Asked("failed", 3, type=RETRIES_EXCEEDED),
    "segfaults": Asked("failed", text="signal 11"),
    "overruns": Asked("failed", text="JobTimeoutException"),
    "later": Asked("finished"),
    "repeats": Asked("finished", 3),
    "depends": Asked("finished"),
    "limited": Asked("finished"),
    "calls": Asked("finished"),
    "complains": Asked("failed", text="on purpose"),
    "stops": Asked("stopped"),
    "cancels": Asked("canceled", 0),
    "vanishes": Asked(None),
}


def enqueue(connection, queues, dice):
    """Enqueues a job of a kind that chance picks; returns pairs of kind and id, and the job's parent for a dependent."""
    queue = Queue(dice.choice(queues), connection=connection)
    kind = dice.choice(sorted(ASKED))
    if kind == "depends":
        parent = queue.enqueue("jobs.works", 0.05, **KEEP)
        other = Queue(dice.choice(queues), connection=connection)
        child = other.enqueue("jobs.returns", 7, depends_on=Dependency([parent], allow_failure=True), **KEEP)
        return [("works", parent.id, None), (kind, child.id, parent.id)]
    return [(kind, one(queue, kind, dice).id, None)]


def one(queue, kind, dice):
    if kind in ("works", "cancels"):
        return queue.enqueue("jobs.works", dice.uniform(0.0, 0.3), **KEEP)
    if kind == "raises":
        return queue.enqueue("jobs.raises", **KEEP)
    if kind == "retries":
        return queue.enqueue("jobs.raises", retry=Retry(max=2, interval=[0, 1]), **KEEP)
    if kind == "asks":
        return queue.enqueue("jobs.asks", 2, **KEEP)
    if kind == "segfaults":
        return queue.enqueue("jobs.segfaults", **KEEP)
    if kind == "overruns":
        return queue.enqueue("jobs.endless", job_timeout=1, **KEEP)
    if kind == "later":
        return queue.enqueue_in(timedelta(seconds=2), "jobs.returns", 7, **KEEP)
    if kind == "repeats":
        return queue.enqueue("jobs.returns", 7, repeat=Repeat(times=2), **KEEP)
    if kind == "limited":
        return queue.enqueue("jobs.works", 0.05, rate_limit=RateLimit("few", AT_ONCE), **KEEP)
    if kind == "calls":
        return queue.enqueue("jobs.returns", 7, on_success=Callback("jobs.on_success"), **KEEP)
    if kind == "complains":
        return queue.enqueue("jobs.raises", on_failure=Callback("jobs.on_failure"), **KEEP)
    if kind == "stops":
        return queue.enqueue("jobs.endless", job_timeout=20, on_stopped=Callback("jobs.on_stopped"), **KEEP)
    if kind == "vanishes":
        return queue.enqueue("jobs.returns", 7, result_ttl=0, failure_ttl=-1)
    return queue.enqueue("jobs.returns", 7, **KEEP)
