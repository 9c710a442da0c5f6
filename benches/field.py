#!/usr/bin/env python3
"""Measures the workers of the field side by side: same machine, same run, same Redis, same jobs, in turns.

"make field" runs all of it. benches/README.md tells what the figures mean.
"""

import argparse
import importlib
import json
import os
import pathlib
import platform
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parent / "build" / "venv" / "rq-3.0.0" / "bin" / "python"
JSON = HERE.parent / "build" / "field.json"
sys.path[:0] = [str(HERE.parent / "scripts"), str(HERE / "contenders")]

try:
    import redis  # noqa: F401
except ModuleNotFoundError:
    if not PYTHON.exists():
        sys.exit("error: this Python has no redis, and there is no %s\nhint: scripts/setup field" % PYTHON)
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

from measures.arena import Arena  # noqa: E402
from measures.sheet import ENDS  # noqa: E402
from stage import Stage, end_on_signals  # noqa: E402
from table import RQD, all_contenders  # noqa: E402

# In this order; each is a module of benches/measures.
MEASUREMENTS = (
    "drain", "forks", "efficiency", "preload", "payloads", "latency", "boot", "memory", "idle", "commands", "system", "fleet", "crowded",
    "trace",
)
# What --quick sets: too little for figures, enough to see that all of it works.
QUICK = {
    "rounds": 1, "slots": [2], "seconds": 0.3, "most": 400, "latencies": 20, "rest": 5.0,
    "sizes": [1, 4], "daemons": 4, "crowd": 20_000,
}
# What --quick lets all contenders do, and who does the rest.
QUICK_FOR_ALL, QUICK_OTHERWISE = ("drain", "boot"), ("rqd", "rqd, reused", "RQ", "Celery", "arq")


def main():
    options = arguments()
    end_on_signals()
    contenders = [one for one in all_contenders() if one.name in options.contenders]
    begun = time.monotonic()

    def say(text):
        print("%4.0f s  %s" % (time.monotonic() - begun, text), flush=True)

    try:
        with Stage() as stage:
            failures = measure(Arena(stage, say), contenders, options)
    except ENDS as error:
        print("The measurement failed: %s" % error)
        return 1
    except KeyboardInterrupt:
        return 130
    say("written to %s, of which field_tables.py makes tables" % options.json)
    say("%d measurements failed" % failures if failures else "all invariants held")
    return 1 if failures else 0


def measure(arena, contenders, options):
    """Measures what was asked for, writes the figures after each measurement, and returns how many attempts failed."""
    told = {"quick": options.quick, "on": machine(arena), "measurements": {}}
    arena.say(json.dumps(told["on"]))
    failures = 0
    for name in options.only:
        taking_part = [one for one in contenders if takes_part(one, name, options)]
        sheet = importlib.import_module("measures." + name).measure(arena, taking_part, options)
        told["measurements"][name] = sheet.told()
        failures += sheet.failures
        write(options.json, told)
    return failures


def takes_part(contender, measurement, options):
    if options.quick and measurement not in QUICK_FOR_ALL and contender.name not in QUICK_OTHERWISE:
        return False
    return contender.takes_part(measurement)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS), help="which measurements (all)")
    names = [one.name for one in all_contenders()]
    parser.add_argument("--contenders", nargs="+", metavar="NAME", choices=names, default=names, help="whom to measure (all)")
    parser.add_argument("--quick", action="store_true", help="all of it, with so few jobs that the figures mean nothing")
    parser.add_argument("--slots", nargs="+", type=int, default=[1, 2, 4, 8], help="jobs at a time of the drains (1 2 4 8)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (3)")
    parser.add_argument("--seconds", type=float, default=2, help="how long a drain is to take (2)")
    parser.add_argument("--most", type=int, default=6000, help="most jobs of a drain (6000)")
    parser.add_argument("--latencies", type=int, default=100, help="jobs of one latency round (100)")
    parser.add_argument("--rest", type=float, default=60, help="seconds for which idle pools are watched (60)")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 8, 64], help="slots of the pools whose memory is measured (1 8 64)")
    parser.add_argument("--daemons", type=int, default=64, help="workers of a fleet (64)")
    parser.add_argument("--crowd", type=int, default=1_000_000, help="jobs that wait, and entries of registries (1,000,000)")
    parser.add_argument("--json", metavar="FILE", default=str(JSON), help="where the figures go (build/field.json)")
    options = parser.parse_args()
    if options.quick:
        for name, value in QUICK.items():
            if getattr(options, name) == parser.get_default(name):
                setattr(options, name, value)
    if not pathlib.Path(RQD).exists():
        parser.error("there is no %s: scripts/build-release makes it" % RQD)
    return options


def machine(arena):
    return {
        "machine": platform.machine(), "cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "kernel": platform.release(),
        "python": platform.python_version(), "redis": arena.connection.info("server")["redis_version"], "day": time.strftime("%Y-%m-%d"),
    }


def write(path, told):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
