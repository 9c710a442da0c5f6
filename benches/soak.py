#!/usr/bin/env python3
"""Ten minutes of load and mischief: reloads, kills and stops, and an account of each job and of what the daemon uses.

"make soak" runs it. benches/README.md tells what the figures mean.
"""

import argparse
import os
import pathlib
import random
import signal
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))

from rq import Queue, Retry, Worker  # noqa: E402
from rq.command import send_shutdown_command  # noqa: E402
from stage import OURS, Stage, end_on_signals, wait_until  # noqa: E402

JOBS = '''import time


def quick():
    pass


def slow(seconds):
    time.sleep(seconds)
'''
COMMON = '''[worker]
on_shutdown = "replace"
on_interrupt = "requeue"
results_ttl = {ttl}
[group.quick]
queues = ["quick"]
workers = {quick}
[group.slow]
queues = ["slow", "quick"]
workers = {slow}
dequeue_strategy = "round_robin"
'''
GOOD = [COMMON.format(ttl=3600, quick=2, slow=2), COMMON.format(ttl=3601, quick=3, slow=1)]
BAD = [GOOD[0] + "[worker]\nttl = 1\n", GOOD[0].replace("3600", '"soon"'), GOOD[0] + "colour = 'red'\n", "["]
# How many jobs are under way at most.
UNDER_WAY = 150


def children(pid):
    """The numbers of a process's children that live."""
    try:
        return [int(child) for child in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]
    except OSError:
        return []


def used(pid):
    """Resident memory in KiB and open descriptors."""
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return resident, len(os.listdir("/proc/%d/fd" % pid))


class Load:
    """Jobs that were given and not yet seen to end."""

    def __init__(self, connection):
        self.connection = connection
        self.queues = {name: Queue(name, connection=connection) for name in ("quick", "slow")}
        self.open = {}
        self.given = self.finished = 0
        self.failed = []

    def give(self):
        while len(self.open) < UNDER_WAY:
            name = random.choices(("quick", "slow"), (9, 1))[0]
            work = ("jobs.quick",) if name == "quick" else ("jobs.slow", random.uniform(0.01, 0.5))
            # A killed work horse fails its job; here it is to be done in the end all the same.
            self.open[self.queues[name].enqueue(*work, retry=Retry(max=1000)).id] = name
            self.given += 1

    def take(self):
        """Strikes out what has ended, and removes it from Redis."""
        ids = list(self.open)
        pipe = self.connection.pipeline()
        for job in ids:
            pipe.hget("rq:job:" + job, "status")
        for job, status in zip(ids, pipe.execute()):
            if status == b"finished":
                self.finished += 1
            elif status == b"failed":
                self.failed.append(job)
            elif status is not None:
                continue
            name = self.open.pop(job)
            pipe.delete("rq:job:" + job, "rq:results:" + job)
            pipe.zrem("rq:finished:" + name, job)
        pipe.execute()


class Mischief:
    """What is done to the daemon, each thing at its time."""

    KINDS = ("reload", "horse", "server", "stop")

    def __init__(self, stage, daemon, config, kinds):
        self.stage, self.daemon, self.config = stage, daemon, config
        self.counts = dict.fromkeys(("reloads", "refusals", "horses killed", "fork servers killed", "workers stopped"), 0)
        acts = {"reload": (self.reload, 1), "horse": (self.kill_horse, 0.5), "server": (self.kill_server, 5), "stop": (self.stop_worker, 3)}
        self.due = {act: (every, time.monotonic()) for act, every in (acts[name] for name in kinds)}

    def go_on(self):
        now = time.monotonic()
        for act, (every, due) in self.due.items():
            if now >= due:
                act()
                self.due[act] = (every, now + every)

    def reload(self):
        number = self.counts["reloads"] + self.counts["refusals"]
        good = number % 2 == 0
        self.config.write_text(random.choice(GOOD if good else BAD))
        os.kill(self.daemon.pid, signal.SIGHUP)
        self.counts["reloads" if good else "refusals"] += 1

    def kill_horse(self):
        horses = [horse for server in children(self.daemon.pid) for horse in children(server)]
        self._kill(horses, "horses killed")

    def kill_server(self):
        self._kill([child for child in children(self.daemon.pid) if children(child)], "fork servers killed")

    def stop_worker(self):
        names = [worker.name for worker in Worker.all(connection=self.stage.connection)]
        if names:
            send_shutdown_command(self.stage.connection, random.choice(names))
            self.counts["workers stopped"] += 1

    def _kill(self, pids, what):
        if pids:
            try:
                os.kill(random.choice(pids), signal.SIGKILL)
                self.counts[what] += 1
            except ProcessLookupError:
                pass


