"""A Debian 12 for one test: a copy that costs nothing, in which packages are installed and programs run.

The whole program runs in a mount and a process namespace of its own (scripts/test-packages), so nothing outlives it.
"""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root",
}


# The layers of a tree, the upper one first.
TREES = {"bookworm": ["bookworm"], "bookworm-tools": ["bookworm-tools/upper", "bookworm"]}


class NotInTime(Exception):
    """Something that was waited for did not come."""


def wait_until(condition, what, seconds=60.0):
    """Waits for a true value and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise NotInTime("waited %g s in vain: %s" % (seconds, what))


class Machine:
    """Used in a with statement; `tree` is the folder of build/ that it is a copy of."""

    def __init__(self, tree="bookworm"):
        # In memory: scripts/test-packages mounts that.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="machine-", dir=str(BUILD / "layers")))
        self.root = self.folder / "root"
        self._processes = []
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir()
        lower = ":".join(str(BUILD / layer) for layer in TREES[tree])
        layers = "lowerdir=%s,upperdir=%s,workdir=%s" % (lower, self.folder / "upper", self.folder / "work")
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)], check=True)
        subprocess.run(["mount", "-t", "proc", "proc", str(self.root / "proc")], check=True)
        subprocess.run(["mount", "--bind", "/dev", str(self.root / "dev")], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_reason):
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        for place in (self.root / "dev", self.root / "proc", self.root):
            subprocess.run(["umount", "--lazy", str(place)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        """Where a file of the machine lies."""
        return self.root / name.lstrip("/")

    def put(self, source):
        """Copies a file of ours to the machine, and tells its place there."""
        shutil.copy(source, self.path("/var/tmp"))
        return "/var/tmp/" + pathlib.Path(source).name

    def run(self, *command, status=0, **more):
        """Runs a command to its end and returns all that it said; it must end with the status."""
        ended = subprocess.run(
            ["chroot", str(self.root), *command], env=dict(ENVIRONMENT, **more), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if status is not None and ended.returncode != status:
            raise AssertionError("%s ended with %d:\n%s" % (" ".join(command), ended.returncode, ended.stdout))
        return ended.stdout

    def start(self, *command, log):
        """Starts a command; what it says goes into a file of the machine."""
        with open(self.path(log), "ab") as output:
            process = subprocess.Popen(
                ["chroot", str(self.root), *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT
            )
        self._processes.append(process)
        return process

    def exists(self, name):
        """Whether there is something of that name, a broken link too."""
        return os.path.lexists(self.path(name))

    def read(self, name):
        """The text of a file."""
        return self.path(name).read_text(errors="replace")
