"""The threads that exist in the fork server: a fork copies their locks but not them."""
import os
import sys


def names():
    """The names of all threads beside the main one."""
    threading = sys.modules.get("threading")
    known = {}
    if threading is not None:
        main = threading.main_thread()
        known = {thread.native_id: thread.name for thread in threading.enumerate() if thread is not main}
    return list(known.values()) + native(known)


def native(known):
    """Threads that Python did not start; none are found where /proc is not there."""
    try:
        ids = {int(entry) for entry in os.listdir("/proc/self/task")}
    except (OSError, ValueError):
        return []
    others = sorted(ids - set(known) - {os.getpid()})
    return [native_name(number) for number in others]


def native_name(number):
    """`native thread N`, with the name that it was given."""
    try:
        with open("/proc/self/task/%d/comm" % number, encoding="utf-8", errors="replace") as file:
            return "native thread %d (%s)" % (number, file.read().strip())
    except OSError:
        return "native thread %d" % number
