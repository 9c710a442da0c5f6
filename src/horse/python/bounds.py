"""The limits of a horse: what the kernel enforces, and when a horse that may run several jobs is worn out."""
import os
import resource
import time

from .named import Refused

LIMITS = (
    # RQ knows none. RLIMIT_DATA counts what is written to, not address space that is only reserved: threads, and libraries
    # that reserve much and use little, would pass no useful RLIMIT_AS.
    ("memory_limit", resource.RLIMIT_DATA),
    ("max_open_files", resource.RLIMIT_NOFILE),
    ("max_processes", resource.RLIMIT_NPROC),
)


class Bounds:
    """The limits of a `prepare` order."""

    def __init__(self, wishes=None):
        self.wishes = {name: value for name, value in (wishes or {}).items() if value is not None}
        self.born = time.monotonic()

    def check(self):
        """Refuses in the fork server what no horse could take."""
        if os.geteuid() == 0:
            return
        for name, kind in LIMITS:
            most = resource.getrlimit(kind)[1]
            if most != resource.RLIM_INFINITY and self.wishes.get(name, 0) > most:
                self.refuse(name, "it is above the hard limit of this process, %d, and only root may raise that" % most)
        own = os.getpriority(os.PRIO_PROCESS, 0)
        if self.wishes.get("nice", own) < own:
            self.refuse("nice", "it is below that of this process, %d, and only root may go there" % own)

    def refuse(self, name, reason):
        """Tells which setting cannot be honoured."""
        raise Refused("limit", "horse.%s = %s" % (name, self.wishes[name]), PermissionError(reason))

    def apply(self):
        """In a horse, before its first job. Hard limits, so that a job cannot raise them."""
        if not self.wishes:
            return
        self.born = time.monotonic()
        for name, kind in LIMITS:
            if name in self.wishes:
                resource.setrlimit(kind, (self.wishes[name], self.wishes[name]))
        if "nice" in self.wishes:
            os.setpriority(os.PRIO_PROCESS, 0, self.wishes["nice"])

    def begin(self):
        """Before each job: its CPU time begins anew. At its end the kernel sends SIGXCPU, which ends the process."""
        if "cpu_time" in self.wishes:
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            soft = int(time.process_time()) + self.wishes["cpu_time"]
            resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))

    def is_worn(self):
        """After a job: whether another horse should take the next one."""
        if "max_age" in self.wishes and time.monotonic() - self.born >= self.wishes["max_age"]:
            return True
        return "max_memory" in self.wishes and resident() > self.wishes["max_memory"]

    def explain(self, failure):
        """What is to be added to the traceback of an exception, b"" for nothing."""
        if isinstance(failure, MemoryError) and "memory_limit" in self.wishes:
            return b"horse.memory_limit is %d bytes\n" % self.wishes["memory_limit"]
        return b""


def resident():
    """Bytes of memory that the process has now; 0 where that cannot be known."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0
