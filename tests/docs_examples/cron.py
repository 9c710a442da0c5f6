"""The page "Cron": what a scheduler with cron_config.py enqueues, and what can be seen of it."""

from rq import Queue
from rq.cron import CronScheduler
from rq.job import Job
from scene import connection, until

queue, low = Queue(connection=connection), Queue("low", connection=connection)


def finished(queue, function):
    """The jobs of a function that have run."""
    jobs = Job.fetch_many(queue.finished_job_registry.get_job_ids(cleanup=False), connection=connection)
    return [job for job in jobs if job and job.func_name == function]


until(lambda: len(finished(queue, "tasks.words_in")) >= 3, "the first has run three times")
until(lambda: len(finished(low, "tasks.divide")) >= 2, "the second has run twice")
for job in finished(queue, "tasks.words_in"):
    assert job.return_value() == 2 and job.args == ("every second",)
for job in finished(low, "tasks.divide"):
    assert job.return_value() == 3 and job.meta == {"by": "cron"} and job.result_ttl == 300
assert finished(low, "tasks.words_in") == []
runs = sorted(job.enqueued_at for job in finished(queue, "tasks.words_in"))
assert all((later - earlier).total_seconds() > 0.5 for earlier, later in zip(runs, runs[1:]))

# The scheduler can be seen, with its entries and when each is due.
(scheduler,) = CronScheduler.all(connection)
assert CronScheduler.fetch(scheduler.name, connection).name == scheduler.name
assert scheduler.hostname and scheduler.pid and scheduler.created_at and scheduler.last_heartbeat
assert len(scheduler.get_jobs()) == 3
yearly = [entry for entry in scheduler.get_jobs() if entry.cron]
assert len(yearly) == 1 and (yearly[0].next_enqueue_time.month, yearly[0].next_enqueue_time.day) == (1, 1)
