"""Memory of idle and of busy pools, with what several processes share counted in parts (PSS)."""

import time

from marks import GATED
from stage import wait_until

from . import processes
from .drain import slots_told
from .sheet import Sheet

# Seconds after a start until nothing of it is in the works any more.
REST = 3


def measure(arena, contenders, options):
    sheet = Sheet("memory", "MiB", arena.say)
    for slots in options.sizes:
        for contender in contenders:
            with sheet.attempt("idle, " + slots_told(slots), contender.name):
                _weigh(arena, contender, slots, sheet)
    return sheet


def _weigh(arena, contender, slots, sheet):
    # Some fetch jobs ahead for a process, and leave another one without.
    count = 3 * slots
    database = arena.prepare(contender, "fill", count, GATED)
    arena.clear()
    with arena.working(contender, slots) as worker:
        arena.wait_for_rest(worker, contender, slots)
        time.sleep(REST)
        _tell(sheet, "idle, " + slots_told(slots), contender, worker)
        arena.pour(database)
        wait_until(lambda: arena.gated() >= slots, "%d jobs at once" % slots, 60)
        _tell(sheet, "busy, " + slots_told(slots), contender, worker)
        arena.open_gate()
        arena.wait_for(count, worker)
    arena.check(contender, count)


def _tell(sheet, case, contender, worker):
    sheet.add(case, contender.name, processes.pss(processes.tree(worker.pid)))
    if contender.name == "rqd":
        sheet.add(case, "rqd: its daemon alone", processes.pss([worker.pid]))
