"""The leash: a pipe whose only write end is the daemon's.

A description of the read end, opened anew for each holder, asks the kernel to send SIGKILL
when the last writer is gone. The fork server keeps each horse's description open too, so a
job that closes every descriptor stays on the leash for as long as the fork server lives.
"""
import fcntl
import os
import select
import signal

PIPE = 5


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
        fcntl.fcntl(fd, getattr(fcntl, "F_SETSIG", 10), signal.SIGKILL)
        fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:
        return False
    return True


def is_cut(fd=PIPE):
    """True when the daemon was gone before the leash was armed (the kernel tells only those who wait)."""
    poll = select.poll()
    poll.register(fd, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))