def soak(stage, command, seconds, kinds):
    (stage.folder / "jobs.py").write_text(JOBS)
    config = stage.folder / "rq.toml"
    config.write_text(GOOD[0])
    with open(stage.folder / "worker.log", "wb") as log:
        daemon = stage.start([command, "run", "-c", config, "-u", stage.url], stdout=log, stderr=log)
    wait_until(lambda: Worker.count(connection=stage.connection) == 4, "the workers register")
    load, mischief, samples = Load(stage.connection), Mischief(stage, daemon, config, kinds), []
    end, next_sample = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < end:
        load.give()
        mischief.go_on()
        load.take()
        if time.monotonic() >= next_sample:
            samples.append(used(daemon.pid))
            next_sample += 1
        time.sleep(0.02)
    config.write_text(GOOD[0])
    os.kill(daemon.pid, signal.SIGHUP)

    def is_done():
        load.take()
        return not load.open

    wait_until(is_done, "the last jobs are done", 60)
    status = stage.stop(daemon)
    return load, mischief, samples, status


def report(load, mischief, samples, status):
    """Prints the account; whether it is good."""
    quarter = max(1, len(samples) // 4)
    # The first quarter warms up.
    early, late = samples[quarter:2 * quarter], samples[-quarter:]
    memory = [statistics.median(resident for resident, _ in part) / 1024 for part in (early, late)]
    open_files = [statistics.median(count for _, count in part) for part in (early, late)]
    print("jobs: %d given, %d done, %d failed" % (load.given, load.finished, len(load.failed)))
    print(", ".join("%s: %d" % item for item in mischief.counts.items()))
    tenth = max(1, len(samples) // 10)
    trend = (samples[at:at + tenth] for at in range(0, tenth * 10, tenth))
    print("resident memory, tenth by tenth, in MiB: " + ", ".join(
        "%.1f" % (statistics.median(resident for resident, _ in part) / 1024) for part in trend if part))
    print("resident memory: %.1f MiB in the second quarter, %.1f MiB in the last" % tuple(memory))
    print("open descriptors: %g in the second quarter, %g in the last, %d at most" % (*open_files, max(count for _, count in samples)))
    print("the daemon ended with %s" % status)
    is_flat = memory[1] < memory[0] * 1.1 + 1 and open_files[1] <= open_files[0] + 5
    return load.given == load.finished and is_flat and status == 0


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--rq", default=OURS.split()[0], help="the binary")
    options.add_argument("--only", nargs="*", choices=Mischief.KINDS, default=Mischief.KINDS, help="what is done to it")
    options.add_argument("--seed", type=int, default=None, help="for the same dice again")
    options.add_argument("--log", help="where to keep what the daemon says")
    asked = options.parse_args()
    end_on_signals()
    random.seed(asked.seed)
    with Stage() as stage:
        # Sockets for control stay on the stage.
        os.environ["XDG_RUNTIME_DIR"] = str(stage.folder)
        try:
            good = report(*soak(stage, asked.rq, asked.seconds, asked.only))
        finally:
            if asked.log:
                pathlib.Path(asked.log).write_bytes((stage.folder / "worker.log").read_bytes())
    print("good" if good else "NOT GOOD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
