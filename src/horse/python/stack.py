"""The stack of a job at work, shown when the daemon asks for it.

There are two questions, each a signal. The first is heard by Python code, with the interpreter's lock held, so that the stacks of
all threads stand still. It waits until the main thread is between two steps of Python code, which it is not during a call of
an extension. The second is heard by `faulthandler` inside of the signal itself, and shows the one thread that got it: reading
the stack of a thread that runs Python code just then can crash, so the daemon asks so those alone that do not.
"""
import _signal as signal
import faulthandler
import sys
from os import write

from .channel import identity
from .wire import encode

# Numbers and not names, because C libraries disagree about SIGRTMIN; the daemon knows the same.
ASK = 61
INSIST = 60
END = b"<rqd> end\n"
NAMES = 100
NAME = 100


class Window:
    """Where a horse shows its stacks: a memory file that the daemon reads."""

    def __init__(self, memory):
        self.memory = memory
        self.identity = identity(memory)

    def open(self):
        """Listens from here on; again for each job, because the one before may have listened to something else."""
        # Never without a listener, not for a moment: such a signal ends the process. This is what `unregister` goes back to.
        signal.signal(INSIST, signal.SIG_IGN)
        faulthandler.unregister(INSIST)
        if identity(self.memory) != self.identity:
            # Its job closed the file.
            signal.signal(ASK, signal.SIG_IGN)
            return
        signal.signal(ASK, self.show)
        faulthandler.register(INSIST, file=self.memory, all_threads=False, chain=False)

    def show(self, number, frame):
        """Writes the stacks down. What an alarm raises in here is the job's, and passes through."""
        if identity(self.memory) == self.identity:
            faulthandler.dump_traceback(file=self.memory, all_threads=True)
            write(self.memory, END + names())


def names():
    """The names of the threads that Python knows of, as JSON."""
    active = list(getattr(sys.modules.get("threading"), "_active", {}).items())[:NAMES]
    found = {"%x" % number: str(vars(thread).get("_name", ""))[:NAME] for number, thread in active}
    return encode(found) + b"\n"
