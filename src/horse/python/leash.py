"""The leash: a pipe whose only write end is the daemon's.

A description of the read end, opened anew for each holder, asks the kernel to send SIGKILL
when the last writer is gone. The fork server keeps each horse's description open too, so a
job that closes every descriptor stays on the leash for as long as the fork server lives.

The fork server arms it for a horse, before it reports the horse. A daemon that dies before has
given that horse no order, and the end of its socket ends it.
"""
import fcntl
import os
from _signal import SIGKILL

PIPE = 5
F_SETSIG = getattr(fcntl, "F_SETSIG", 10)


def open_own(fd=PIPE):
    """An open file of our own for the pipe; None where /proc is not there (then there is no leash)."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return os.open("%s/%d" % (folder, fd), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
    return None


def arm(fd, owner):
    """Lets the end of the daemon kill `owner`: a process, or a process group when negative. False if it cannot."""
    if fd is None:
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETOWN, owner)
        fcntl.fcntl(fd, F_SETSIG, SIGKILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        return False
    return True
