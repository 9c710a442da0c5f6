"""Ordinary RQ jobs: nothing in this file knows which worker runs it."""

import asyncio
import ctypes
import time


def answer():
    """Returns a value."""
    return 42


def order(drink, cups=1, sugar=False):
    """Takes arguments and keyword arguments."""
    return "%d x %s, %s sugar" % (cups, drink, "with" if sugar else "without")


async def fetch_page(number):
    """Is a coroutine function, which the worker runs to its end."""
    await asyncio.sleep(0.05)
    return "page %d" % number


class Report:
    """Holds a job that is a class method."""

    title = "sales"

    @classmethod
    def build(cls, month):
        """Is called on the class."""
        return "%s report for %s" % (cls.title, month)


def divide(a, b):
    """Raises when it is asked to divide by zero."""
    return a / b


def read_address_zero():
    """Takes its whole process down, as a bug in a C extension does."""
    return ctypes.string_at(0)


def sleep_for(seconds):
    """Takes longer than its time limit allows."""
    time.sleep(seconds)
    return "slept"


def now():
    """Returns the moment in which its first line ran."""
    return time.time()
