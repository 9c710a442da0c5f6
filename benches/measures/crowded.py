"""What a job costs where there is very much of everything: jobs that wait, entries in registries, queues."""

from stage import wait_until

from .drain import enough, rate
from .invariants import Broken
from .sheet import Sheet

NAMES = ("rqd", "rqd, reused", "RQ")
QUEUES = 1000
MOST = 1000
AT_ONCE = 10_000
# Of a model, so many jobs with names of their own, which wait.
JOBS = """
local model = redis.call('HGETALL', KEYS[1])
for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  redis.call('HSET', 'rq:job:crowd-' .. n, unpack(model))
  redis.call('RPUSH', KEYS[2], 'crowd-' .. n)
end
"""
# Ids in all registries of a queue, none of which is due before long. In the started registry they stand with their executions.
ENTRIES = """
for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  for _, kind in ipairs({'finished', 'failed', 'deferred', 'scheduled', 'canceled'}) do
    redis.call('ZADD', 'rq:' .. kind .. ':default', 4000000000 + n, 'crowd-' .. n)
  end
  redis.call('ZADD', 'rq:wip:default', 4000000000 + n, 'crowd-' .. n .. ':execution')
end
"""


def measure(arena, contenders, options):
    sheet = Sheet("very many, 1 slot", "", arena.say)
    crowd = "{:,}".format(options.crowd)
    cases = {
        "nothing else": lambda connection: (),
        crowd + " jobs wait": lambda connection: _wait(connection, options.crowd),
        crowd + " in each registry": lambda connection: _register(connection, options.crowd),
        "{:,} queues, one worked on".format(QUEUES): lambda connection: _name_queues(connection)[:0],
        "{:,} queues, all worked on".format(QUEUES): _name_queues,
    }
    for case, crowding in cases.items():
        for contender in contenders:
            if contender.name in NAMES:
                with sheet.attempt(case + ": jobs/s", contender.name):
                    _tell(arena, contender, options, sheet, case, crowding)
    arena.clear()
    return sheet


def _tell(arena, contender, options, sheet, case, crowding):
    count = min(MOST, enough(rate(arena, contender, 1), options))
    arena.clear()
    jobs = arena.prepare(contender, "fill", count, 0.0)
    connection = arena.connection
    if "wait" in case:
        _copy_model(arena, jobs)
    arguments = crowding(connection)
    waiting, finished, started = (connection.llen("rq:queue:default"), *map(connection.zcard, ("rq:finished:default", "rq:wip:default")))
    arena.count_anew()
    with arena.working(contender, 1, arguments) as worker:
        if not waiting:
            arena.wait_for_rest(worker, contender, 1)
            arena.pour(jobs)
        first, before = _after(arena, worker, 20)
        last, after = _after(arena, worker, count)
    began = sorted(note[1] for note in arena.seen())
    ran = len(began)
    _check(connection, ran, waiting, finished, started, count)
    sheet.add(case + ": jobs/s", contender.name, (last - first) / (began[last - 1] - began[first - 1]))
    sheet.add(case + ": commands a job", contender.name, (after - before) / (last - first))


def _after(arena, worker, count):
    """How many jobs ran, at least so many, and the Redis commands by then."""
    arena.wait_for(count, worker)
    return arena.count(), arena.traffic()["commands"]


def _check(connection, ran, waiting, finished, started, count):
    """The invariants of test suites look at each key, which takes too long where there are millions: here, numbers have to do."""
    wait_until(lambda: not connection.scard("rq:workers"), "the worker says good-bye")
    found = (connection.llen("rq:queue:default"), connection.zcard("rq:finished:default"), connection.zcard("rq:wip:default"),
             connection.llen("rq:queue:default:intermediate"))
    expected = (waiting - ran if waiting else count - ran, finished + ran, started, 0)
    if found != expected:
        raise Broken("waiting, finished, started, intermediate are %s in place of %s" % (found, expected))


def _copy_model(arena, database):
    """Puts one of the prepared jobs where the others are made of it."""
    arena.connection.eval("""
redis.call('SELECT', ARGV[1])
local id = redis.call('LINDEX', 'rq:queue:default', 0)
redis.call('COPY', 'rq:job:' .. id, 'model', 'DB', 0, 'REPLACE')
redis.call('SELECT', 0)
redis.call('SADD', 'rq:queues', 'rq:queue:default')
""", 0, database)


def _wait(connection, count):
    for first in range(0, count, AT_ONCE):
        connection.eval(JOBS, 2, "model", "rq:queue:default", first, min(first + AT_ONCE, count) - 1)
    connection.delete("model")
    return ()


def _register(connection, count):
    for first in range(0, count, AT_ONCE):
        connection.eval(ENTRIES, 0, first, min(first + AT_ONCE, count) - 1)
    return ()


def _name_queues(connection):
    """Makes the queues known; the one that gets jobs is the last of them."""
    names = ["queue-%04d" % number for number in range(QUEUES - 1)] + ["default"]
    connection.sadd("rq:queues", *("rq:queue:" + name for name in names))
    return names
