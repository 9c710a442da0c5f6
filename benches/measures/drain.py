"""Jobs a second of workers that have plenty: jobs that do nothing."""

from .sheet import Sheet

TRIAL = 200


def measure(arena, contenders, options):
    sheet = Sheet("drain", "jobs/s", arena.say)
    for slots in options.slots:
        case = cases(slots)
        counts = {}
        for _ in range(options.rounds):
            for contender in contenders:
                if sheet.gave_up(case, contender.name):
                    continue
                with sheet.attempt(case, contender.name):
                    if contender.name not in counts:
                        counts[contender.name] = enough(drain(arena, contender, slots, 60), options)
                    sheet.add(case, contender.name, drain(arena, contender, slots, counts[contender.name]))
    return sheet


def cases(slots):
    return "1 slot" if slots == 1 else "%d slots" % slots


def enough(rate, options, least=60):
    """How many jobs fill the time of a drain."""
    return int(min(options.most, max(least, rate * options.seconds)))


def drain(arena, contender, slots, count, seconds=0.0, way="fill", **variables):
    """Jobs a second, from the first line of the first one to the first line of the last; they all appear at once before idle workers."""
    database = arena.prepare(contender, way, count, seconds, **variables)
    arena.clear()
    with arena.working(contender, slots, **variables) as worker:
        arena.wait_for_rest(worker, contender, slots)
        arena.pour(database)
        notes = arena.wait_for(count, worker)
    arena.check(contender, count)
    began = sorted(began for _, began, _ in notes)
    return (count - 1) / (began[-1] - began[0])
