"""How long a worker takes from the start of its process to the first line of a job that waits for it."""

import time

from stage import NotInTime

from .sheet import Sheet


def measure(arena, contenders, options):
    sheet = Sheet("boot", "ms", arena.say)
    for _ in range(1 if options.quick else options.rounds + 2):
        for contender in contenders:
            with sheet.attempt("to the first line of a job", contender.name):
                _boot(arena, contender, sheet)
    return sheet


def _boot(arena, contender, sheet):
    database = arena.prepare(contender, "fill", 1, 0.0)
    arena.clear()
    arena.pour(database)
    begun = time.time()
    with arena.working(contender, 1) as worker:
        registered = contender.is_rq and _registered(arena)
        notes = arena.wait_for(1, worker)
    arena.check(contender, 1)
    sheet.add("to the first line of a job", contender.name, 1000 * (notes[0][1] - begun))
    if registered:
        sheet.add("to its registration", contender.name, 1000 * (registered - begun))


def _registered(arena):
    """When the worker said in Redis that it is there."""
    deadline = time.time() + 30
    while not arena.connection.scard("rq:workers"):
        if time.time() > deadline:
            raise NotInTime("the worker does not register")
        time.sleep(0.002)
    return time.time()
