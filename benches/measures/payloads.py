"""Jobs a second when each takes something big and gives it back, which is kept as its result."""

from .drain import drain, enough, rate
from .sheet import Sheet

# Names and bytes, and how many jobs at most.
SIZES = (("1 KiB", 1 << 10, 3000), ("100 KiB", 100 << 10, 300), ("10 MiB", 10 << 20, 8))


def measure(arena, contenders, options):
    sheet = Sheet("argument and result, 1 slot", "jobs/s", arena.say)
    for case, size, most in SIZES:
        for contender in contenders:
            with sheet.attempt(case, contender.name):
                count = min(most, enough(rate(arena, contender, 1), options))
                sheet.add(case, contender.name, drain(arena, contender, 1, count, size, way="carry", BENCH_RESULTS="1"))
    return sheet
