"""The installed package at work on a machine: Redis, an application, the daemon as its unit starts it, a client."""

import json
import os
import re

from machine import wait_until

SOCKET = "/run/redis.sock"
URL = "unix://" + SOCKET
LOG = "/var/tmp/rq.log"
AS_SERVICE = ("runuser", "-u", "rq", "--")


class Service:
    """What a service manager and an application's programs do."""

    def __init__(self, machine, tasks):
        self.machine = machine
        self.redis = None
        self.enqueued = 0
        machine.path("/srv/app").mkdir(parents=True)
        self.write_tasks(tasks)
        machine.path("/var/tmp/redis").mkdir()
        self.start_redis()

    def write_tasks(self, tasks):
        self.machine.path("/srv/app/tasks.py").write_text(tasks)

    def start_redis(self):
        """Starts a Redis that keeps what it has when it is killed."""
        self.redis = self.machine.start(
            "redis-server", "--port", "0", "--unixsocket", SOCKET, "--unixsocketperm", "777", "--dir", "/var/tmp/redis", "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", log="/var/tmp/redis.log")
        wait_until(lambda: "PONG" in self.machine.run("redis-cli", "-s", SOCKET, "ping", status=None), "redis-server")

    def python(self, code):
        """What Python says, given a connection `c` and a queue `q`."""
        head = "import json, redis, rq; c = redis.Redis(unix_socket_path=%r); q = rq.Queue(connection=c); " % SOCKET
        return self.machine.run("python3", "-c", head + code, PYTHONPATH="/srv/app").strip()

    def enqueue(self, call):
        """Enqueues by Python's client and returns the id of the job."""
        self.enqueued += 1
        return self.python("print(q.enqueue(%s).id)" % call)

    def state(self, job):
        """The status of a job and what it returned."""
        return tuple(json.loads(self.python(
            "j = rq.job.Job.fetch(%r, connection=c); print(json.dumps([j.get_status().value, j.return_value()]))" % job)))

    def await_state(self, job, state):
        """Waits until a job has a status, and returns what it returned."""
        wait_until(lambda: self.state(job)[0] == state, "job %s is %s; the log says:\n%s" % (job, state, self.log()))
        return self.state(job)[1]

    def log(self):
        return self.machine.read(LOG)

    def command_of(self, unit, instance="app"):
        """How a unit starts the daemon."""
        line = re.search(r"(?m)^ExecStart=(.*)$", self.machine.read("/lib/systemd/system/" + unit)).group(1)
        return line.replace("%i", instance).split()

    def daemon(self, unit):
        """Starts the daemon as the unit does: by its ExecStart, as its user."""
        with open(self.machine.path(LOG), "a", encoding="utf-8") as log:
            seen = log.tell()
        daemon = self.machine.start(*AS_SERVICE, *self.command_of(unit), log=LOG)
        wait_until(lambda: "Listening on" in self.log()[seen:] or daemon.poll() is not None, "the worker")
        wait_until(lambda: self.workers() >= 1, "the worker in Redis; the log says:\n" + self.log())
        return daemon

    def workers(self):
        return int(self.python("print(len(rq.Worker.all(connection=c)))"))

    def number(self):
        """The daemon's process; all machines share the processes of this program."""
        told = json.loads(self.machine.run(*AS_SERVICE, "rq", "status", "--json"))
        return told[0]["pid"]

    def signal(self, number):
        os.kill(self.number(), number)

    def end_of(self, daemon):
        """Waits for the end of a daemon and returns its status."""
        wait_until(lambda: daemon.poll() is not None, "the daemon's end:\n" + self.log())
        return daemon.returncode
