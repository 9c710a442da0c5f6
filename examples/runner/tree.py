"""A root of its own for a process: the programs of this machine, and what belongs to the example at the places where it will be."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys

from .ends import Unexpected, Unfit
from .show import SOON, Daemon

# Where the machine itself is to be found inside.
HOST = pathlib.PurePosixPath("/.host")


def namespaces():
    """The options of unshare that make a root of one's own possible."""
    options = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.call(["unshare", *options, "true"], stderr=subprocess.DEVNULL):
        raise Unfit("this machine does not permit `unshare %s`" % " ".join(options))
    return options


class Enclosing(subprocess.Popen):
    """unshare, which is deaf to SIGTERM while its command runs."""

    def terminate(self):
        """Asks that command to end."""
        os.kill(first_child(self.pid) or self.pid, signal.SIGTERM)


def first_child(pid):
    """The first child of a process, if there is one."""
    try:
        told = pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()
    except FileNotFoundError:
        return None
    return int(told[0]) if told else None


class Tree:
    """The root: a folder of links to the machine, apart from what is put there."""

    def __init__(self, show):
        self._show = show
        self._options = namespaces()
        self._root = show.folder / "root"
        self._mounts = []
        self._farm(pathlib.PurePosixPath("/"))
        self.inside(HOST).mkdir()
        for place in ("/proc", "/tmp", "/run"):
            self.make(place)
        # The interpreter may be in one of those.
        for place in (sys.prefix, sys.base_prefix):
            if place.startswith(("/tmp/", "/run/")):
                self.link(place, place)

    def inside(self, place):
        """Where a place of the tree lies."""
        return self._root / str(place).lstrip("/")

    def _farm(self, place):
        """Makes a folder of the tree a real one, with links to all that the machine has there."""
        ours = self.inside(place)
        if ours.is_symlink():
            ours.unlink()
        elif ours.is_dir():
            return
        elif place != place.parent:
            self._farm(place.parent)
        ours.mkdir(exist_ok=True)
        if os.path.isdir(str(place)):
            for name in os.listdir(str(place)):
                (ours / name).symlink_to(str(HOST / place.relative_to("/") / name))

    def _free(self, place):
        """Makes room for something of the example."""
        place = pathlib.PurePosixPath(place)
        self._farm_up_to(place.parent)
        ours = self.inside(place)
        if ours.is_symlink() or ours.is_file():
            ours.unlink()
        return ours

    def _farm_up_to(self, place):
        for folder in [*reversed(place.parents), place]:
            self._farm(folder)

    def make(self, place):
        """Makes an empty folder."""
        ours = self._free(place)
        ours.mkdir(exist_ok=True)
        return ours

    def put(self, source, place):
        """Copies a file to a place, which is a folder if it ends so, or what is in a folder into another one."""
        source = pathlib.Path(source)
        if source.is_dir():
            files = [file for file in source.rglob("*") if file.is_file()]
            targets = [pathlib.PurePosixPath(place) / file.relative_to(source) for file in files]
        else:
            files = [source]
            targets = [place + source.name if place.endswith("/") else place]
        for file, target in zip(files, targets):
            shutil.copy(str(file), str(self._free(target)))

    def link(self, source, place):
        """Shows a file of the machine at a place."""
        self._free(place).symlink_to(str(HOST / str(source).lstrip("/")))

    def mount(self, source, place):
        """Mounts a file or a folder at a place."""
        ours = self._free(place)
        if pathlib.Path(source).is_dir():
            ours.mkdir()
        else:
            ours.touch()
        self._mounts.append((source, ours))

    def _script(self, has_processes):
        lines = ["mount --rbind / %s" % shlex.quote(str(self.inside(HOST)))]
        lines += ["mount --bind %s %s" % (shlex.quote(str(source)), shlex.quote(str(ours))) for source, ours in self._mounts]
        kind = "-t proc proc" if has_processes else "--rbind /proc"
        lines.append("mount %s %s" % (kind, shlex.quote(str(self.inside("/proc")))))
        return "\n".join([*lines, 'exec chroot %s "$@"' % shlex.quote(str(self._root))])

    def start(self, name, command, environment, folder="/", has_processes=False):
        """Starts a command inside; with process numbers of its own, it is the first one."""
        options = [*self._options, "--pid", "--fork", "--kill-child"] if has_processes else self._options
        words = ["unshare", *options, "sh", "-euc", self._script(has_processes), "sh", *within(command, environment, folder)]
        print("\n# %s" % " ".join(shlex.quote(word) for word in command), flush=True)
        kind = Enclosing if has_processes else subprocess.Popen
        process = self._show.start(words, kind, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return Inmate(self._show, name, process, has_processes, "--user" in options)


def within(command, environment, folder):
    """A command with these variables and no others."""
    return ["env", "-i", "-C", str(folder), *("%s=%s" % pair for pair in environment.items()), *command]


class Inmate(Daemon):
    """A process in a tree."""

    def __init__(self, show, name, process, has_processes, is_mapped):
        super().__init__(show, name, process)
        self._has_processes = has_processes
        self._is_mapped = is_mapped

    @property
    def pid(self):
        """Its process number on this machine."""
        return first_child(self.process.pid) if self._has_processes else self.process.pid

    def run(self, command, environment, status=0):
        """Runs a command beside it, to its end, and returns what that says."""
        print("\n# %s" % " ".join(shlex.quote(word) for word in command), flush=True)
        words = ["nsenter", "--target", str(self.pid), "--mount", "--root"]
        words += ["--pid"] if self._has_processes else []
        words += ["--user", "--preserve-credentials"] if self._is_mapped else []
        ended = subprocess.run(
            [*words, *within(command, environment, "/")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=SOON, check=False
        )
        told = ended.stdout.decode(errors="replace")
        print(told, end="", flush=True)
        if ended.returncode != status:
            raise Unexpected("%s ended with %d" % (command[0], ended.returncode))
        return told
