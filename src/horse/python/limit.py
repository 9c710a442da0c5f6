"""The time limit of a function: an alarm that raises in it."""
import _signal as signal
import sys

LONGEST = 10**8


class BaseTimeoutException(Exception):
    """Stands in for `rq.timeouts.BaseTimeoutException` where rq is not loaded."""

    __module__ = "rq.timeouts"


class JobTimeoutException(BaseTimeoutException):
    """Stands in for `rq.timeouts.JobTimeoutException` where rq is not loaded."""

    __module__ = "rq.timeouts"


def timeout_class():
    """The class to raise: rq's own when the job can name it. Nothing is imported here, as this runs in the alarm."""
    return getattr(sys.modules.get("rq.timeouts"), "JobTimeoutException", JobTimeoutException)


class Limit:
    """An alarm for one function; `raised` is the exception it raised, if it did."""

    def __init__(self, seconds):
        self.seconds = seconds if seconds and seconds > 0 else None
        self.armed = False
        self.raised = None

    def start(self):
        """Starts the clock."""
        if self.seconds is None:
            return
        signal.signal(signal.SIGALRM, self.expire)
        self.armed = True
        signal.setitimer(signal.ITIMER_REAL, min(self.seconds, LONGEST))

    def whole_seconds(self):
        """The limit to tell others, None for none."""
        return None if self.seconds is None else int(min(self.seconds, LONGEST))

    def stop(self):
        """Stops the clock; an alarm that is on its way raises nothing any more."""
        self.armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def expire(self, signum, frame):
        """RQ: raised once, and user code may swallow it."""
        if not self.armed:
            return
        self.armed = False
        seconds = int(self.seconds) if self.seconds == int(self.seconds) else self.seconds
        self.raised = timeout_class()("Task exceeded maximum timeout value (%s seconds)" % seconds)
        raise self.raised
