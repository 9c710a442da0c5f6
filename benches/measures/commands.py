"""What a job costs Redis: commands with those inside of scripts, requests, bytes, and connections, the worker having plenty to do."""

import socket
import threading
import time
import urllib.parse

from .drain import enough, rate
from .sheet import Sheet

MOST = 500
IDLE_JOBS = 40
END = b"that is all"


def measure(arena, contenders, options):
    sheet = Sheet("Redis, 1 slot", "a job", arena.say)
    for contender in contenders:
        with sheet.attempt("commands", contender.name):
            _under_load(arena, contender, options, sheet)
        if contender.is_rq:
            with sheet.attempt("commands, one by one", contender.name):
                sheet.add("commands, one by one", contender.name, one_by_one(arena, contender, min(IDLE_JOBS, options.latencies))[0])
    return sheet


def _under_load(arena, contender, options, sheet):
    count = min(MOST, enough(rate(arena, contender, 1), options))
    traffic = _drain(arena, contender, count)
    requests = _drain(arena, contender, count, listen=True)
    sheet.add("commands", contender.name, traffic["commands"] / count)
    sheet.add("requests", contender.name, requests / count)
    sheet.add("bytes in", contender.name, traffic["in"] / count)
    sheet.add("bytes out", contender.name, traffic["out"] / count)
    sheet.add("connections", contender.name, traffic["connections"] / count)


def _drain(arena, contender, count, listen=False):
    """The traffic of a drain, or the number of its requests: a listener's own traffic would count."""
    database = arena.prepare(contender, "fill", count, 0.0)
    arena.clear()
    with arena.working(contender, 1) as worker:
        arena.wait_for_rest(worker, contender, 1)
        listener = Listener(arena) if listen else None
        arena.pour(database)
        arena.wait_for(count, worker)
        arena.wait_until_settled(contender, count)
        found = listener.stop(arena.connection) if listen else arena.traffic()
    arena.check(contender, count)
    return found


def one_by_one(arena, contender, count, workers=1):
    """Commands for each job that finds idle workers, without those of the client that sends it, and how long that took."""
    arena.clear()
    arena.count_anew()
    arena.client(contender, "fill", count, 0.0)
    of_client = arena.traffic()["commands"]
    arena.clear()
    with arena.several(contender, workers) as started:
        arena.count_anew()
        begun = time.monotonic()
        arena.client(contender, "one_by_one", count)
        arena.wait_for(count, started[0])
        arena.wait_until_settled(contender, count)
        commands = arena.traffic()["commands"]
        seconds = time.monotonic() - begun
    arena.check(contender, count)
    return (commands - of_client) / count, seconds


class Listener:
    """Counts the requests of workers by Redis' MONITOR, which tells of each command whether a script gave it, and else whose it is."""

    def __init__(self, arena):
        address = urllib.parse.urlsplit(arena.url)
        self._own = arena.connection.client_info()["addr"].encode()
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.sendall(b"MONITOR\r\n")
        self._lines = self._socket.makefile("rb")
        self._lines.readline()
        self._count = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        for line in self._lines:
            if END in line:
                return
            # TIME [DATABASE ADDRESS] "COMMAND" ..., with "lua" for an address.
            source = line[:line.index(b"]")]
            if not source.endswith((b" lua", self._own)):
                self._count += 1

    def stop(self, connection):
        connection.echo(END)
        self._thread.join(10)
        self._socket.close()
        return self._count
