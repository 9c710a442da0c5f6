"""How a play ends that does not come to its end."""

import signal


class Missing(Exception):
    """Something is not installed; says what to do."""


class Unfit(Exception):
    """This machine does not permit the example."""


class Unexpected(Exception):
    """Something came out otherwise than it should."""


class NotInTime(Unexpected):
    """Something that was waited for did not come."""


def end_on_signals():
    """Lets SIGTERM and SIGHUP end the program as Ctrl-C does, so that the stage is cleaned up."""

    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
