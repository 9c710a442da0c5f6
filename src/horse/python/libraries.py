"""rq and redis, which modules of jobs often import: loaded once by the fork server when horses were seen to load them.

Not before: a fork copies the page tables of all that is loaded, which with these two takes four times as long, and jobs
that need neither would pay for it. Where they are needed, they take a horse a hundred times as long as such a fork.
"""
import mmap
import sys
from importlib import import_module
from importlib.machinery import PathFinder

NAMES = ("redis", "rq", "rq.job")
# Of so many horses one must have loaded a library: about where loading it once is the cheaper.
SHARE = 50


class Libraries:
    """Which of them horses have loaded by themselves; a page of memory that the fork server shares with its horses."""

    def __init__(self):
        self.page = mmap.mmap(-1, mmap.PAGESIZE)
        self.path = None
        self.missing = ()
        self.horses = 0
        self.needed = {}

    def watch(self):
        """From here on in the fork server, horses tell what is not loaded yet."""
        self.path = list(sys.path)
        self.missing = [name for name in NAMES if name not in sys.modules]

    def note(self):
        """In a horse, after a job: leaves word of what its code has loaded."""
        for name in self.missing:
            place = NAMES.index(name)
            if name in sys.modules and not self.page[place] and self.is_ours(name):
                self.page[place] = 1

    def is_ours(self, name):
        """Whether the fork server would find the same: not a test's double, nor one beside a path of the job's own."""
        name = name.partition(".")[0]
        try:
            found = PathFinder.find_spec(name, self.path)
            return found is not None and sys.modules[name].__spec__.origin == found.origin
        except Exception:
            return False

    def heed(self):
        """In the fork server, after a horse: loads what enough of them have needed. True when it loaded something."""
        if not self.missing:
            return False
        self.horses += 1
        wanted = []
        for name in self.missing:
            place = NAMES.index(name)
            self.needed[name] = self.needed.get(name, 0) + self.page[place]
            self.page[place] = 0
            if self.needed[name] * SHARE >= self.horses:
                wanted.append(name)
        for name in wanted:
            self.missing.remove(name)
            try:
                import_module(name)
            except BaseException:
                continue  # Horses go on loading it by themselves, and tell their jobs what is wrong.
        return bool(wanted)
