"""Where contenders meet: a Redis, the file that jobs leave notes in, and one contender after the other."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import time

import redis
from marks import NOTE
from stage import NotInTime, wait_until

from . import processes
from .invariants import Broken, check

CONTENDERS = pathlib.Path(__file__).resolve().parent.parent / "contenders"
# Copies all keys of the database given into database 0, where the workers are. Whoever waits for one is woken.
POUR = """
redis.call('SELECT', ARGV[1])
for _, key in ipairs(redis.call('KEYS', '*')) do
  redis.call('COPY', key, key, 'DB', 0, 'REPLACE')
end
"""
# How much of a second a pool may compute while it is called at rest.
QUIET = 0.03


class Arena:
    """A Redis, and what one contender after the other does on it."""

    def __init__(self, stage, say):
        self.stage = stage
        self.say = say
        port = self._open_port(stage.connection)
        self.url = "redis://127.0.0.1:%d/" % port
        self.connection = redis.from_url(self.url + "0")
        self.notes = stage.folder / "notes"
        # Jobs lie where Python may keep their compiled form, as those of an application do.
        self._jobs = stage.folder / "contenders"
        shutil.copytree(CONTENDERS, self._jobs, ignore=shutil.ignore_patterns("__pycache__"))
        # Jobs a second by contender and slots, as far as they are known.
        self.rates = {}
        self._templates = {}
        # Commands that were asked from here and look like a worker's.
        self._asked = 0

    @staticmethod
    def _open_port(connection):
        """Lets the Redis listen on a free port, too, for those who know no Unix sockets."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        connection.config_set("port", port)
        return port

    def variables(self, database=0):
        """What jobs, workers and clients find in their environment."""
        url = self.url + str(database)
        return {
            "BENCH_REDIS": url, "BENCH_NOTES": str(self.notes), "RQ_REDIS_URL": url, "REDIS_URL": url, "PYTHONPATH": str(self._jobs),
        }

    def clear(self):
        """Forgets the jobs of the last contender, but for the templates."""
        self.connection.flushdb()
        self.notes.write_bytes(b"")
        for end in (".gated", ".open"):
            pathlib.Path(str(self.notes) + end).unlink(missing_ok=True)

    def start(self, contender, slots, arguments=(), before=(), **variables):
        """Starts its worker. `before` is a program that starts it in turn."""
        own = dict(self.variables(), **contender.variables, BENCH_SLOTS=str(slots), **variables)
        environment = dict(self.stage.environment(), VIRTUAL_ENV=str(contender.venv), **own)
        with open(self.stage.folder / "worker.log", "ab") as log:
            command = [*before, *contender.command(slots), *arguments]
            return self.stage.start(command, stdout=log, stderr=log, env=environment)

    @contextlib.contextmanager
    def working(self, contender, slots=1, arguments=(), before=(), **variables):
        """Has its worker at work; all its processes are gone afterwards."""
        worker = self.start(contender, slots, arguments, before, **variables)
        try:
            yield worker
        finally:
            self.stop(worker, contender)

    @contextlib.contextmanager
    def several(self, contender, count):
        """Has that many workers of one slot idle."""
        workers = []
        try:
            workers += [self.start(contender, 1) for _ in range(count)]
            self.wait_for_rest(workers, contender, count)
            yield workers
        finally:
            self.stop(workers, contender)

    def stop(self, workers, contender):
        """Asks them to end. Those whose good-bye leaves nothing to check get a moment for it; some take twenty seconds."""
        family = {}
        for worker in _list(workers):
            family.update(processes.tree(worker.pid))
            if worker.poll() is None:
                worker.terminate()
        for worker in _list(workers):
            self.stage.stop(worker, 15 if contender.is_rq else 0.3)
        processes.end(family, 5 if contender.is_rq else 0.1)

    def client(self, contender, *arguments, database=0, wait=True, **variables):
        """Lets the contender's own client do something."""
        environment = dict(os.environ, **self.variables(database), **variables)
        process = subprocess.Popen(contender.client(*arguments), env=environment, stdout=subprocess.DEVNULL)
        if wait and process.wait() != 0:
            raise NotInTime("the client of %s ended with %s" % (contender.name, process.returncode))
        return process

    def prepare(self, contender, way, *numbers, **variables):
        """Lets the client write jobs to a database of the contender's own, from which they can be poured."""
        databases = [name for name, _ in self._templates.values()]
        key = (contender.name, way, numbers, tuple(variables.items()))
        database, known = self._templates.get(contender.name, (len(databases) + 1, None))
        if known != key:
            redis.from_url(self.url + str(database)).flushdb()
            self._templates[contender.name] = (database, None)
            self.client(contender, way, *numbers, database=database, **variables)
            self._templates[contender.name] = (database, key)
        return database

    def pour(self, database):
        """Lets the prepared jobs appear, all at one moment; what is counted of Redis begins anew with it."""
        with self.connection.pipeline(transaction=True) as pipeline:
            pipeline.eval(POUR, 0, database)
            pipeline.config_resetstat()
            pipeline.execute()
        # The end of this transaction is the first that is counted.
        self._asked = 1

    def count_anew(self):
        """Lets what is counted of Redis begin anew."""
        self.connection.config_resetstat()
        self._asked = 0

    def traffic(self):
        """What Redis has done since: commands with those inside of scripts, bytes that came in and went out, connections that were made.

        Of commands, what was asked from here does not count.
        """
        stats = self.connection.info("stats")
        calls = {name: found["calls"] for name, found in self.connection.info("commandstats").items()}
        own = sum(calls.get("cmdstat_" + name, 0) for name in ("info", "config|resetstat")) + self._asked
        return {
            "commands": sum(calls.values()) - own,
            "in": stats["total_net_input_bytes"], "out": stats["total_net_output_bytes"],
            "connections": stats["total_connections_received"],
        }

    def wait_until_settled(self, contender, count):
        """Waits until Redis knows that the jobs ended; where that cannot be seen, for a moment."""
        if not contender.is_rq:
            time.sleep(0.3)
            return
        wait_until(lambda: self._settled() >= count, "%d jobs are settled" % count)
        # The worker says that it is idle.
        time.sleep(0.1)

    def _settled(self):
        self._asked += 1
        return self.connection.zcard("rq:finished:default")

    def wait_for_rest(self, workers, contender, slots, seconds=120):
        """Waits until workers are registered for all slots, and nobody of them computes any more."""
        workers = _list(workers)
        if contender.is_rq:
            wait_until(lambda: _alive(workers) and self.connection.scard("rq:workers") >= slots, "%d workers" % slots, seconds)
        deadline = time.monotonic() + seconds
        quiet = 0
        before = self._activity(workers)
        while quiet < 2:
            if time.monotonic() > deadline:
                raise NotInTime("%s does not come to rest" % contender.name)
            time.sleep(0.2)
            now = self._activity(workers)
            quiet = quiet + 1 if now[1:] == before[1:] and now[0] - before[0] <= QUIET * len(workers) else 0
            before = now
            _alive(workers)

    def _activity(self, workers):
        family = [pid for worker in workers for pid in processes.tree(worker.pid)]
        return processes.seconds(family), len(family), self.connection.info("clients")["connected_clients"]

    def count(self):
        """How many jobs ran to their end."""
        return self.notes.stat().st_size // NOTE.size

    def seen(self):
        """The notes of the jobs that ran: when they were sent, when they began, when they ended."""
        return list(NOTE.iter_unpack(self.notes.read_bytes()))

    def wait_for(self, count, worker, seconds=120):
        """Waits until so many jobs ran; returns their notes."""
        wait_until(lambda: _alive([worker]) and self.count() >= count, "%d jobs ran" % count, seconds)
        return self.seen()

    def gated(self):
        """How many jobs wait at the gate."""
        path = pathlib.Path(str(self.notes) + ".gated")
        return path.stat().st_size if path.exists() else 0

    def open_gate(self):
        pathlib.Path(str(self.notes) + ".open").touch()

    def check(self, contender, count):
        """Once the worker has ended: each job ran exactly once, and RQ's invariants hold."""
        sent = [sent for sent, _, _ in self.seen()]
        if len(sent) != count:
            raise Broken("%d jobs ran in place of %d" % (len(sent), count))
        if len(set(sent)) != count:
            raise Broken("%d jobs ran twice" % (count - len(set(sent))))
        if contender.is_rq:
            check(self.connection, count)


def _list(workers):
    return workers if isinstance(workers, list) else [workers]


def _alive(workers):
    for worker in workers:
        if worker.poll() is not None:
            raise NotInTime("the worker ended with %s: see its lines" % worker.returncode)
    return True
