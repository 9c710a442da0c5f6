"""What a job costs the kernel and the processors: system calls, page faults and CPU time, by the processes that have a part in it."""

import pathlib
import re
import time

from . import processes
from .drain import enough, rate
from .sheet import Sheet

STRACE = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "bin" / "strace"
MOST = 400
TRACED = 60
# So many jobs pass before system calls are counted.
COLD = 10
# Who a process is, by how many forks it is away from the first one; the last one is all that are further.
OURS, RQS = ("daemon", "fork server", "horses"), ("worker", "horses")
CALL = re.compile(r"^(\d+\.\d+) (\w+)\(")
FORK = re.compile(r" (?:clone3?|vfork|fork)\(.* = (\d+)$")


def measure(arena, contenders, options):
    sheet = Sheet("system, 1 slot", "a job", arena.say)
    for contender in contenders:
        with sheet.attempt("CPU, ms", contender.name):
            _tell_spent(arena, contender, options, sheet)
        if STRACE.exists():
            with sheet.attempt("system calls", contender.name):
                _tell_calls(arena, contender, sheet)
        else:
            sheet.note("system calls were not counted: there is no build/bin/strace")
    return sheet


def _roles(contender):
    return OURS if contender.is_ours else RQS if contender.name == "RQ" else ("all",)


def _add(sheet, case, contender, by_role, count):
    """The sum, and each part where there are several."""
    sheet.add(case, contender.name, sum(by_role) / count)
    roles = _roles(contender)
    for role, value in zip(roles, by_role):
        if len(roles) > 1:
            sheet.add(case, "%s: %s" % (contender.name, role), value / count)


def _tell_spent(arena, contender, options, sheet):
    count = min(MOST, enough(rate(arena, contender, 1), options))
    database = arena.prepare(contender, "fill", count, 0.0)
    arena.clear()
    last = len(_roles(contender)) - 1
    with arena.working(contender, 1) as worker:
        arena.wait_for_rest(worker, contender, 1)
        before = _spent(worker.pid, last)
        arena.pour(database)
        arena.wait_for(count, worker)
        arena.wait_until_settled(contender, count)
        after = _spent(worker.pid, last)
    arena.check(contender, count)
    for case in after:
        _add(sheet, case, contender, [b - a for a, b in zip(before[case], after[case])], count)


def _spent(pid, last):
    """Milliseconds of CPU and minor page faults so far, by role. What a process has from its dead children belongs to theirs."""
    spent = {"CPU, ms": [0.0] * (last + 1), "page faults": [0] * (last + 1)}
    tick = 1000 / processes.TICK
    for one, depth in processes.depths(pid).items():
        fields = processes.stat(one)
        if not fields:
            continue
        own, childrens = min(depth, last), min(depth + 1, last)
        spent["CPU, ms"][own] += tick * (int(fields[processes.USER]) + int(fields[processes.SYSTEM]))
        spent["CPU, ms"][childrens] += tick * (int(fields[processes.CHILDREN_USER]) + int(fields[processes.CHILDREN_SYSTEM]))
        spent["page faults"][own] += int(fields[processes.MINOR])
        spent["page faults"][childrens] += int(fields[processes.CHILDREN_MINOR])
    return spent


def _tell_calls(arena, contender, sheet):
    database = arena.prepare(contender, "fill", TRACED, 0.0)
    arena.clear()
    folder = arena.stage.folder / "calls"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    # Strace stands beside the worker and not above it, so that signals reach the worker.
    with arena.working(contender, 1, before=[STRACE, "-D", "-ff", "-ttt", "-qq", "-s", "0", "-o", folder / "of"]) as worker:
        arena.wait_for_rest(worker, contender, 1)
        arena.pour(database)
        began = sorted(note[1] for note in arena.wait_for(TRACED, worker))
        arena.wait_until_settled(contender, TRACED)
    arena.check(contender, TRACED)
    time.sleep(0.5)
    by_role = _calls(folder, worker.pid, len(_roles(contender)) - 1, began[COLD], began[-1])
    _add(sheet, "system calls", contender, by_role, TRACED - 1 - COLD)


def _calls(folder, first, last, begin, end):
    """How many system calls there were between two moments, by role."""
    parents, counts = {}, {}
    for path in folder.iterdir():
        task = int(path.suffix[1:])
        counts[task] = 0
        for line in path.read_text(errors="replace").splitlines():
            call = CALL.match(line)
            counts[task] += bool(call) and begin <= float(call[1]) < end
            fork = FORK.search(line)
            if fork:
                # A thread is at the same place as the one that made it.
                parents[int(fork[1])] = (task, 0 if "CLONE_THREAD" in line else 1)
    by_role = [0] * (last + 1)
    for task, count in counts.items():
        depth = 0
        while task != first and task in parents:
            task, more = parents[task]
            depth += more
        by_role[min(depth, last)] += count
    return by_role
