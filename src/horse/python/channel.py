"""A horse's line to the daemon, which survives a job that closes every descriptor."""
import os
import select
from os import close, fstat, getpid

from . import wire


class Channel:
    """The horse's socket and the way back to the daemon when user code has closed it."""

    def __init__(self, fd, horse, return_address):
        self.socket = wire.adopt(fd)
        self.horse = horse
        self.return_address = return_address
        self.identity = identity(fd)
        self.owner = getpid()
        self.has_returned = False

    def send(self, head, body=b""):
        """Sends a report; never writes into a descriptor that is not ours any more."""
        self.secure()
        wire.send(self.socket, head, body)

    def receive(self):
        """Waits for an order; returns its head, its body and the descriptors that came with it."""
        self.secure()
        return wire.receive_alone(self.socket)

    def is_told(self):
        """True when an order is there already."""
        poll = select.poll()
        poll.register(self.socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def secure(self):
        """Returns to the daemon when the socket was closed, or its number now belongs to a file of the job."""
        if getpid() != self.owner:
            os._exit(0)  # A process that user code forked got here: it has nothing to report.
        if identity(self.socket.fileno()) == self.identity:
            return
        if not self.return_address:
            raise wire.Closed
        # The number may be a file of the job's by now: forget it without closing it.
        self.socket.detach()
        fill_standard_streams()
        self.socket = wire.connect(self.return_address)
        self.identity = identity(self.socket.fileno())
        self.has_returned = True
        wire.send(self.socket, {"report": "return", "horse": self.horse, "pid": self.owner})


def identity(fd):
    """Device and inode of a descriptor, None when it is closed."""
    try:
        status = fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def fill_standard_streams():
    """Keeps a new socket from becoming stdin, stdout or stderr, where stray prints would go into it."""
    while True:
        fd = os.open(os.devnull, os.O_RDWR)
        if fd > 2:
            close(fd)
            return
        os.set_inheritable(fd, True)
