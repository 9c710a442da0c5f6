"""The horses of a fork server: how they are forked, and how it is told that they ended."""
import errno
import os

from . import horse, leash, title, wire
from .process import flush


class Herd:
    """The horses that live. `report` tells the daemon, `rear` makes a horse of the copy of this process."""

    def __init__(self, report, rear):
        self.report = report
        self.rear = rear
        self.stalls = {}

    def fork(self, numbers, fds, rehearse):
        """Forks horses and reports them.

        Several at once cost less than one after the other: after a fork, this process copies each page that it writes to.
        """
        if type(numbers) is not list or len(fds) != len(horse.FILES) * len(numbers):
            wire.drop(fds)
            raise wire.Junk("a fork without its numbers, or without the descriptors of each")
        files = iter(fds)
        stalls = [horse.Stall(number, [next(files) for _ in horse.FILES], leash.open_own()) for number in numbers]
        for stall in stalls:
            stall.rehearses = rehearse
        flush()  # What is in a buffer now would be printed by every horse.
        pids, on_leash, failure = [], True, None
        # It goes to all of them, who need not write it then.
        title.show(title.HORSE)
        try:
            for stall in stalls:
                pid = os.fork()
                if pid == 0:
                    horse.live(lambda: self.part(stall, stalls))
                pids.append(pid)
                on_leash = leash.arm(stall.leash, -pid) and on_leash
        except (OSError, MemoryError) as error:
            failure = error
        title.show(title.SERVER)
        self.stalls.update(zip(pids, stalls))
        for stall in stalls:
            stall.close()
        if pids:
            self.report({"report": "forked", "horses": list(zip(numbers, pids)), "leash": on_leash})
        if failure is not None:
            for stall in stalls[len(pids):]:
                stall.slip()
            self.report(not_forked(numbers[len(pids):], failure))

    def part(self, stall, stalls):
        """Parts a horse from those that were forked with it; returns its exit code."""
        for other in stalls:
            if other is not stall:
                other.close()
                other.slip()
        return self.rear(stall)

    def leashes(self):
        """The descriptors that only the fork server keeps."""
        return [stall.leash for stall in self.stalls.values() if stall.leash is not None]

    def reap(self):
        """Reports the horses that have ended; returns how many. Children that the application started are left to it."""
        count = 0
        for pid, stall in list(self.stalls.items()):
            try:
                ended, status, usage = os.wait4(pid, os.WNOHANG)
            except ChildProcessError:
                # The application's own code has reaped it: how it ended is unknown.
                ended, status, usage = pid, 255 << 8, None
            if ended == 0:
                continue
            del self.stalls[pid]
            stall.slip()
            self.report(reaped(stall.number, pid, status, usage))
            count += 1
        return count


def not_forked(numbers, error):
    """The report of horses that could not be forked."""
    number_of_error = getattr(error, "errno", None) or errno.ENOMEM
    return {"report": "fork_failed", "horses": numbers, "errno": number_of_error, "reason": str(error)}


def reaped(number, pid, status, usage):
    """The report of a horse's end."""
    return {
        "report": "reaped",
        "horse": number,
        "pid": pid,
        "status": status,
        "user": usage.ru_utime if usage else 0.0,
        "system": usage.ru_stime if usage else 0.0,
        "max_rss": usage.ru_maxrss if usage else 0,
    }
