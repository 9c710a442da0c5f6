#!/usr/bin/env python3
"""A mixed fleet: two workers of Python RQ and two of ours on the same queues, jobs of all kinds, and random kill -9.

"make fleet" runs it; "--theirs 0" leaves Python's workers out, and then no job may be lost at all. At the end each job must be
in exactly one place, and what is not as the job asked for must follow from a rule of docs/fleet.md, which is the stricter for a
job that only our workers had in hand. Prints the table; exit 1 when a job is unaccounted for.
"""

import argparse
import collections
import os
import pathlib
import random
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "scripts")]

import kinds  # noqa: E402
import ledger  # noqa: E402
from conductor import Conductor  # noqa: E402
from crew import Crew, kind_of  # noqa: E402
from stage import Stage, end_on_signals, wait_until  # noqa: E402
from verdicts import Judge  # noqa: E402

QUEUES = ("one", "two")


def play(stage, options):
    """Lets the fleet work; returns who took part, and (kind, id, parent) of each job."""
    dice = random.Random(options.seed)
    os.environ["FLEET_REDIS_URL"] = stage.url
    shutil.copy(HERE / "jobs.py", stage.folder)
    crew, conductor, enqueued = Crew(stage, QUEUES, options), Conductor(stage.connection, dice), []
    crew.keep_up()
    began = time.monotonic()
    next_kill = began + 3
    while time.monotonic() - began < options.seconds:
        due = options.jobs * min(1.0, (time.monotonic() - began) / (options.seconds * 0.8))
        while len(enqueued) < due:
            for kind, job_id, parent in kinds.enqueue(stage.connection, QUEUES, dice):
                enqueued.append((kind, job_id, parent))
                conductor.take_on(kind, job_id)
        if time.monotonic() > next_kill:
            crew.kill_one()
            next_kill = time.monotonic() + dice.uniform(0.5, 2.0)
        crew.keep_up()
        conductor.act()
        time.sleep(0.05)
    print("%d jobs enqueued, %d kills; waiting until the fleet is quiet" % (len(enqueued), len(crew.kills)), flush=True)

    def settled():
        crew.keep_up()
        conductor.act()
        return ledger.is_quiet(stage.connection, QUEUES)

    try:
        wait_until(settled, "the fleet is quiet", options.patience)
    finally:
        crew.stop()
    return crew, conductor, enqueued


def account(stage, crew, conductor, enqueued):
    """The rows of the table: (kind, fate, whose, whether it is accounted for) with how many jobs; and faults that are not a job's."""
    connection, found = stage.connection, ledger.places(stage.connection, QUEUES)
    histories = {
        job_id: ledger.History(connection, kind, job_id, found.get(job_id, [])) for kind, job_id, _ in enqueued
    }
    parents = {job_id: histories[parent] for _, job_id, parent in enqueued if parent}
    judge, rows, strange = Judge(crew.kills, parents, conductor.canceled), collections.Counter(), []
    for history in histories.values():
        told, good = judge.fate(history)
        rows[(history.kind, told, history.whose, good)] += 1
        if not good:
            strange.append(history)
    return rows, faults(stage, crew, histories.values(), rows), strange, parents


def faults(stage, crew, histories, rows):
    said = []
    held = {member.decode() for member in stage.connection.zrange("rq:rl:few:allowed", 0, -1)}
    # RQ: a job that was lost while it was queued keeps its slot.
    held -= {history.id for history in histories if history.status == "queued"}
    if held:
        said.append("slots of limited concurrency are still held by %s" % sorted(held))
    most = ledger.most_at_once(stage.connection, histories)
    if most > kinds.AT_ONCE and not any(kind_of(name) == "python" for name in crew.commands):
        said.append("%d jobs of limited concurrency ran at once" % most)
    lost = sum(count for (_, told, _, good), count in rows.items() if good and "in no list" in told)
    if lost > len(Judge(crew.kills, {}).python_kills()):
        said.append("%d jobs were lost, more than processes of Python's were killed" % lost)
    return said


def report(crew, rows, said, strange, parents):
    kills = collections.Counter((kind_of(kill.worker), kill.rank) for kill in crew.kills)
    for (whose, rank), count in sorted(kills.items()):
        print("killed  %-8s %-12s %5d" % (whose, rank, count))
    print("\n  %-10s %-15s %-78s %5s" % ("kind", "run by", "fate", "jobs"))
    for (kind, told, whose, good), count in sorted(rows.items(), key=str):
        print("%s %-10s %-15s %-78s %5d" % (" " if good else "!", kind, whose, told, count))
    for history in strange[:20]:
        print("\n! %s %s: %s, %s\n  runs %s\n  results %s" % (
            history.kind, history.id, history.status, history.places, history.runs,
            [(result.type, result.worker, result.at, result.text.strip()[-200:]) for result in history.results],
        ))
        print("  kills %s" % [kill for kill in crew.kills if kill.worker in history.workers])
        if parents.get(history.id):
            print("  parent %s" % vars(parents[history.id]))
    for fault in said:
        print("! %s" % fault)
    print("\n%d jobs, %d unaccounted for" % (sum(rows.values()), len(strange) + len(said)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--theirs", type=int, default=2, help="workers of Python RQ")
    parser.add_argument("--ours", type=int, default=2, help="workers of ours")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--patience", type=float, default=300.0, help="seconds to wait for leases to end")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--logs", type=pathlib.Path, help="a folder for the workers' logs")
    options = parser.parse_args()
    end_on_signals()
    print("seed %d" % options.seed, flush=True)
    with Stage() as stage:
        try:
            crew, conductor, enqueued = play(stage, options)
            rows, said, strange, parents = account(stage, crew, conductor, enqueued)
        finally:
            if options.logs:
                shutil.copytree(stage.folder, options.logs, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
    report(crew, rows, said, strange, parents)
    sys.exit(1 if strange or said else 0)


if __name__ == "__main__":
    main()
