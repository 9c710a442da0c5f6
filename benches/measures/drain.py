"""Jobs a second of workers that have plenty: jobs that do nothing."""

from .sheet import Sheet

TRIAL = 60


def measure(arena, contenders, options):
    sheet = Sheet("drain", "jobs/s", arena.say)
    for slots in options.slots:
        case = slots_told(slots)
        counts = {}
        for _ in range(options.rounds):
            for contender in contenders:
                if sheet.gave_up(case, contender.name):
                    continue
                with sheet.attempt(case, contender.name):
                    if contender.name not in counts:
                        counts[contender.name] = enough(rate(arena, contender, slots), options)
                    sheet.add(case, contender.name, drain(arena, contender, slots, counts[contender.name]))
        for contender in contenders:
            if sheet.middle(case, contender.name):
                arena.rates[contender.name, slots] = sheet.middle(case, contender.name)
    return sheet


def slots_told(slots):
    return "1 slot" if slots == 1 else "%d slots" % slots


def rate(arena, contender, slots):
    """About how many jobs a second it does: as was measured, or a short try."""
    known = {having: found for (name, having), found in arena.rates.items() if name == contender.name and having <= slots}
    if known:
        return known[max(known)]
    # The first try tells whether more jobs are needed for an answer that is worth something.
    found = drain(arena, contender, slots, TRIAL)
    if found > 10 * TRIAL:
        found = drain(arena, contender, slots, 10 * TRIAL)
    arena.rates[contender.name, slots] = found
    return found


def enough(per_second, options, least=60):
    """How many jobs fill the time of a drain."""
    return int(min(options.most, max(least, per_second * options.seconds)))


def drain(arena, contender, slots, count, argument=0.0, way="fill", **variables):
    """Jobs a second, from the first line of the first one to the first line of the last."""
    began = sorted(began for _, began, _ in run(arena, contender, slots, count, argument, way, **variables))
    return (count - 1) / (began[-1] - began[0])


def run(arena, contender, slots, count, argument=0.0, way="fill", **variables):
    """The notes of jobs that all appear at once before idle workers."""
    database = arena.prepare(contender, way, count, argument, **variables)
    arena.clear()
    with arena.working(contender, slots, **variables) as worker:
        arena.wait_for_rest(worker, contender, slots)
        arena.pour(database)
        notes = arena.wait_for(count, worker)
    arena.check(contender, count)
    return notes
