"""What a unit of systemd says, and the socket on which its process answers."""

import pathlib
import shlex
import socket
import threading
import time

from .ends import Unexpected
from .stage import wait_until

# Where the directories of a service are, and the variables that name them.
DIRECTORIES = {"RuntimeDirectory": "/run", "StateDirectory": "/var/lib", "LogsDirectory": "/var/log"}


class Unit:
    """The settings of an instance: those of its template, and of drop-ins."""

    def __init__(self, instance, files):
        self._settings = {}
        for file in files:
            for line in pathlib.Path(file).read_text().splitlines():
                key, mark, value = line.partition("=")
                if mark and not line.startswith(("#", ";")):
                    self._add(key.strip(), value.strip().replace("%i", instance))

    def _add(self, key, value):
        # An empty value takes back those of before.
        self._settings[key] = [*self._settings.get(key, []), value] if value else []

    def all(self, key):
        """All values of a setting."""
        return self._settings.get(key, [])

    def last(self, key):
        """The value of a setting that can have only one."""
        return self._settings[key][-1]

    def command(self, key, **variables):
        """A command, with its variables replaced."""
        return [variables.get(word[1:], word) if word.startswith("$") else word for word in shlex.split(self.last(key))]

    def directories(self):
        """The directories that are the service's own, by their variables."""
        names = {"RuntimeDirectory": "RUNTIME_DIRECTORY", "StateDirectory": "STATE_DIRECTORY", "LogsDirectory": "LOGS_DIRECTORY"}
        return {names[key]: "%s/%s" % (place, self.last(key)) for key, place in DIRECTORIES.items()}


class Notices:
    """The socket of a service manager; shows what a service says."""

    def __init__(self, place):
        self._heard = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(place))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            notice = self._socket.recv(4096).decode(errors="replace")
            print("systemd hears | %s" % ", ".join(notice.splitlines()), flush=True)
            self._heard.append((time.monotonic(), notice))

    def wait_for(self, beginning):
        """Waits for a notice that begins so, and forgets what came before it."""

        def is_heard():
            for at, (_, notice) in enumerate(self._heard):
                if notice.startswith(beginning):
                    del self._heard[: at + 1]
                    return notice
            return None

        return wait_until(is_heard, "the service says %s" % beginning)
