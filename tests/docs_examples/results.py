"""The page "Results": what came of each run of a job, how to wait for it, and how long it is kept."""

from datetime import datetime, timezone

import tasks
from rq import Queue, Repeat
from rq.results import Result
from scene import becomes, connection, until

queue = Queue(connection=connection)

# The latest result, waited for.
job = queue.enqueue(tasks.words_in, "three small words")
result = job.latest_result(timeout=30)
assert result.type == Result.Type.SUCCESSFUL and result.return_value == 3 and result.exc_string is None
assert result.job_id == job.id and result.id
assert abs((datetime.now(timezone.utc) - result.created_at).total_seconds()) < 60
assert job.return_value() == 3 and job.return_value(refresh=True) == 3
assert result.worker_name == "examples"

# One that does not come in time, and none at all.
held = queue.enqueue(tasks.hold)
assert held.latest_result() is None and held.return_value() is None
assert held.latest_result(timeout=1) is None
connection.rpush("examples:go", "now")
assert held.latest_result(timeout=30).return_value == "let go"

# A failure is a result too.
failing = queue.enqueue(tasks.divide, 1, by=0)
result = failing.latest_result(timeout=30)
assert result.type == Result.Type.FAILED and result.return_value is None
assert result.exc_string.strip().endswith("ZeroDivisionError: division by zero")
assert failing.return_value() is None

# Several runs of one job leave several results, the latest first; ten are kept.
becomes(failing, "failed")
failing.requeue()
until(lambda: len(failing.results()) == 2, "the second run is over")
newest, oldest = failing.results()
assert newest.created_at >= oldest.created_at and newest.id != oldest.id
many = queue.enqueue(tasks.words_in, "again", repeat=Repeat(times=12))
until(lambda: many.get_status() == "finished" and many.repeats_left == 0 or many.refresh(), "all runs are over")
assert 10 <= Result.count(many) <= 13
assert all(result.return_value == 1 for result in many.results())

# How long they are kept.
brief = queue.enqueue(tasks.words_in, "brief", result_ttl=1)
assert brief.latest_result(timeout=30).return_value == 1
until(lambda: not connection.exists(brief.key, Result.get_key(brief.id)), "the result is gone")
kept = queue.enqueue(tasks.words_in, "kept", result_ttl=700)
kept.latest_result(timeout=30)
assert 600 < connection.ttl(kept.key) <= 700 and 600 < connection.ttl(Result.get_key(kept.id)) <= 700
assert 400 < connection.ttl(job.key) <= 500

# Nothing, and anything that can be pickled.
for value in (None, "", 0, [1, {"two": (3,)}], datetime(2026, 1, 2)):
    echoed = queue.enqueue("builtins.getattr", {"x": value}, "nothing", value)
    assert echoed.latest_result(timeout=30).return_value == value
