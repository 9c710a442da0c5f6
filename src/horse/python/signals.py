"""Signals of the fork server. The daemon decides when it ends, not a Ctrl-C or a signal to the whole service."""
import _signal as signal
import os

IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGUSR1, signal.SIGUSR2)


class Signals:
    """A pipe that wakes the loop when a child has ended, and the way back to ordinary signals for a horse."""

    def __init__(self):
        self.before = {number: signal.getsignal(number) for number in IGNORED}
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)

    def arm(self):
        """Takes the signals (again): application code may have changed them."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        # The pipe is written only for signals that have a Python handler.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        # Here and not in each horse: what only one process reads is read where it costs nothing.
        kept = [number for number in IGNORED[2:] if signal.getsignal(number) == signal.SIG_IGN]
        self.given_back = [(number, self.before[number] or signal.SIG_DFL) for number in kept]
        self.given_back += [(signal.SIGCHLD, signal.SIG_DFL), (signal.SIGTERM, signal.SIG_DFL)]

    def drain(self):
        """Empties the pipe."""
        try:
            os.read(self.reader, 4096)
        except BlockingIOError:
            return

    def release(self):
        """What a horse has: RQ's dispositions for INT and TERM, for the rest what the daemon left or the settings set."""
        signal.set_wakeup_fd(-1)
        for number, handler in self.given_back:
            signal.signal(number, handler)
