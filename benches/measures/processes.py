"""What /proc tells of a process and all its descendants."""

import contextlib
import os
import pathlib
import signal
import time

TICK = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the name in brackets.
PARENT, MINOR, CHILDREN_MINOR, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM, BORN = 1, 7, 8, 11, 12, 13, 14, 19


def stat(pid):
    """The fields of its stat from the state on, or None when it is gone."""
    try:
        return pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    except OSError:
        return None


def tree(pid):
    """The process and its descendants: pid to the moment of birth, which tells one from a later one of that number."""
    fields = {one: stat(one) for one in depths(pid)}
    return {one: found[BORN] for one, found in fields.items() if found}


def depths(pid):
    """The process and its descendants: pid to how many forks it is away."""
    children = {}
    for name in os.listdir("/proc"):
        fields = stat(int(name)) if name.isdigit() else None
        if fields and fields[0] != "Z":
            children.setdefault(int(fields[PARENT]), []).append(int(name))
    found, left = {}, [(pid, 0)]
    while left:
        one, depth = left.pop()
        found[one] = depth
        left += [(child, depth + 1) for child in children.get(one, ())]
    return found


def end(family, seconds=5.0):
    """Waits until those processes are gone, and ends what stays."""
    deadline = time.monotonic() + seconds
    left = family
    while left:
        left = {pid: born for pid, born in left.items() if _is_there(pid, born)}
        if left and time.monotonic() > deadline:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            deadline += 1
        elif left:
            time.sleep(0.02)


def _is_there(pid, born):
    fields = stat(pid)
    return bool(fields) and fields[BORN] == born and fields[0] != "Z"


def seconds(pids):
    """CPU time of them and of those of their children that were waited for."""
    total = 0
    for pid in pids:
        fields = stat(pid)
        if fields:
            total += sum(int(fields[each]) for each in (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM))
    return total / TICK


def pss(pids):
    """Mebibytes of memory, with what several share counted in parts."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path("/proc/%d/smaps_rollup" % pid).read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024
