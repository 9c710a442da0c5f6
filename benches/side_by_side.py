#!/usr/bin/env python3
"""Measures Python RQ's worker and ours side by side: same machine, same run, same Redis, same jobs, in turns.

"make bench" runs it. benches/README.md tells what the figures mean.
"""

import argparse
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))

from rq import Queue, Worker  # noqa: E402
from stage import OURS, THEIRS, NotInTime, Stage, end_on_signals, wait_until  # noqa: E402

JOBS = '''import time


def nothing():
    pass


def now():
    return time.time()
'''
SETTLED = ("finished", "failed", "stopped", "canceled")


def start(stage, command, *options):
    """Starts a worker whose lines go to a file."""
    with open(stage.folder / "worker.log", "ab") as log:
        return stage.start([*shlex.split(command), "-c", "settings", *options], stdout=log, stderr=log)


def drain_rate(stage, command, count):
    """Jobs a second, from the start of the first one to the end of the last, all enqueued before the worker starts."""
    stage.connection.flushall()
    queue = Queue("default", connection=stage.connection)
    jobs = [queue.enqueue("jobs.nothing") for _ in range(count)]
    worker = start(stage, command, "--burst")
    try:
        status = worker.wait(300)
    except subprocess.TimeoutExpired:
        raise NotInTime("%s did not drain %d jobs within 300 s" % (command, count)) from None
    for job in jobs:
        job.refresh()
    finished = sum(job.get_status(refresh=False) == "finished" for job in jobs)
    if status != 0 or finished != count:
        raise NotInTime("%s ended with status %s, %d of %d jobs finished" % (command, status, finished, count))
    first = min(job.started_at for job in jobs)
    last = max(job.ended_at for job in jobs)
    return count / (last - first).total_seconds()


def start_latencies(stage, command, count):
    """Seconds from just before enqueue to the job's first line, one job after the other on an idle worker."""
    stage.connection.flushall()
    worker = start(stage, command)
    wait_until(lambda: worker.poll() is not None or Worker.all(connection=stage.connection), "the worker registers")
    queue = Queue("default", connection=stage.connection)
    waits = []
    # The first two find caches cold and are not counted.
    for number in range(count + 2):
        before = time.time()
        job = queue.enqueue("jobs.now")
        wait_until(lambda: worker.poll() is not None or job.get_status(refresh=True) in SETTLED, "the job is settled")
        if worker.poll() is not None or job.get_status() != "finished":
            raise NotInTime("%s did not run the job: it is %s" % (command, job.get_status()))
        # The worker goes back to its wait; we measure how it wakes from that, not how it comes back.
        wait_until(lambda: not busy(stage), "the worker is idle")
        if number >= 2:
            waits.append(job.return_value() - before)
    stage.stop(worker)
    return waits


def busy(stage):
    """Whether a worker says so in Redis."""
    return any(worker.get_state() == "busy" for worker in Worker.all(connection=stage.connection))


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def in_turns(options, measure):
    """Runs A B A B ...; returns what each round of each contender gave."""
    results = {"theirs": [], "ours": []}
    for number in range(options.rounds):
        for side in results:
            results[side].append(measure(getattr(options, side)))
            print("  round %d, %s" % (number + 1, side), flush=True)
    return results


def report(title, unit, theirs, ours, better):
    """Prints both medians, the spread, and how many times better ours is."""
    a, b = statistics.median(theirs), statistics.median(ours)
    ratio = b / a if better == "higher" else a / b
    print("\n%s" % title)
    for name, values, middle in (("theirs", theirs, a), ("ours", ours, b)):
        print("  %-7s median %9.2f %-6s (%.2f to %.2f)" % (name, middle, unit, min(values), max(values)))
    print("  ratio   %.2f x\n" % ratio, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--theirs", default=THEIRS, metavar="COMMAND", help="the worker to compare with")
    parser.add_argument("--ours", default=OURS, metavar="COMMAND", help="the worker that is measured")
    parser.add_argument("--jobs", type=int, default=300, help="jobs of one drain (300)")
    parser.add_argument("--latencies", type=int, default=100, help="jobs of one latency round (100)")
    parser.add_argument("--imports", action="append", default=[], metavar="MODULE", help="what the jobs' module imports")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each worker (3)")
    options = parser.parse_args()
    end_on_signals()
    try:
        with Stage() as stage:
            run(stage, options)
    except (NotInTime, OSError) as error:
        print("The measurement failed: %s" % error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def run(stage, options):
    (stage.folder / "settings.py").write_text('REDIS_URL = "%s"\nQUEUES = ["default"]\n' % stage.url)
    imports = "".join("import %s\n" % name for name in options.imports)
    (stage.folder / "jobs.py").write_text(imports + JOBS)
    version = stage.connection.info("server")["redis_version"]
    print("%s, %d CPUs, load %.1f, Python %s, Redis %s" % (
        platform.machine(), os.cpu_count(), os.getloadavg()[0], platform.python_version(), version))
    print("theirs: %s\nours:   %s\n" % (options.theirs, options.ours))

    rates = in_turns(options, lambda command: drain_rate(stage, command, options.jobs))
    title = "no-op jobs drained by one worker, one process per job (%d jobs, %d rounds)" % (options.jobs, options.rounds)
    report(title, "jobs/s", rates["theirs"], rates["ours"], "higher")

    rounds = in_turns(options, lambda command: start_latencies(stage, command, options.latencies))
    waits = {side: [1000 * wait for each in rounds[side] for wait in each] for side in rounds}
    title = "enqueue to the first line of the job, idle worker (%d jobs, %d rounds)" % (options.latencies, options.rounds)
    report(title, "ms", waits["theirs"], waits["ours"], "lower")
    for side, values in waits.items():
        print("  %-7s p50 %.2f ms, p99 %.2f ms" % (side, percentile(values, 50), percentile(values, 99)))


if __name__ == "__main__":
    sys.exit(main())
