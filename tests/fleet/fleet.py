#!/usr/bin/env python3
"""A mixed fleet: two workers of Python RQ and two of ours on the same queues, jobs of all kinds, and random kill -9.

"make fleet" runs it; "--theirs 0" leaves Python's workers out, and then no job may be lost at all. At the end each job must be
in exactly one place, and what is not as the job asked for must follow from a rule that docs/compatibility.md or RQ's own known
races name. Prints the table; exit 1 when a job is unaccounted for.
"""

import argparse
import collections
import os
import pathlib
import random
import shlex
import shutil
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))

from rq import Queue, Repeat, Retry  # noqa: E402
from rq.job import Dependency, Job  # noqa: E402
from stage import OURS, ROOT, THEIRS, Stage, end_on_signals, wait_until  # noqa: E402

QUEUES = ("one", "two")
REGISTRIES = ("wip", "finished", "failed", "deferred", "scheduled", "canceled")
INTERRUPTED = ("Work-horse terminated", "AbandonedJobError", "stuck in intermediate", "interrupted", "Interrupted")


class Fleet:
    """The workers, each started again as soon as it is gone."""

    def __init__(self, stage, options):
        self.stage, self.dice = stage, random.Random(options.seed)
        quick = ["--maintenance-interval", "5", "--job-monitoring-interval", "5", "--with-scheduler", *QUEUES]
        self.commands = {}
        for kind, program, count in (("python", THEIRS, options.theirs), ("ours", OURS, options.ours)):
            for number in range(1, count + 1):
                name = "%s-%d" % (kind, number)
                self.commands[name] = [*shlex.split(program), "--url", stage.url, "--name", name, *quick]
        self.workers, self.starts, self.kills = {}, collections.Counter(), collections.Counter()

    def keep_up(self):
        for name, command in self.commands.items():
            if name not in self.workers or self.workers[name].poll() is not None:
                # A killed Python worker's name stays taken until its key expires, so each start has its own.
                self.starts[name] += 1
                named = [part if part != name else "%s-%d" % (name, self.starts[name]) for part in command]
                log = open(self.stage.folder / ("%s.log" % name), "ab")
                self.workers[name] = self.stage.start(named, stdout=log, stderr=log)

    def kill_one(self):
        """Kills a worker, or a process under it: a horse, a scheduler, a fork server."""
        name = self.dice.choice(list(self.workers))
        family = [self.workers[name].pid]
        for pid in family:
            family += children(pid)
        pid = self.dice.choice(family)
        try:
            os.kill(pid, signal.SIGKILL)
            self.kills["%s, %s" % (name[:-2], "daemon or worker" if pid == family[0] else "a process under it")] += 1
        except ProcessLookupError:
            pass

    def stop(self):
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            self.stage.stop(worker, 60)


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as listed:
            return [int(child) for child in listed.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def kinds(stage, dice):
    """Enqueues one job of a kind that chance picks, and returns the kind."""
    queue = Queue(dice.choice(QUEUES), connection=stage.connection)
    kind = dice.choice(("returns", "works", "raises", "retries", "segfaults", "later", "repeats", "depends", "vanishes"))
    keep = {"result_ttl": -1, "failure_ttl": -1}
    if kind == "returns":
        job = queue.enqueue("jobs.returns", 7, **keep)
    elif kind == "works":
        job = queue.enqueue("jobs.works", dice.uniform(0.0, 0.3), **keep)
    elif kind == "raises":
        job = queue.enqueue("jobs.raises", **keep)
    elif kind == "retries":
        job = queue.enqueue("jobs.raises", retry=Retry(max=2, interval=[0, 1]), **keep)
    elif kind == "segfaults":
        job = queue.enqueue("jobs.segfaults", **keep)
    elif kind == "later":
        from datetime import timedelta

        job = queue.enqueue_in(timedelta(seconds=2), "jobs.returns", 7, **keep)
    elif kind == "repeats":
        job = queue.enqueue("jobs.returns", 7, repeat=Repeat(times=2), **keep)
    elif kind == "depends":
        parent = queue.enqueue("jobs.works", 0.05, **keep)
        job = queue.enqueue("jobs.returns", 7, depends_on=Dependency([parent], allow_failure=True), **keep)
        return [("works", parent.id), (kind, job.id)]
    else:
        job = queue.enqueue("jobs.returns", 7, result_ttl=0, failure_ttl=-1)
    return [(kind, job.id)]


def places(connection):
    """Where each job's id stands."""
    found = collections.defaultdict(list)
    for queue in QUEUES:
        for name in ("queue:%s" % queue, "queue:%s:intermediate" % queue):
            for member in connection.lrange("rq:" + name, 0, -1):
                found[member.decode()].append(name.split(":")[0] if "inter" not in name else "intermediate")
        for registry in REGISTRIES:
            for member in connection.zrange("rq:%s:%s" % (registry, queue), 0, -1):
                found[member.decode().split(":")[0]].append(registry)
    return found


def is_quiet(connection):
    waiting = {"queue", "intermediate", "wip", "scheduled"}
    return not any(waiting & set(names) for names in places(connection).values())


def account(stage, enqueued, theirs):
    """What became of each job: (kind, fate, whether it is accounted for). RQ's own races need a worker of RQ."""
    connection, found = stage.connection, places(stage.connection)
    began = {key.decode(): int(value) for key, value in connection.hgetall("fleet:began").items()}
    rows = collections.Counter()
    for kind, job_id in enqueued:
        told, good = fate(connection, kind, job_id, found.get(job_id, []), began.get(job_id, 0))
        rows[(kind, told, good and (theirs > 0 or "(R-" not in told))] += 1
    return rows


def fate(connection, kind, job_id, names, runs):
    status = connection.hget("rq:job:" + job_id, "status")
    if status is None:
        return ("gone, as its result is not kept", True) if kind == "vanishes" and runs else ("GONE", False)
    status = status.decode()
    if len(names) > 1:
        # RQ: a Python worker or cleaner that was killed half-way leaves two entries.
        return "%s, listed in %s (R-5, R-15, R-16)" % (status, " and ".join(sorted(names))), status != "started"
    if not names:
        # RQ: taken by a Python worker that was killed at once.
        return "%s, in no list (R-1, R-4, R-6: lost by a Python worker)" % status, status in ("queued", "scheduled")
    if status == "finished":
        more = 3 if kind == "repeats" else 1
        return ("finished" if runs <= more else "finished, ran again after an interruption"), True
    if status == "failed":
        job = Job.fetch(job_id, connection=connection)
        text = job.latest_result().exc_string if job.latest_result() else ""
        if kind in ("raises", "retries", "segfaults") and "on purpose" in (text or ""):
            return "failed, as asked", True
        if any(word in (text or "") for word in INTERRUPTED):
            return ("failed: its process died" if kind != "segfaults" else "failed, as asked"), True
        return "FAILED: %s" % (text or "").strip().splitlines()[-1:], False
    if status == "deferred":
        return "deferred (R-8: its parent was failed by a killed Python process)", kind == "depends"
    return "%s in %s" % (status.upper(), names[0]), False


def play(stage, options):
    dice = random.Random(options.seed)
    os.environ["FLEET_REDIS_URL"] = stage.url
    for name in ("jobs.py",):
        shutil.copy(HERE / name, stage.folder)
    fleet, enqueued = Fleet(stage, options), []
    fleet.keep_up()
    began = time.monotonic()
    next_kill = began + 3
    while time.monotonic() - began < options.seconds:
        due = options.jobs * min(1.0, (time.monotonic() - began) / (options.seconds * 0.8))
        while len(enqueued) < due:
            enqueued += kinds(stage, dice)
        if time.monotonic() > next_kill:
            fleet.kill_one()
            next_kill = time.monotonic() + dice.uniform(0.5, 2.0)
        fleet.keep_up()
        time.sleep(0.05)
    print("%d jobs enqueued, %d kills; waiting until the fleet is quiet" % (len(enqueued), sum(fleet.kills.values())))

    def settled():
        fleet.keep_up()
        return is_quiet(stage.connection)

    try:
        wait_until(settled, "the fleet is quiet", options.patience)
    finally:
        fleet.stop()
    return fleet, enqueued


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--theirs", type=int, default=2, help="workers of Python RQ")
    parser.add_argument("--ours", type=int, default=2, help="workers of ours")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--patience", type=float, default=240.0, help="seconds to wait for leases to end")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    end_on_signals()
    print("seed %d" % options.seed)
    with Stage() as stage:
        fleet, enqueued = play(stage, options)
        rows = account(stage, enqueued, options.theirs)
    for what, count in sorted(fleet.kills.items()):
        print("killed  %-40s %5d" % (what, count))
    print()
    for (kind, told, good), count in sorted(rows.items(), key=str):
        print("%s %-10s %-70s %5d" % (" " if good else "!", kind, told, count))
    bad = sum(count for (_, _, good), count in rows.items() if not good)
    print("\n%d jobs, %d unaccounted for" % (len(enqueued), bad))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
