"""How long a job waits from just before it is sent to its first line: the worker being idle, and at half of what it can do."""

from .drain import rate
from .sheet import Sheet, percentile

PERCENTS = (50, 95, 99)
# The first ones find caches cold.
COLD = 5
SECONDS = 3
MOST = 1500


def measure(arena, contenders, options):
    sheet = Sheet("enqueue to the first line, 1 slot", "ms", arena.say)
    for case, wait in (("idle", _idle), ("half load", _half_load)):
        waits = {}
        for _ in range(min(2, options.rounds)):
            for contender in contenders:
                if sheet.gave_up(case + " p50", contender.name):
                    continue
                with sheet.attempt(case + " p50", contender.name):
                    waits.setdefault(contender.name, []).extend(wait(arena, contender, options))
        for name, values in waits.items():
            for percent in PERCENTS:
                sheet.add("%s p%d" % (case, percent), name, percentile(values, percent))
    return sheet


def _idle(arena, contender, options):
    return one_by_one(arena, contender, options.latencies)


def one_by_one(arena, contender, count, arguments=(), **variables):
    """Milliseconds of jobs that each find an idle worker."""
    arena.clear()
    with arena.working(contender, 1, arguments, **variables) as worker:
        arena.wait_for_rest(worker, contender, 1)
        arena.client(contender, "one_by_one", count + COLD, **variables)
        notes = arena.wait_for(count + COLD, worker)
    arena.check(contender, count + COLD)
    return _waits(notes)


def _half_load(arena, contender, options):
    """Milliseconds of jobs that are sent at half of the rate at which it drains."""
    per_second = rate(arena, contender, 1) / 2
    count = COLD + int(min(MOST, max(options.latencies, per_second * SECONDS)))
    arena.clear()
    with arena.working(contender, 1) as worker:
        arena.wait_for_rest(worker, contender, 1)
        arena.client(contender, "steady", count, per_second)
        notes = arena.wait_for(count, worker)
    arena.check(contender, count)
    arena.say("latency, half load, %s: %.0f jobs/s sent of %.0f wanted" % (
        contender.name, (count - 1) / (notes[-1][0] - notes[0][0]), per_second))
    return _waits(notes)


def _waits(notes):
    return [1000 * (began - sent) for sent, began, _ in sorted(notes)[COLD:]]
