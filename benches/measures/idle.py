"""What a pool of eight costs that has nothing to do. All of them are watched over the same minute, each on a Redis of its own."""

import contextlib
import time

from stage import NotInTime, Stage

from . import processes
from .arena import Arena
from .sheet import Sheet

SLOTS = 8


def measure(arena, contenders, options):
    sheet = Sheet("idle pool of 8", "a minute", arena.say)
    with contextlib.ExitStack() as stack:
        watched = []
        for contender in contenders:
            with sheet.attempt("CPU, ms", contender.name):
                own = Arena(stack.enter_context(Stage()), arena.say)
                own.clear()
                worker = stack.enter_context(own.working(contender, SLOTS))
                own.wait_for_rest(worker, contender, SLOTS)
                watched.append(Watched(contender, own, worker))
        # What they do once after their start is not what they do while they idle.
        time.sleep(min(10, options.rest))
        for each in watched:
            each.begin()
        time.sleep(options.rest)
        for each in watched:
            with sheet.attempt("CPU, ms", each.contender.name):
                each.tell(sheet)
    return sheet


class Watched:
    """One pool at rest."""

    def __init__(self, contender, arena, worker):
        self.contender = contender
        self._arena = arena
        self._worker = worker

    def begin(self):
        self._begun = time.monotonic()
        self._seconds = processes.seconds(processes.tree(self._worker.pid))
        self._arena.count_anew()

    def tell(self, sheet):
        commands = self._arena.traffic()["commands"]
        spent = processes.seconds(processes.tree(self._worker.pid)) - self._seconds
        minutes = (time.monotonic() - self._begun) / 60
        if self._worker.poll() is not None:
            raise NotInTime("the worker ended with %s" % self._worker.returncode)
        sheet.add("CPU, ms", self.contender.name, 1000 * spent / minutes)
        sheet.add("Redis commands", self.contender.name, commands / minutes)
