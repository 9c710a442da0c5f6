"""What a job's code says by `logging`, told to the daemon.

Each record is one message of a socket that keeps messages apart: the kernel takes it whole or not at all. So threads need no lock,
a time limit that strikes in the middle tears nothing, and a process that the job forked can do no harm.

Nothing here imports `logging`: jobs that do not need it shall not pay for it.
"""
import _socket
import select
import sys
from _thread import get_ident
from time import monotonic

from . import listeners, trace
from .channel import identity
from .imports import Hook
from .limit import BaseTimeoutException, timeout_class
from .text import encoded, middle_out, plain, said
from .wire import encode

MODULE = "logging"
NAME = 200
MESSAGE = 10_000
TRACEBACK = 16 * 1024
# What is longer as a message is cut to so many characters: the daemon takes 64 KiB.
LARGEST, SHORT = 60_000, 2_000
FOREVER = 2.0**36
# How long a job waits for a daemon that does not listen, in seconds; and how long it does not try again then.
PATIENCE = 1.0
# In a tuple, where libraries that freeze time for tests do not look for it.
CLOCK = (monotonic,)


class Records:
    """The way of one horse's records to the daemon."""

    def __init__(self, fd):
        # Kept there until the process is gone, as the number may be another file's by then.
        self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, fd)
        self.identity = identity(fd)
        self.execution = None
        self.all = False
        self.level = 0
        self.capturing = False
        self.patched = False
        self.deaf_until = 0.0
        self.lost = {}
        self.strangers = frozenset()
        # Loggers whose lines RQ's own code prints.
        self.printed = ()

    def begin(self, order, capturing):
        """From here on, what is logged belongs to a job; `capturing` tells that its standard error is read, too."""
        wishes = order.get("records")
        if not wishes:
            return
        self.execution = order.get("execution_id")
        self.all, self.level, self.capturing = bool(wishes.get("all")), wishes.get("level") or 0, capturing
        self.lost = {}
        # Threads that an earlier job left behind do not speak for this one.
        self.strangers = frozenset(sys._current_frames()) - {get_ident()}
        module = sys.modules.get(MODULE)
        if module is not None:
            listeners.attach(module, self)
        elif not any(isinstance(finder, Hook) and finder.name == MODULE for finder in sys.meta_path):
            sys.meta_path.insert(0, Hook(MODULE, lambda loaded: listeners.attach(loaded, self)))

    def end(self):
        """The job is over; returns how many of its records got lost."""
        self.execution = None
        return self.count()

    def count(self):
        """How many records got lost, each thread having counted its own."""
        return sum(list(self.lost.values()))

    def is_open(self):
        """Whether there is a job, and the way is there still: its code may have closed it, or the number is another file's."""
        return self.execution is not None and identity(self.socket.fileno()) == self.identity

    def tell(self, record, shown, unprinted=False):
        """Sends one record of a job; `shown` tells that it stands on standard error already, `unprinted` that it would."""
        execution = None if get_ident() in self.strangers else self.execution
        try:
            data = self.message(record, execution, shown, unprinted)
        except Exception as error:
            if is_limit(error):
                raise
            return self.lose()
        return self.send(data)

    def message(self, record, execution, shown, unprinted):
        """A record as bytes that are not too many."""
        head = {
            "execution": execution,
            "level": max(0, min(int(record.levelno), 50)),
            "logger": plain(str(record.name)[:NAME]),
            "message": plain(text_of(record)[:MESSAGE]),
            "traceback": traceback_of(record),
            "created": record.created if 0 <= record.created < FOREVER else None,
            "shown": shown,
            "unprinted": unprinted,
            "lost": self.count(),
        }
        data = encode(head)
        if len(data) > LARGEST:
            head.update(message=head["message"][:SHORT], traceback=(head["traceback"] or "")[-SHORT:] or None)
            data = encode(head)
        return data

    def send(self, data):
        """Waits a while for room; a message that finds none is lost."""
        deadline = CLOCK[0]() + PATIENCE
        while True:
            try:
                self.socket.send(data, _socket.MSG_DONTWAIT | _socket.MSG_NOSIGNAL)
                return
            except (BlockingIOError, InterruptedError):
                now = CLOCK[0]()
            except OSError:
                return self.lose()  # The daemon is gone.
            if now >= deadline or now < self.deaf_until:
                self.deaf_until = max(self.deaf_until, now + PATIENCE if now >= deadline else now)
                return self.lose()
            self.wait(deadline - now)

    def lose(self):
        """Counts a record that did not get through."""
        thread = get_ident()
        self.lost[thread] = self.lost.get(thread, 0) + 1

    def wait(self, seconds):
        """Waits until there is room."""
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLOUT)
        poll.poll(seconds * 1000)


def text_of(record):
    """The message with its arguments in it, or without them when they do not fit."""
    try:
        return str(record.getMessage())
    except Exception as error:
        if is_limit(error):
            raise
        return said(record.msg)


def is_limit(error):
    """Whether the job's time is up, which no logging may keep from it."""
    return isinstance(error, (BaseTimeoutException, timeout_class()))


def traceback_of(record):
    """What stands below the message, None for nothing."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) and len(record.exc_info) == 3 else None
    parts = [trace.text_of(error)] if isinstance(error, BaseException) else []
    if record.stack_info:
        parts.append(encoded(str(record.stack_info)))
    if not parts:
        return None
    return middle_out(b"\n".join(parts), TRACEBACK).decode("utf-8", "replace")
