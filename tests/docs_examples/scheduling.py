"""The page "Scheduling Jobs": later, at a time, again and again; the registry of what is scheduled."""

from datetime import datetime, timedelta, timezone

import tasks
from rq import Queue, Repeat, Retry
from rq.registry import ScheduledJobRegistry
from scene import becomes, connection, until

queue = Queue(connection=connection)
registry = ScheduledJobRegistry(queue=queue)
low = Queue("low", connection=connection)


def now():
    return datetime.now(timezone.utc)


# In a while, and at a time.
soon = queue.enqueue_in(timedelta(seconds=1), tasks.words_in, "in a second")
at = low.enqueue_at(now() + timedelta(seconds=1), "tasks.divide", 6, by=3, job_id="at", result_ttl=100)
assert soon.get_status() == at.get_status() == "scheduled"
assert soon in registry and at in low.scheduled_job_registry and len(registry) == 1
assert queue.count == 0
assert soon.latest_result(timeout=30).return_value == 3
assert at.latest_result(timeout=30).return_value == 2
assert soon not in registry and at not in low.scheduled_job_registry
soon.refresh()
assert timedelta(0) <= soon.started_at - soon.created_at and (now() - soon.started_at) < timedelta(seconds=30)
assert soon.enqueued_at - soon.created_at >= timedelta(milliseconds=0)

# What is due only tomorrow can be looked at, moved, and taken back.
tomorrow = queue.enqueue_at(now() + timedelta(days=1), tasks.words_in, "tomorrow")
assert timedelta(hours=23) < registry.get_scheduled_time(tomorrow) - now() <= timedelta(days=1)
assert registry.get_job_ids() == [tomorrow.id]
registry.schedule(tomorrow, now() + timedelta(seconds=1))
assert tomorrow.latest_result(timeout=30).return_value == 1
never = queue.enqueue_in(timedelta(seconds=2), tasks.words_in, "never")
never.cancel()
assert never not in registry and never.get_status() == "canceled"
dropped = queue.enqueue_in(timedelta(seconds=2), tasks.words_in, "dropped")
registry.remove(dropped, delete_job=True)
assert dropped not in registry

# At a time that is past, at the front, and by other features' ways.
past = queue.enqueue_at(now() - timedelta(hours=1), tasks.words_in, "long ago", at_front=True)
assert past.latest_result(timeout=30).return_value == 2
retried = queue.enqueue_in(timedelta(seconds=1), tasks.fails_at_first, 1, retry=Retry(max=1, interval=1))
assert retried.latest_result(timeout=60).return_value == 2
repeated = queue.enqueue(tasks.words_in, "again and again", repeat=Repeat(times=2, interval=[1, 1]))
until(lambda: len(repeated.results()) == 3, "the job has run three times", 60)
becomes(repeated, "finished")
assert never.get_status() == "canceled" and never.latest_result() is None

# The scheduler can be seen.
assert queue.scheduler_pid
