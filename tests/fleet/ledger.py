"""What Redis tells of each job when the fleet is quiet: where it stands, who ran it and how often, and how each run ended."""

import collections
import json
import re
from datetime import datetime

from rq.job import Job

from crew import kind_of

REGISTRIES = ("wip", "finished", "failed", "deferred", "ready", "scheduled", "canceled")
WAITING = {"queue", "intermediate", "wip", "ready", "scheduled", "rate_limited"}

Run = collections.namedtuple("Run", "worker pid at execution ended", defaults=(False,))
Result = collections.namedtuple("Result", "type worker at text")


class History:
    """One job's."""

    def __init__(self, connection, kind, job_id, places):
        self.kind, self.id, self.places = kind, job_id, places
        status, made, queued = connection.hmget("rq:job:" + job_id, "status", "created_at", "enqueued_at")
        self.status = status and status.decode()
        self.made = moment(made)
        self.waits_since = moment(queued) or self.made
        notes = [json.loads(note) for note in connection.lrange("fleet:notes:" + job_id, 0, -1)]
        ended = {note["pid"] for note in notes if note["what"] == "ended"}
        self.runs = [
            Run(note["worker"], note["pid"], note["at"], note["execution"], note["pid"] in ended)
            for note in notes if note["what"] == "began"
        ]
        self.told = collections.Counter(note["what"] for note in notes)
        self.results = results_of(connection, job_id) if self.status else []

    @property
    def last(self):
        """The latest result, or none."""
        return self.results[0] if self.results else None

    @property
    def workers(self):
        """The names of all workers that are known to have had it in hand."""
        return {run.worker for run in self.runs} | {result.worker for result in self.results if result.worker}

    @property
    def whose(self):
        """Whose workers had it in hand."""
        return " and ".join(sorted({kind_of(worker) for worker in self.workers})) or "nobody"


def moment(text):
    """Seconds of RQ's text form of a time; none when there is none."""
    return datetime.fromisoformat(text.decode().replace("Z", "+00:00")).timestamp() if text else None


def results_of(connection, job_id):
    """The results, the latest first."""
    job = Job.fetch(job_id, connection=connection)
    return [
        Result(result.type.value, worker_of(result), result.created_at.timestamp(), result.exc_string or "")
        for result in job.results()
    ]


def worker_of(result):
    """Whose the run was: what a cleaner wrote names it only in its text."""
    named = re.search(r"of worker (\S+)", result.exc_string or "")
    return result.worker_name or (named.group(1) if named else "")


def places(connection, queues):
    """Where each job's id stands."""
    found = collections.defaultdict(list)
    for queue in queues:
        for key, name in (("queue:%s", "queue"), ("queue:%s:intermediate", "intermediate")):
            for member in connection.lrange("rq:" + key % queue, 0, -1):
                found[member.decode()].append(name)
        for registry in REGISTRIES:
            for member in connection.zrange("rq:%s:%s" % (registry, queue), 0, -1):
                found[member.decode().split(":")[0]].append(registry)
    for key in connection.smembers("rq:rl-keys"):
        for member in connection.zrange("rq:rl:%s:rate_limited" % key.decode(), 0, -1):
            found[member.decode()].append("rate_limited")
    return found


def is_quiet(connection, queues):
    return not any(WAITING & set(names) for names in places(connection, queues).values())


def most_at_once(connection, histories):
    """How many jobs of limited concurrency ran at the same time, among those that ended."""
    steps = []
    for history in histories:
        if history.kind == "limited":
            for note in map(json.loads, connection.lrange("fleet:notes:" + history.id, 0, -1)):
                steps.append((note["at"], 1 if note["what"] == "began" else -1, history.id, note["pid"]))
    ended = {(job_id, pid) for _, step, job_id, pid in steps if step < 0}
    running = most = 0
    for _, step, job_id, pid in sorted(steps):
        if (job_id, pid) in ended:
            running += step
            most = max(most, running)
    return most
