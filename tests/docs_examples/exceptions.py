"""The page "Exceptions": failed jobs and what can be done about them, retries of both kinds, handlers."""

import tasks
from rq import Queue, Retry
from rq.job import Job, requeue_job
from rq.registry import FailedJobRegistry
from rq.results import Result
from scene import becomes, connection, reported, until

queue = Queue(connection=connection)
failed = FailedJobRegistry(queue=queue)


def told():
    """What the handlers of the worker say about one exception, each in its turn, up to the one that ends the chain."""
    return [reported(), reported()]


# A failed job is kept, with its traceback, and can be requeued or dropped.
job = queue.enqueue(tasks.divide, 1, by=0, failure_ttl=600)
becomes(job, "failed")
assert told() == ["noted ZeroDivisionError", "last ZeroDivisionError"]
assert job.is_failed and "ZeroDivisionError" in job.exc_info and "tasks.py" in job.exc_info
assert job.latest_result().type == Result.Type.FAILED
assert "ZeroDivisionError" in job.latest_result().exc_string
assert job.id in failed and len(failed) == 1 and failed.get_job_ids() == [job.id]
assert 500 < connection.ttl(job.key) <= 600

for requeue in (lambda: failed.requeue(job.id), lambda: requeue_job(job.id, connection), job.requeue):
    runs = len(job.results())
    requeue()
    until(lambda: len(job.results()) == runs + 1, "the job has failed again")
    assert told()[1] == "last ZeroDivisionError"
failed.remove(job, delete_job=True)
assert job.id not in failed and not Job.exists(job.id, connection=connection)

# Retries after an exception: at once, and each after its own time.
retried = queue.enqueue(tasks.fails_at_first, 2, retry=Retry(max=3))
assert retried.latest_result(timeout=30).return_value == 3
assert retried.retries_left == 3 and retried.get_status() == "finished"
retried.refresh()
assert retried.retries_left == 1
assert [told() for _ in range(2)] == [["noted RuntimeError", "last RuntimeError"]] * 2
spaced = queue.enqueue(tasks.fails_at_first, 2, retry=Retry(max=2, interval=[1, 2]))
assert told() == ["noted RuntimeError", "last RuntimeError"]
becomes(spaced, "scheduled")
assert spaced.id in queue.scheduled_job_registry
assert spaced.latest_result(timeout=30).return_value == 3
assert told() == ["noted RuntimeError", "last RuntimeError"]
hopeless = queue.enqueue(tasks.divide, 1, by=0, retry=Retry(max=1))
becomes(hopeless, "failed")
assert [told() for _ in range(2)] == [["noted ZeroDivisionError", "last ZeroDivisionError"]] * 2

# Retries that a job asks for.
asking = queue.enqueue(tasks.not_ready_yet, 2)
until(lambda: asking.get_status() == "finished", "the job is ready")
assert [result.type for result in asking.results()] == [
    Result.Type.SUCCESSFUL, Result.Type.RETRIED, Result.Type.RETRIED,
]
assert asking.return_value() == "ready"
refused = queue.enqueue(tasks.never_ready)
becomes(refused, "failed")
assert refused.latest_result().type == Result.Type.MAX_RETRIES_EXCEEDED

# A job that takes too long.
late = queue.enqueue(tasks.endless, job_timeout=1)
becomes(late, "failed")
assert told() == ["noted JobTimeoutException", "last JobTimeoutException"]
assert "JobTimeoutException" in late.latest_result().exc_string
