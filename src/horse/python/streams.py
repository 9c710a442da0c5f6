"""Standard output and error of one job, turned to where the daemon reads them.

It is done to the descriptors, so that libraries written in C and programs that the job starts are read, too.
"""
import os
import sys
from _thread import get_ident

from .channel import identity

PLACES = (1, 2)


class Streams:
    """What descriptors 1 and 2 are during a job, and what they were before."""

    def __init__(self, fds):
        settle()
        self.before = [duplicate(place) for place in PLACES]
        for place, fd in zip(PLACES, fds):
            os.dup2(fd, place)
            os.close(fd)
        self.buffering = [(stream, line_buffered(stream, True)) for stream in (sys.stdout, sys.stderr)]
        self.threads = others()

    def end(self):
        """Puts everything back; False when this process could mix the output of this job with that of another."""
        is_clean = settle() and not others() - self.threads
        for stream, before in self.buffering:
            if before is not None:
                line_buffered(stream, before)
        return all([restore(place, kept) for place, kept in zip(PLACES, self.before)]) and is_clean


def duplicate(place):
    """A copy of a descriptor and what file it is; None where there is none."""
    try:
        fd = os.dup(place)
    except OSError:
        return None
    return fd, identity(fd)


def restore(place, kept):
    """Puts a descriptor back; False when the job has closed or replaced the copy."""
    is_kept = kept is not None and identity(kept[0]) == kept[1]
    fd = kept[0] if is_kept else os.open(os.devnull, os.O_WRONLY)
    if fd == place:
        os.set_inheritable(fd, True)
    else:
        os.dup2(fd, place)
        os.close(fd)
    return is_kept


def settle():
    """Writes out what was printed; False when something stays behind, which might come out in another job."""
    is_settled = True
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except AttributeError:
            continue
        except Exception:
            is_settled = False
    return is_settled


def line_buffered(stream, wanted):
    """Lets a stream write each line at once, or not; returns how it was, None where that cannot be said."""
    try:
        before = stream.line_buffering
        stream.reconfigure(line_buffering=wanted)
    except Exception:
        return None
    return before


def others():
    """The threads of Python beside this one."""
    return set(sys._current_frames()) - {get_ident()}
