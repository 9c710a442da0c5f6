"""How long a job waits whose module is slow to import, with and without preloading it."""

from .latency import one_by_one
from .sheet import Sheet, percentile

# What it is called, the module, and how many jobs where each of them imports it.
MODULES = (("a module that takes 1 s", "heavy_jobs", 5), ("Django with its admin", "django_jobs", 20))
PRELOADED = 50


def measure(arena, contenders, options):
    sheet = Sheet("enqueue to the first line, slow import", "ms", arena.say)
    for told, module, few in MODULES:
        for contender in contenders:
            if not contender.is_rq:
                continue
            ways = [(contender.name, (), few)]
            if contender.is_ours:
                ways.append((contender.name + ", preload", ("--preload", module), PRELOADED))
            for name, arguments, count in ways:
                with sheet.attempt(told + ", p50", name):
                    count = min(count, options.latencies)
                    waits = one_by_one(arena, contender.with_venv("django"), count, arguments, BENCH_JOB=module + ".nothing")
                    for percent in (50, 99):
                        sheet.add("%s, p%d" % (told, percent), name, percentile(waits, percent))
    return sheet
