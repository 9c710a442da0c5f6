"""Jobs that log and print. Nothing is imported that they do not need: some look whether `logging` is."""
import os
import sys


def has_logging():
    return "logging" in sys.modules


def log(name="app", text="said"):
    import logging

    logging.getLogger(name).warning(text)
    return type(logging.lastResort).__name__, len(logging.root.handlers)


def log_odd():
    import logging

    class Odd:
        def __str__(self):
            raise RuntimeError("no text")

    logger = logging.getLogger("app")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    logger.warning(Odd())
    record = logger.makeRecord("app", 30, "f", 1, "out of time", (), None)
    record.created = float("nan")
    logger.handle(record)
    logger.log(5000, "grave")


def log_until_limit():
    """What is logged takes longer than the job may."""
    import logging
    import time

    class Slow:
        def __str__(self):
            time.sleep(60)

    logger = logging.getLogger("app")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    logger.warning(Slow())


def log_in_signal():
    """A signal handler logs while its own process may be logging."""
    import logging
    import signal

    logger = logging.getLogger("app")
    signal.signal(signal.SIGUSR1, lambda number, frame: logger.warning("in the handler"))
    for _ in range(200):
        os.kill(os.getpid(), signal.SIGUSR1)
        logger.warning("in the job")
    return True


def log_much(count):
    import logging

    logger = logging.getLogger("app")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    for number in range(count):
        logger.warning("%d %s", number, "x" * 1000)


def closed_and_reused(path):
    """The number of the socket for records becomes a file of the job's own."""
    import logging

    os.closerange(3, 100)
    files = [os.open(path + str(number), os.O_CREAT | os.O_RDWR) for number in range(20)]
    logging.getLogger("app").warning("not into these")
    return [os.fstat(fd).st_size for fd in files]


def say(text):
    print(text)
    os.write(1, b"below\n")
    print("error", file=sys.stderr)
    return sys.stdout.line_buffering
