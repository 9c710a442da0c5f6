"""The workers of the fleet: each is started again as soon as it is gone, and now and then a process of one is killed."""

import collections
import os
import random
import shlex
import signal
import time

from stage import OURS, THEIRS

# How a killed process stood to its worker: the worker (or daemon) itself, its child (a horse or a scheduler of Python's, a fork
# server of ours), or a child of that (a horse of ours).
RANKS = ("worker", "child", "grandchild")

Kill = collections.namedtuple("Kill", "at worker rank pid")


class Crew:
    def __init__(self, stage, queues, options):
        self.stage, self.dice = stage, random.Random(options.seed)
        quick = ["--maintenance-interval", "5", "--job-monitoring-interval", "5", "--with-scheduler", *queues]
        self.commands = {}
        # RQ has imported what the jobs import, redis and rq, before it forks.
        ours = OURS + " --preload jobs"
        for kind, program, count in (("python", THEIRS, options.theirs), ("ours", ours, options.ours)):
            for number in range(1, count + 1):
                name = "%s-%d" % (kind, number)
                self.commands[name] = [*shlex.split(program), "--url", stage.url, *quick]
        self.workers, self.starts, self.kills = {}, collections.Counter(), []

    def keep_up(self):
        """Starts whoever is gone. A killed Python worker's name stays taken until its key expires, so each start has its own."""
        for name, command in self.commands.items():
            if name not in self.workers or self.workers[name].poll() is not None:
                self.starts[name] += 1
                log = open(self.stage.folder / ("%s.log" % name), "ab")
                named = [*command, "--name", self.current(name)]
                self.workers[name] = self.stage.start(named, stdout=log, stderr=log)

    def current(self, name):
        return "%s-%d" % (name, self.starts[name])

    def kill_one(self):
        """Kills a worker, or a process under it."""
        name = self.dice.choice(list(self.workers))
        family = [(self.workers[name].pid, 0)]
        for pid, rank in family:
            family += [(child, min(rank + 1, 2)) for child in children(pid)]
        pid, rank = self.dice.choice(family)
        try:
            os.kill(pid, signal.SIGKILL)
            self.kills.append(Kill(time.time(), self.current(name), RANKS[rank], pid))
        except ProcessLookupError:
            pass

    def stop(self):
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            self.stage.stop(worker, 60)


def kind_of(worker):
    """Whose worker a name is of: "ours" or "python"."""
    return worker.split("-")[0]


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as listed:
            return [int(child) for child in listed.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
