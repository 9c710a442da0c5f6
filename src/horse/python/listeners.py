"""Where the application's `logging` is listened to. It is left as it is for the application's own code to see."""
import sys

WARNING = 30


def attach(logging, records):
    """Takes the place of the handler for records that nobody handles, and, if asked to, hears all records."""
    resort = getattr(logging, "lastResort", None)
    # One that the application has put there is the application's own.
    if resort is not None and resort is getattr(logging, "_defaultLastResort", None):
        logging.lastResort = last_resort(resort, records)
    if not records.all:
        return
    # An application that has said nothing of its root logger is taken at the daemon's level.
    if not logging.root.handlers and logging.root.level == WARNING > records.level:
        logging.root.setLevel(records.level)
    # No handler of the root logger: with one, `basicConfig` would do nothing, and `dictConfig` would take it away.
    if not records.patched:
        records.patched = True
        hear_all(logging.Logger, records)


def last_resort(original, records):
    """A handler as the one that it stands in for; what that prints is told to the daemon, too."""

    class LastResort(type(original)):
        def emit(self, record):
            is_open = records.is_open()
            # A job that has put something else in the place of standard error wants it there.
            if is_open and sys.stderr is sys.__stderr__:
                if records.all:
                    return  # It is told already.
                if records.capturing:
                    return records.tell(record, False, True)
            super().emit(record)
            if is_open and not records.all:
                records.tell(record, True)

    return LastResort(original.level)


def hear_all(logger, records):
    """Hears every record that a logger passes on, whatever handlers there are, and before they do."""
    call_handlers = logger.callHandlers

    def callHandlers(self, record):
        if records.all and record.levelno >= records.level and records.is_open():
            alone = record.levelno >= WARNING and not self.hasHandlers()
            records.tell(record, record.name in records.printed, alone)
        return call_handlers(self, record)

    logger.callHandlers = callHandlers
