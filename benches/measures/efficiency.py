"""How much of the ideal comes out when jobs sleep: so many slots would do slots / seconds jobs a second."""

from .drain import enough, rate, run, slots_told
from .sheet import Sheet

# Slots, seconds, and how many rounds they are worth. The last one is what --quick does.
CASES = ((1, 0.001, 1), (1, 0.01, 1), (1, 0.1, 1), (8, 0.001, 1), (8, 0.1, 1), (8, 0.01, 2))


def measure(arena, contenders, options):
    sheet = Sheet("jobs that sleep", "% of ideal", arena.say)
    for slots, seconds, rounds in CASES[-1:] if options.quick else CASES:
        case = "%g ms, %s" % (1000 * seconds, slots_told(slots))
        for _ in range(min(rounds, options.rounds)):
            for contender in contenders:
                if sheet.gave_up(case, contender.name):
                    continue
                with sheet.attempt(case, contender.name):
                    sheet.add(case, contender.name, _share(arena, contender, slots, seconds, options))
    return sheet


def _share(arena, contender, slots, seconds, options):
    ideal = slots / seconds
    count = enough(min(ideal, rate(arena, contender, slots)), options, least=10 * slots)
    count -= count % slots
    notes = run(arena, contender, slots, count, seconds)
    took = max(ended for _, _, ended in notes) - min(began for _, began, _ in notes)
    return 100 * count / took / ideal
