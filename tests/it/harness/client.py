"""A long-lived RQ client that runs the snippets a test sends, one JSON object a line, and answers each with one line.

Importing rq costs a quarter of a second; a test pays it once.
"""

import enum
import json
import os
import sys
import textwrap
import traceback
from datetime import date, datetime, timedelta, timezone  # noqa: F401 (for the snippets)

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
sys.path.append(os.getcwd())

from redis import Redis  # noqa: E402

import rq  # noqa: E402, F401
from rq import Queue, Retry, Worker  # noqa: E402, F401
from rq.command import send_kill_horse_command, send_shutdown_command, send_stop_job_command  # noqa: E402, F401
from rq.job import Callback, Dependency, Job  # noqa: E402, F401
from rq.registry import (  # noqa: E402, F401
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.results import Result  # noqa: E402, F401
from rq.serializers import JSONSerializer  # noqa: E402, F401
from rq.suspension import resume, suspend  # noqa: E402, F401
from rq.utils import import_attribute  # noqa: E402

try:
    from rq import Repeat  # noqa: F401 (since 2.3)
except ImportError:
    pass

conn = Redis.from_url(os.environ["RQ_TEST_REDIS_URL"])
q = Queue(connection=conn)


def queue(name, **options):
    """Another queue on the same connection."""
    return Queue(name, connection=conn, **options)


def fetch(job_id, **options):
    """The job as a client sees it."""
    return Job.fetch(job_id, connection=conn, **options)


def view(job_id):
    """What a client reads of a job and of its latest result."""
    job = fetch(job_id)
    latest = job.latest_result()
    return {
        "status": job.get_status(),
        "result": job.return_value(),
        "exc_info": job.exc_info,
        "meta": job.get_meta(),
        "worker_name": job.worker_name,
        "origin": job.origin,
        "latest": latest and {"type": latest.type.name, "exc_string": latest.exc_string},
    }


def registries(name="default"):
    """The ids in each registry of a queue, without the cleaning that counting would do."""
    kinds = {
        "started": StartedJobRegistry,
        "finished": FinishedJobRegistry,
        "failed": FailedJobRegistry,
        "deferred": DeferredJobRegistry,
        "scheduled": ScheduledJobRegistry,
        "canceled": CanceledJobRegistry,
    }
    return {kind: members(registry(name, connection=conn)) for kind, registry in kinds.items()}


def members(registry):
    """The job ids in a sorted set; RQ 2 and later add the execution's id in the started registry."""
    return [member.decode().split(":")[0] for member in conn.zrange(registry.key, 0, -1)]


def traceback_of(name, *args):
    """The traceback of a job's function when called right here."""
    try:
        import_attribute(name)(*args)
    except BaseException:
        return traceback.format_exc()


def plain(value):
    """The nearest thing that JSON can hold."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, enum.Enum):
        return value.value
    return repr(value)


def answer(request, scope):
    """Runs one snippet."""
    code = textwrap.dedent(request["code"]).strip()
    try:
        if request["mode"] == "eval":
            value = eval(code, scope)  # noqa: S307
        else:
            exec(code, scope)  # noqa: S102
            value = None
        return json.dumps({"value": value}, default=plain)
    except BaseException:
        return json.dumps({"error": traceback.format_exc()})


def main():
    """Serves until the test goes away."""
    scope = dict(globals())
    for line in sys.stdin:
        answers.write(answer(json.loads(line), scope) + "\n")
        answers.flush()


main()
