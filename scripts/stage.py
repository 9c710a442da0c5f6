"""A stage for real workers: a temporary folder, a private Redis in it, and processes that end with it.

The demo and the benchmarks play on it.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import redis

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / "build" / "venv" / "rq-3.0.0"
THEIRS = "%s worker" % (VENV / "bin" / "rq")
OURS = "%s worker" % (ROOT / "target" / "release" / "rq")

# Settings of the person who runs this must not reach the workers on the stage.
FOREIGN = ("RQ_", "REDIS_", "SENTRY_")
FOREIGN_NAMES = ("QUEUES", "NAME", "PYTHONPATH")


class NotInTime(Exception):
    """Something that was waited for did not come."""


def wait_until(condition, what, seconds=30.0):
    """Waits for a true value and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise NotInTime("waited %g s in vain: %s" % (seconds, what))


def end_on_signals():
    """Lets SIGTERM and SIGHUP end the program as Ctrl-C does, so that the stage is cleaned up."""

    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


class Stage:
    """Used in a with statement; on leaving, its processes end and its folder goes."""

    def __init__(self):
        self.folder = None
        self.url = None
        self.connection = None
        self._processes = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rqd-"))
        try:
            self._start_redis()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_reason):
        # The last one started ends first, so that a worker can still say good-bye to its Redis.
        for process in reversed(self._processes):
            self.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_redis(self):
        socket = self.folder / "redis.sock"
        server = os.environ.get("RQ_TEST_REDIS_SERVER") or str(ROOT / "build" / "bin" / "redis-server")
        options = ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(self.folder)]
        with open(self.folder / "redis.log", "wb") as log:
            self.start([server, *options, "--save", "", "--appendonly", "no"], stdout=log, stderr=log)
        self.url = "unix://%s?db=0" % socket
        self.connection = redis.from_url(self.url)
        wait_until(self._redis_answers, "redis-server answers")

    def _redis_answers(self):
        try:
            return self.connection.ping()
        except redis.exceptions.ConnectionError:
            return False

    def start(self, command, **options):
        """Starts a process away from the terminal's signals: it is ended by this program alone."""
        process = subprocess.Popen(
            [str(part) for part in command], cwd=self.folder, stdin=subprocess.DEVNULL, env=self._environment(),
            start_new_session=True, **options
        )
        self._processes.append(process)
        return process

    def stop(self, process, seconds=15.0):
        """Asks a process to end, insists when it does not, and returns its status."""
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _environment(self):
        """The environment that one has after activating the virtual environment."""
        kept = {
            name: value for name, value in os.environ.items()
            if not name.startswith(FOREIGN) and name not in FOREIGN_NAMES
        }
        kept["VIRTUAL_ENV"] = str(VENV)
        kept["PATH"] = "%s%s%s" % (VENV / "bin", os.pathsep, kept.get("PATH", os.defpath))
        return kept


class Echo:
    """Copies what a process prints to a file and, while it is on, to the terminal."""

    def __init__(self, process, path, prefix):
        self.on = True
        self._prefix = prefix
        self._thread = threading.Thread(target=self._copy, args=(process.stdout, path), daemon=True)
        self._thread.start()

    def _copy(self, stream, path):
        with open(path, "wb") as log:
            for line in stream:
                log.write(line)
                log.flush()
                if self.on:
                    sys.stdout.write(self._prefix + line.decode(errors="replace"))
                    sys.stdout.flush()

    def finish(self):
        """Waits for the last line."""
        self._thread.join(5)
