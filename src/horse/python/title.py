"""Process titles: by the package setproctitle where it is installed, else in the 15 bytes of the kernel's name."""

import os

setter = None
ROOM = 15
HORSE = "rq: work horse"
SERVER = "rq: fork server"


def prepare():
    """Loads setproctitle once, in the fork server, so that no horse pays for it."""
    global setter
    try:
        from setproctitle import setproctitle

        setter = setproctitle
    except Exception:
        pass
    show(SERVER)


def show(text):
    """Sets the title of this process."""
    try:
        if setter is not None:
            setter(text)
        else:
            name(text)
    except Exception:
        return


def name(text):
    """What `prctl` does to the main thread, without loading ctypes for it."""
    comm = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(comm, text.encode("utf-8", "replace")[:ROOM])
    finally:
        os.close(comm)


def show_job(worker_name, func_name, origin, since):
    """RQ's title of a horse at work; of a short one, the function's name is worth most."""
    if setter is None:
        show("rq:" + (func_name or "?").rpartition(".")[2])
    else:
        show("rq:worker:%s: Processing %s from %s since %s" % (worker_name, func_name, origin, since))
