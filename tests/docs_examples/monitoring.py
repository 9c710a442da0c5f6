"""The page "Monitoring": workers, queues and registries as a program sees them, and as "rq info" shows them."""

import pathlib
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import tasks
from rq import Queue, Worker
from scene import becomes, connection, until

queue, low = Queue(connection=connection), Queue("low", connection=connection)


def info(*options):
    """What "rq info" prints."""
    command = [str(pathlib.Path(sys.executable).parent / "rq"), "info", "--url", sys.argv[1], "--raw", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


# Workers while they wait.
names = until(lambda: (found := {worker.name for worker in Worker.all(connection)}) == {"one", "two"} and found, "both are there")
assert Worker.count(connection=connection) == 2 and Worker.count(queue=low) == 1
assert [worker.name for worker in Worker.all(queue=low)] == ["two"]
one = Worker.find_by_key("rq:worker:one", connection=connection)
assert one.hostname and one.pid and one.queue_names() == ["high", "default"]
until(lambda: one.refresh() or one.get_state() == "idle", "the worker is idle")
assert (one.successful_job_count, one.failed_job_count, one.total_working_time) == (0, 0, 0)
now = datetime.now(timezone.utc)
for moment in (one.birth_date, one.last_heartbeat):
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    assert now - timedelta(minutes=1) < moment <= now + timedelta(seconds=5)
assert one.get_current_job() is None

# A worker at work.
held = queue.enqueue(tasks.hold)
becomes(held, "started")
one = Worker.find_by_key("rq:worker:one", connection=connection)
assert one.get_state() == "busy" and one.get_current_job_id() == held.id and one.get_current_job().id == held.id
assert queue.started_job_registry.get_job_ids() == [held.id] and queue.started_job_registry.count == 1
assert [execution.job_id for execution in one.get_current_executions()] == [held.id]
second, third = queue.enqueue(tasks.words_in, "second"), queue.enqueue(tasks.divide, 1, by=0)
assert len(queue) == 2 and queue.job_ids == [second.id, third.id]
assert {each.name for each in Queue.all(connection=connection)} >= {"default"}
workers = info("--only-workers").splitlines()
assert any(line.startswith("worker one (") and " busy high, default." in line for line in workers), workers
assert "queue default 2, 1 executing, 0 finished, 0 failed" in info("--only-queues")

# What it has done.
connection.rpush("examples:go", "now")
becomes(third, "failed")
until(lambda: one.refresh() or one.successful_job_count == 2 and one.failed_job_count == 1, "three jobs are counted")
until(lambda: one.refresh() or one.get_state() == "idle", "the worker is idle again")
assert one.total_working_time > 0
assert sorted(queue.finished_job_registry.get_job_ids()) == sorted([held.id, second.id])
assert queue.failed_job_registry.get_job_ids() == [third.id] and third.id in queue.failed_job_registry
assert queue.is_empty() and queue.started_job_registry.count == 0
registries = (queue.deferred_job_registry, queue.scheduled_job_registry, queue.canceled_job_registry)
assert [registry.count for registry in registries] == [0, 0, 0]

# And by hand.
assert low.enqueue(tasks.words_in, "third").latest_result(timeout=30).return_value == 1
assert "queue default 0, 0 executing, 2 finished, 1 failed" in info("--only-queues", "default")
assert "default: one (idle)" in info("--by-queue", "default")
workers = sorted(info("--only-workers").splitlines())
assert len(workers) == 2 and workers[0].endswith("jobs: 2 finished, 1 failed"), workers
