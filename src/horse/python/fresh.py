"""A horse in an interpreter of its own: the fork turns into a new Python that loads the application anew.

The process stays the same, so it is reaped and killed as every horse; the leash was armed before and holds on.
"""
import fcntl
import os
import sys

from . import horse, title, wire
from .application import Application, Refused
from .process import flush

# What the new interpreter finds, beside the standard streams.
PROGRAM, SOCKET, LEASH, MEMORY, STACKS, RECORDS, ORDERS = 3, 4, 5, 6, 7, 8, 9
WORD = "horse"
OUT_OF_THE_WAY = 100


def turn_into(stall, application):
    """Runs a new interpreter in the place of this process."""
    orders = os.memfd_create("rq-orders")
    told = {"horse": stall.number, "settings": application.orders.get("settings")}
    os.write(orders, wire.encode(dict(told, prepare=application.orders["prepare"])))
    leash = os.open(os.devnull, os.O_RDONLY) if stall.leash is None else stall.leash
    sources = (PROGRAM, stall.socket, leash, stall.memory, stall.stacks, stall.records, orders)
    parked = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) for fd in sources]
    for place, fd in enumerate(parked, PROGRAM):
        os.dup2(fd, place)
    flush()
    os.execv(sys.executable, [sys.executable, "/proc/self/fd/%d" % PROGRAM, WORD])


def main():
    """The life of the new interpreter. Never returns."""
    horse.live(load_and_attend)


def load_and_attend():
    """Loads the application, then takes orders; returns the exit code."""
    os.close(PROGRAM)
    for fd in (SOCKET, LEASH, MEMORY, STACKS, RECORDS):
        os.set_inheritable(fd, False)
    with os.fdopen(ORDERS, "rb") as file:
        file.seek(0)
        orders = wire.parse(file.read())
    stall = horse.Stall(orders["horse"], (SOCKET, MEMORY, STACKS, RECORDS), LEASH)
    application = Application()
    try:
        if orders["settings"]:
            application.settings(orders["settings"])
        application.prepare(orders["prepare"])
    except Refused as refused:
        report = refused.report
        raise wire.Junk("%s of %s: %s" % (report["stage"], report["what"], report["reason"])) from None
    title.show(title.HORSE)
    horse.equip(stall)
    return horse.attend(stall, application)
