#!/usr/bin/env python3
"""Measures the workers of the field side by side: same machine, same run, same Redis, same jobs, in turns.

"make field" runs all of it. benches/README.md tells what the figures mean.
"""

import argparse
import json
import os
import pathlib
import platform
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scripts"), str(HERE / "contenders")]

import redis  # noqa: E402
from marks import NOTE  # noqa: E402
from stage import NotInTime, Stage, end_on_signals, wait_until  # noqa: E402
from table import all_contenders  # noqa: E402


class Field:
    """A Redis, and what one contender after the other does on it."""

    def __init__(self, stage):
        self.stage = stage
        self.url = self._open_port(stage.connection)
        self.connection = redis.from_url(self.url)
        self.notes = stage.folder / "notes"
        self._environment = {
            "BENCH_REDIS": self.url, "BENCH_NOTES": str(self.notes), "RQ_REDIS_URL": self.url, "REDIS_URL": self.url,
            "PYTHONPATH": str(HERE / "contenders"), "PYTHONDONTWRITEBYTECODE": "1",
        }

    @staticmethod
    def _open_port(connection):
        """Lets the Redis listen on a free port, too, for those who know no Unix sockets; returns its URL."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        connection.config_set("port", port)
        return "redis://127.0.0.1:%d/0" % port

    def clear(self):
        self.connection.flushall()
        self.connection.config_resetstat()
        self.notes.write_bytes(b"")

    def start(self, contender, slots):
        environment = dict(self.stage.environment(), VIRTUAL_ENV=str(contender.venv), **self._environment)
        with open(self.stage.folder / "worker.log", "ab") as log:
            return self.stage.start(contender.command(slots), stdout=log, stderr=log, env=environment)

    def client(self, contender, *arguments):
        subprocess.run(contender.client(*arguments), env=dict(os.environ, **self._environment), check=True, stdout=subprocess.DEVNULL)

    def seen(self):
        return list(NOTE.iter_unpack(self.notes.read_bytes()))

    def wait_for(self, count, worker, seconds=120):
        """Waits until so many jobs ran; returns their notes."""
        size = count * NOTE.size
        wait_until(lambda: worker.poll() is not None or self.notes.stat().st_size >= size, "%d jobs" % count, seconds)
        if worker.poll() is not None:
            raise NotInTime("the worker ended with %s: see its lines" % worker.returncode)
        notes = self.seen()
        if len(notes) != count:
            raise NotInTime("%d jobs ran in place of %d" % (len(notes), count))
        return notes

    def drain(self, contender, slots, count, seconds=0.0):
        """Jobs a second, from the first line of the first one to the first line of the last, all there before the worker."""
        self.clear()
        self.client(contender, "fill", count, seconds)
        worker = self.start(contender, slots)
        try:
            notes = self.wait_for(count, worker)
        finally:
            self.stage.stop(worker)
        began = sorted(began for _, began, _ in notes)
        return (count - 1) / (began[-1] - began[0])

    def latencies(self, contender, count):
        """Milliseconds from just before it was sent to the first line of a job, the worker being idle."""
        self.clear()
        worker = self.start(contender, 1)
        try:
            self.client(contender, "one_by_one", count + 5)
            notes = self.wait_for(count + 5, worker)
        finally:
            self.stage.stop(worker)
        # The first ones find caches cold.
        return [1000 * (began - sent) for sent, began, _ in notes[5:]]


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def drains(field, contenders, options):
    """The drain rates of all, for each number of slots, in turns."""
    told = {}
    for slots in options.slots:
        rates = {contender.name: [] for contender in contenders}
        for number in range(options.rounds):
            for contender in contenders:
                # A short try says how many jobs fill a few seconds, so that the fast are not measured by their start.
                guess = field.drain(contender, slots, 300) if number == 0 else statistics.median(rates[contender.name])
                count = int(min(options.most, max(60, guess * options.seconds)))
                rates[contender.name].append(field.drain(contender, slots, count))
                say("%d slots, round %d, %s: %.0f jobs/s (%d jobs)" % (slots, number + 1, contender.name, rates[contender.name][-1], count))
        told[str(slots)] = {name: spread(values) for name, values in rates.items()}
    return told


def idle_latencies(field, contenders, options):
    waits = {contender.name: [] for contender in contenders}
    for number in range(options.rounds):
        for contender in contenders:
            waits[contender.name] += field.latencies(contender, options.latencies)
            say("latency, round %d, %s: %.2f ms" % (number + 1, contender.name, statistics.median(waits[contender.name])))
    return {name: {"p%d" % percent: percentile(values, percent) for percent in (50, 95, 99)} for name, values in waits.items()}


def say(text):
    print("  " + text, flush=True)


def machine(field):
    return {
        "machine": platform.machine(), "cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "kernel": platform.release(),
        "python": platform.python_version(), "redis": field.connection.info("server")["redis_version"],
        "day": time.strftime("%Y-%m-%d"),
    }


MEASUREMENTS = {"drain": drains, "latency": idle_latencies}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS), help="which measurements (all)")
    parser.add_argument("--contenders", nargs="+", metavar="NAME", help="whom to measure (all)")
    parser.add_argument("--slots", nargs="+", type=int, default=[1, 2], help="jobs at a time (1 2)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--seconds", type=float, default=3, help="how long a drain is to take (3)")
    parser.add_argument("--most", type=int, default=10000, help="most jobs of a drain (10000)")
    parser.add_argument("--latencies", type=int, default=100, help="jobs of one latency round (100)")
    parser.add_argument("--json", metavar="FILE", help="where the figures are written to")
    options = parser.parse_args()
    end_on_signals()
    contenders = [one for one in all_contenders() if not options.contenders or one.name in options.contenders]
    try:
        with Stage() as stage:
            field = Field(stage)
            told = {"on": machine(field)}
            print(json.dumps(told["on"]))
            for name in options.only:
                told[name] = MEASUREMENTS[name](field, contenders, options)
    except (NotInTime, OSError, redis.exceptions.RedisError, subprocess.CalledProcessError) as error:
        print("The measurement failed: %s" % error)
        return 1
    except KeyboardInterrupt:
        return 130
    text = json.dumps(told, indent=2)
    if options.json:
        pathlib.Path(options.json).write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
