#!/usr/bin/env python3
"""Measures how long a job waits for its worker, with and without a million expired entries that maintenance cleans meanwhile.

benches/README.md tells what the figures mean.
"""

import argparse
import sys
import time

from crowd import Probe, plays, start, tell, tell_scripts
from rq import Queue, Worker
from stage import NotInTime, wait_until

# Ids of jobs that are gone. In the started registry they stand with their executions.
FILL = """
for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  redis.call('ZADD', KEYS[1], 1 + n, 'gone-' .. n .. (ARGV[3] == '1' and ':execution' or ''))
end
"""
AT_ONCE = 10_000
REGISTRIES = {"finished": "rq:finished:default", "failed": "rq:failed:default", "started": "rq:wip:default"}


def fill(connection, key, count):
    for first in range(0, count, AT_ONCE):
        connection.eval(FILL, 1, key, first, min(first + AT_ONCE, count) - 1, int(key.startswith("rq:wip")))


def latencies(stage, worker, count):
    """Milliseconds from just before enqueue to the job's first line, of one job after the other."""
    queue = Queue("default", connection=stage.connection)
    waits = []
    # The first two find caches cold and are not counted.
    for number in range(count + 2):
        before = time.time()
        job = queue.enqueue("jobs.now")
        ended = lambda: job.get_status(refresh=True) in ("finished", "failed")  # noqa: E731, B023
        wait_until(lambda: worker.poll() is not None or ended(), "the job is settled")  # noqa: B023
        if worker.poll() is not None or job.get_status() != "finished":
            raise NotInTime("the worker did not run the job")
        if number >= 2:
            waits.append(1000 * (job.return_value() - before))
    return waits


def measure(stage, options):
    report(stage, options, "nothing to clean", None)
    for name, key in REGISTRIES.items():
        report(stage, options, "%d expired entries in the %s registry" % (options.entries, name), key)


def report(stage, options, title, key):
    connection = stage.connection
    connection.flushall()
    if key:
        fill(connection, key, options.entries)
    with Probe(stage) as probe:
        worker = start(stage, options.ours)
        wait_until(lambda: worker.poll() is not None or Worker.all(connection=connection), "the worker registers")
        waits = latencies(stage, worker, options.jobs)
        left = connection.zcount(key, "-inf", options.entries) if key else 0
    stage.stop(worker)
    print("%s%s" % (title, ", %d left at the end" % left if key else ""))
    tell("start latency", waits)
    tell("PING of another client", probe.waits)
    tell_scripts(connection, probe.over)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, default=1_000_000, help="how many (1,000,000)")
    parser.add_argument("--jobs", type=int, default=300, help="jobs of one measurement (300)")
    return plays(parser, measure)


if __name__ == "__main__":
    sys.exit(main())
