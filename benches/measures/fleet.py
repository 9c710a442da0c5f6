"""What a job costs Redis when many daemons wait at its queue: the cost of one job must not grow with them."""

import time

from .commands import one_by_one
from .drain import enough, rate
from .sheet import Sheet

NAMES = ("rqd", "RQ")
MOST = 500


def measure(arena, contenders, options):
    sheet = Sheet("workers at one queue, 1 slot each", "Redis commands a job", arena.say)
    for workers in (1, options.daemons):
        told = "1 worker" if workers == 1 else "%d workers" % workers
        for contender in contenders:
            if contender.name in NAMES:
                with sheet.attempt(told + ", one by one", contender.name):
                    _tell(arena, contender, workers, told, options, sheet)
    return sheet


def _tell(arena, contender, workers, told, options, sheet):
    idle = _idle(arena, contender, workers, min(10, options.rest))
    sheet.add(told + ", idle: commands a second", contender.name, idle)
    count = options.latencies
    commands, seconds = one_by_one(arena, contender, count, workers)
    sheet.add(told + ", one by one", contender.name, commands)
    sheet.add(told + ", one by one, less the idle", contender.name, commands - idle * seconds / count)
    count = min(MOST, enough(rate(arena, contender, 1), options))
    sheet.add(told + ", drain", contender.name, _drain(arena, contender, workers, count))


def _idle(arena, contender, workers, seconds):
    """Commands a second of all of them, with nothing to do."""
    arena.clear()
    with arena.several(contender, workers):
        arena.count_anew()
        time.sleep(seconds)
        commands = arena.traffic()["commands"]
    arena.check(contender, 0)
    return commands / seconds


def _drain(arena, contender, workers, count):
    database = arena.prepare(contender, "fill", count, 0.0)
    arena.clear()
    with arena.several(contender, workers) as started:
        arena.pour(database)
        arena.wait_for(count, started[0])
        arena.wait_until_settled(contender, count)
        commands = arena.traffic()["commands"]
    arena.check(contender, count)
    return commands / count
