"""A stage for real workers: a temporary folder, a private Redis in it, and processes that end with it.

The examples, the demo and the benchmarks play on it.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import redis

from .ends import NotInTime

# Settings of the person who runs this must not reach the workers on the stage.
FOREIGN = ("RQ_", "REDIS_", "SENTRY_")
FOREIGN_NAMES = ("QUEUES", "NAME", "PYTHONPATH", "DJANGO_SETTINGS_MODULE", "NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY")
# By this one, tests end what somebody else left behind.
TAG = "RQ_TEST_TAG"


def wait_until(condition, what, seconds=30.0):
    """Waits for a true value and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise NotInTime("waited %g s in vain: %s" % (seconds, what))


class Stage:
    """Used in a with statement; on leaving, its processes end and its folder goes."""

    def __init__(self, venv, redis_server):
        self.folder = None
        self.url = None
        self.connection = None
        self._venv = venv
        self._redis_server = redis_server
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
        self.url = "unix://%s?db=0" % socket
        options = ["--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(self.folder)]
        with open(self.folder / "redis.log", "wb") as log:
            self.start([self._redis_server, *options, "--save", "", "--appendonly", "no"], stdout=log, stderr=log)
        self.connection = redis.from_url(self.url)
        wait_until(self._redis_answers, "redis-server answers")

    def _redis_answers(self):
        try:
            return self.connection.ping()
        except redis.exceptions.ConnectionError:
            return False

    def start(self, command, kind=subprocess.Popen, cwd=None, env=None, **options):
        """Starts a process away from the terminal's signals: it is ended by this program alone."""
        process = kind(
            [str(part) for part in command], cwd=cwd or self.folder, stdin=subprocess.DEVNULL,
            env=self.environment() if env is None else env, start_new_session=True, **options
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

    def environment(self):
        """The environment that one has after activating the virtual environment."""
        kept = {
            name: value for name, value in os.environ.items()
            if name == TAG or not (name.startswith(FOREIGN) or name in FOREIGN_NAMES)
        }
        kept["VIRTUAL_ENV"] = str(self._venv)
        kept["PATH"] = "%s%s%s" % (pathlib.Path(self._venv) / "bin", os.pathsep, kept.get("PATH", os.defpath))
        return kept


class Echo:
    """Copies what a process prints to a file and, while it is on, to the terminal."""

    def __init__(self, process, path, prefix):
        self.on = True
        self.path = path
        self._prefix = prefix
        path.touch()
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
