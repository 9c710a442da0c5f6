#!/usr/bin/env python3
"""How long commands take that act at once and end: the time that a person at a prompt, a probe or a script waits.

    RQ=target/release/rq python3 benches/startup.py            # ours alone
    RQ=A OTHER=B python3 benches/startup.py --runs 50          # two executables, in turns

Each command runs so many times, the executables in turns (A B A B ...), against a private redis-server on a Unix socket with
a few queues and workers in it. Told are the median and the 95th percentile of the wall time, from before the process is made
until it is reaped. A child of nothing but `true` is measured, too: what it takes is the machine's, not ours.
Needs redis-server on PATH (or RQ_TEST_REDIS_SERVER) and nothing of Python's packages.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

COMMANDS = [
    "--version",
    "info --help",
    "worker --help",
    "config check",
    "config show --json",
    "info",
    "queues --json",
    "workers --json",
    "jobs --state failed",
    "job show no-such-job",
    "enqueue --quiet f :1",
    "suspend --duration 1",
    "resume",
]


def redis(folder):
    """A server of its own, with something to look at."""
    path = os.path.join(folder, "redis.sock")
    program = os.environ.get("RQ_TEST_REDIS_SERVER", "redis-server")
    options = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 10
    while not os.path.exists(path):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("redis-server does not start")
        time.sleep(0.01)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        for number in range(20):
            for line in (
                "SADD rq:queues rq:queue:q%d" % number,
                "RPUSH rq:queue:q%d a b c" % number,
                "SADD rq:workers rq:worker:w%d" % number,
                "SADD rq:workers:q%d rq:worker:w%d" % (number, number),
                "HSET rq:worker:w%d state idle queues q%d hostname h pid 1" % (number, number),
            ):
                client.sendall(line.encode() + b"\r\n")
                client.recv(100)
    return server, "unix://" + path


def once(words, environment, folder):
    """Milliseconds."""
    began = time.perf_counter()
    subprocess.run(words, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def told(times):
    times = sorted(times)
    return "%6.2f %6.2f" % (statistics.median(times), times[int(len(times) * 0.95) - 1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30, help="of each command and executable (30)")
    parser.add_argument("--most", type=float, help="exit with 1 when the median of a command of RQ takes more milliseconds")
    options = parser.parse_args()
    programs = [os.path.abspath(os.environ[name]) for name in ("RQ", "OTHER") if name in os.environ]
    if not programs:
        sys.exit("RQ=PATH says which executable")
    slow = []
    with tempfile.TemporaryDirectory(prefix="rq-startup-") as folder:
        server, url = redis(folder)
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "RQ_REDIS_URL": url}
        try:
            print("%-24s" % "ms: median, 95th" + "".join("  %-13s" % os.path.basename(program) for program in programs))
            for command in ["", *COMMANDS]:
                # Nothing at all: the price of a process.
                each = [[program, *command.split()] for program in programs] if command else [["true"]] * len(programs)
                times = [[] for _ in programs]
                for _ in range(options.runs + 1):
                    for words, taken in zip(each, times):
                        taken.append(once(words, environment, folder))
                # The first run fills the caches.
                times = [taken[1:] for taken in times]
                print("%-24s" % (command or "(true)") + "".join("  " + told(taken) for taken in times))
                if command and options.most and statistics.median(times[0]) > options.most:
                    slow.append(command)
        finally:
            server.terminate()
            server.wait()
    if slow:
        sys.exit("too slow: " + ", ".join(slow))


if __name__ == "__main__":
    main()
