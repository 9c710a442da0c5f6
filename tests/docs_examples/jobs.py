"""The page "Jobs": making, finding, inspecting, canceling, stopping and deleting them, and what they see of themselves."""

from datetime import datetime, timezone

import tasks
from rq import Callback, Queue, Repeat, Retry
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.group import Group
from rq.job import Dependency, Job, JobStatus, cancel_job, get_current_job
from scene import becomes, connection, reported, until

queue = Queue(connection=connection)
high, low = Queue("high", connection=connection), Queue("low", connection=connection)


def result_of(job):
    latest = job.latest_result(timeout=30)
    assert latest, "job %s has no result" % job.id
    return latest.return_value


# Enqueued by function, by name, with everything that can be said about a job.
assert result_of(queue.enqueue(tasks.words_in, "to be or not to be")) == 6
assert result_of(queue.enqueue("tasks.divide", 8, by=2)) == 4
job = queue.enqueue(
    tasks.words_in,
    args=("a b c",),
    job_id="counted",
    description="counts",
    job_timeout="2m",
    result_ttl=600,
    ttl=300,
    failure_ttl=900,
    meta={"customer": 7},
    retry=Retry(max=2),
    on_success=Callback(tasks.on_success, timeout=5),
    on_failure=Callback("tasks.on_failure"),
)
assert result_of(job) == 3
assert reported() == "success 3"
assert (job.timeout, job.result_ttl, job.ttl, job.failure_ttl) == (120, 600, 300, 900)

# Made first, enqueued later.
made = Job.create(tasks.divide, args=(1,), kwargs={"by": 4}, id="made", connection=connection)
assert result_of(low.enqueue_job(made)) == 0.25

# Found again, and looked at.
found = Job.fetch("counted", connection=connection)
assert found.is_finished and found.get_status() == JobStatus.FINISHED
assert (found.origin, found.description, found.func_name) == ("default", "counts", "tasks.words_in")
assert (found.args, found.kwargs, found.meta) == (("a b c",), {}, {"customer": 7})
assert found.return_value() == 3 and found.exc_info is None
now = datetime.now(timezone.utc)
assert found.created_at <= found.enqueued_at <= found.started_at <= found.ended_at <= now
assert found.worker_name == "examples" and found.last_heartbeat
both = Job.fetch_many(["made", "gone"], connection=connection)
assert both[0].id == "made" and both[1] is None
assert Job.exists("made", connection=connection) and not Job.exists("gone", connection=connection)

# A job sees itself.
seen = queue.enqueue(tasks.progress)
assert result_of(seen) == seen.id
assert seen.get_meta(refresh=True) == {"handled_by": "examples", "seen_status": "started"}
assert get_current_job() is None

# What waits has a position, can go to the front, and can be canceled and requeued.
held = queue.enqueue(tasks.hold)
becomes(held, "started")
first, second = queue.enqueue(tasks.words_in, "first"), queue.enqueue(tasks.words_in, "second")
urgent = queue.enqueue(tasks.words_in, "urgent now", at_front=True)
assert [queue.get_job_position(job) for job in (urgent, first, second)] == [0, 1, 2]
assert queue.job_ids == [urgent.id, first.id, second.id] and queue.count == 3
first.cancel()
cancel_job(second.id, connection=connection)
assert first.get_status() == "canceled" and first.id in queue.canceled_job_registry
try:
    first.cancel()
    raise AssertionError("canceled twice")
except InvalidJobOperation:
    pass
connection.rpush("examples:go", "now")
assert result_of(held) == "let go" and result_of(urgent) == 2
assert queue.canceled_job_registry.requeue(first.id).id == first.id
assert result_of(first) == 1

# A running job can be stopped.
endless = queue.enqueue(tasks.endless, on_stopped=Callback(tasks.on_stopped), job_id="endless")
becomes(endless, "started")
send_stop_job_command(connection, "endless")
assert reported() == "stopped endless"
becomes(endless, "stopped")
assert endless.id in queue.failed_job_registry

# Jobs that wait for jobs, on any queue. The worker is kept busy until they do: a client leaves a key that never expires
# when a parent ends before it is depended on beside another one.
held = queue.enqueue(tasks.hold)
becomes(held, "started")
parents = [high.enqueue(tasks.words_in, "one"), low.enqueue(tasks.divide, 1, by=0)]
strict = queue.enqueue(tasks.words_in, "never", depends_on=parents)
lax = queue.enqueue(tasks.words_in, "all the same", depends_on=Dependency(parents, allow_failure=True))
connection.rpush("examples:go", "now")
assert result_of(lax) == 3
assert strict.get_status() == "deferred" and strict.id in queue.deferred_job_registry
assert sorted(strict.dependency_ids) == sorted(parent.id for parent in parents)
held = queue.enqueue(tasks.hold)
freed = low.enqueue(tasks.words_in, "set free", depends_on=held)
waits = high.enqueue(tasks.hold, depends_on=held)
connection.rpush("examples:go", "now", "now")
assert result_of(freed) == 2 and result_of(waits) == "let go"

# Jobs that repeat, jobs that are unique, jobs that belong together.
repeated = queue.enqueue(tasks.words_in, "again", repeat=Repeat(times=2))
until(lambda: len(repeated.results()) == 3, "the job has run three times")
group = Group.create(connection)
group.enqueue_many(queue, [Queue.prepare_data("tasks.words_in", ("x " * n,)) for n in (1, 2, 3)])
until(lambda: all(job.is_finished for job in group.get_jobs()), "the group is done")
assert sorted(job.return_value() for job in group.get_jobs()) == [1, 2, 3]

# Results may be kept for ever, or not at all.
eternal = queue.enqueue(tasks.words_in, "kept", result_ttl=-1)
assert result_of(eternal) == 1 and connection.ttl(eternal.key) == -1
fleeting = queue.enqueue(tasks.words_in, "dropped", result_ttl=0)
until(lambda: not Job.exists(fleeting.id, connection=connection), "the job is gone")
eternal.delete()
try:
    Job.fetch(eternal.id, connection=connection)
    raise AssertionError("a deleted job is found")
except NoSuchJobError:
    pass
