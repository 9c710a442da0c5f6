#!/usr/bin/env python3
"""Measures the release of very many dependents: how long it takes, and how long any script holds Redis up meanwhile.

benches/README.md tells what the figures mean.
"""

import argparse
import sys
import time

from crowd import Probe, plays, start, tell, tell_scripts
from rq import Queue
from stage import NotInTime, wait_until

# What a client writes for a job that waits for `parent`, by the ten thousand.
FILL = """
for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local id = 'dependent-' .. n
  redis.call('HSET', 'rq:job:' .. id, 'status', 'deferred', 'origin', 'many', 'data', ARGV[3], 'created_at', ARGV[4],
    'description', 'jobs.nothing()', 'timeout', '180', 'dependency_id', 'parent', 'dependency_ids', '["parent"]')
  redis.call('SADD', 'rq:job::' .. id .. ':dependencies', 'parent')
  redis.call('SADD', 'rq:job:parent:dependents', id)
  redis.call('ZADD', 'rq:deferred:many', n, id)
end
"""
AT_ONCE = 10_000


def fill(connection, count):
    """Enqueues `parent`, and so many jobs that wait for it."""
    parent = Queue("default", connection=connection).enqueue("jobs.nothing", job_id="parent")
    data, created_at = connection.hmget("rq:job:parent", "data", "created_at")
    for first in range(0, count, AT_ONCE):
        connection.eval(FILL, 0, first, min(first + AT_ONCE, count) - 1, data, created_at)
    return parent


def measure(stage, options):
    connection = stage.connection
    parent = fill(connection, options.dependents)
    with Probe(stage) as probe:
        worker = start(stage, options.ours)
        wait_until(lambda: worker.poll() is not None or parent.get_status() == "finished", "the parent ends", 60)
        began = time.monotonic()
        released = lambda: connection.llen("rq:queue:many") == options.dependents  # noqa: E731
        wait_until(lambda: worker.poll() is not None or released(), "all are released", 600)
        took = time.monotonic() - began
    if not released():
        raise NotInTime("%s ended" % options.ours)
    print("%d dependents released in %.1f s, %.0f a second" % (options.dependents, took, options.dependents / took))
    tell("PING of another client", probe.waits)
    tell_scripts(connection, probe.over)
    stage.stop(worker)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dependents", type=int, default=1_000_000, help="how many (1,000,000)")
    return plays(parser, measure)


if __name__ == "__main__":
    sys.exit(main())
