"""What a play is told with: it runs commands, shows them with what they say, and checks what became of them."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys

from .ends import NotInTime, Unexpected
from .stage import Echo, Stage, wait_until

SOON = 60.0


class Daemon:
    """A command that runs beside the others; what it says is shown as it comes."""

    def __init__(self, show, name, process):
        self.process = process
        self._show = show
        self._echo = Echo(process, show.folder / ("%s.log" % name), "%s | " % name)

    def told(self):
        """All that it has said so far."""
        return self._echo.path.read_text(errors="replace")

    def wait_for(self, text, times=1):
        """Waits until it has said something so many times."""

        def is_told():
            if self.told().count(text) >= times:
                return True
            if self.process.poll() is not None:
                self._echo.finish()
                raise Unexpected("it ended with %d before it said %r" % (self.process.returncode, text))
            return False

        wait_until(is_told, "it says %r" % text, SOON)

    def send(self, number):
        """Sends it a signal."""
        os.kill(self.process.pid, number)

    def wait(self):
        """Waits for its end and returns its status."""
        try:
            status = self.process.wait(SOON)
        except subprocess.TimeoutExpired:
            raise NotInTime("waited %g s in vain for the end of a command" % SOON) from None
        self._echo.finish()
        return status

    def stop(self, number=signal.SIGTERM):
        """Asks it to end, and returns its status."""
        if self.process.poll() is None:
            self.send(number)
        return self.wait()


class Show(Stage):
    """A stage with a copy of an example's folder, in which its commands run."""

    def __init__(self, example, rq, redis_server):
        super().__init__(sys.prefix, redis_server)
        self.example = example
        self.here = None
        self.rq_program = rq
        self._programs = {"rq": str(rq), "python": sys.executable}

    def __enter__(self):
        super().__enter__()
        self.here = self.folder / self.example.name
        shutil.copytree(str(self.example), str(self.here), ignore=shutil.ignore_patterns("__pycache__", "db.sqlite3"))
        return self

    def environment(self):
        """An activated virtual environment, this Redis, and nothing of other daemons of the same user."""
        environment = super().environment()
        if sys.prefix == sys.base_prefix:
            del environment["VIRTUAL_ENV"]
            environment["RQ_PYTHON"] = sys.executable
        environment.update(
            REDIS_URL=self.url, RQ_RUNTIME_DIR=str(self.folder / "run"), XDG_CONFIG_HOME=str(self.folder / "config"),
            PYTHONUNBUFFERED="1", PYTHONDONTWRITEBYTECODE="1",
        )
        return environment

    def headline(self, name, text):
        """Begins the account."""
        print("== %s: %s" % (name, text.splitlines()[0]), flush=True)

    def _shown(self, command):
        return " ".join(shlex.quote(str(part)) for part in command)

    def _resolve(self, command):
        return [self._programs.get(str(command[0]), command[0]), *command[1:]]

    def run(self, *command, status=0, **more):
        """Runs a command to its end, shows and returns what it says; it must end with the status."""
        print("\n$ %s" % self._shown(command), flush=True)
        ended = subprocess.run(
            [str(part) for part in self._resolve(command)], cwd=str(more.pop("cwd", self.here)), env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SOON, check=False, **more
        )
        told = ended.stdout.decode(errors="replace")
        print(told, end="", flush=True)
        if ended.returncode != status:
            raise Unexpected("%s ended with %d" % (command[0], ended.returncode))
        return told

    def daemon(self, name, *command, **more):
        """Starts a command that goes on."""
        print("\n$ %s &" % self._shown(command), flush=True)
        more.setdefault("cwd", str(self.here))
        process = self.start(self._resolve(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        return Daemon(self, name, process)

    def check(self, what, holds):
        """Tells what is so; it is the end when it is not."""
        if not holds:
            raise Unexpected("it is not so that %s" % what)
        print("ok: %s" % what, flush=True)

    def read(self, name):
        """The text of a file of the example."""
        return pathlib.Path(self.here / name).read_text()
