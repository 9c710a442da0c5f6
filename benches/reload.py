"""What a reload costs the jobs: the same load with and without a reload each second, in turns.

A client enqueues no-op jobs at a fixed rate; the time from the enqueue to the first line of the job is measured by the job itself.
With reloads, the configuration file changes each second, in turn its number of workers, its queues, and its preloaded modules.
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redis import Redis
from rq import Queue

ROOT = Path(__file__).resolve().parent.parent
JOB = """\
import time

from rq import get_current_job


def late(sent):
    get_current_job().connection.rpush("late", repr(time.time() - sent))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rq", default=str(ROOT / "target/release/rq"), help="the binary")
    parser.add_argument("--server", default=str(ROOT / "build/bin/redis-server"), help="redis-server")
    parser.add_argument("--rate", type=int, default=100, help="jobs a second")
    parser.add_argument("--seconds", type=int, default=20, help="how long each round lasts")
    parser.add_argument("--rounds", type=int, default=2, help="how often both are measured")
    arguments = parser.parse_args()
    figures = {False: [], True: []}
    for _ in range(arguments.rounds):
        for reloads in (False, True):
            figures[reloads] += measure(arguments, reloads)
    print("| | jobs | p50 | p99 | slowest |\n| --- | --- | --- | --- | --- |")
    for reloads, late in figures.items():
        late.sort()
        name = "a reload each second" if reloads else "no reload"
        cells = [late[len(late) // 2], late[len(late) * 99 // 100], late[-1]]
        print("| %s | %d | %s |" % (name, len(late), " | ".join("%.1f ms" % (cell * 1e3) for cell in cells)))


def measure(arguments, reloads):
    """One round; every job must have run once."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "app.py").write_text(JOB)
        socket = folder / "redis.sock"
        server = subprocess.Popen(
            [arguments.server, "--port", "0", "--unixsocket", str(socket), "--save", "", "--loglevel", "warning"]
        )
        try:
            redis = Redis(unix_socket_path=str(socket))
            wait(lambda: socket.exists() and redis.ping())
            return drive(arguments, reloads, folder, redis)
        finally:
            server.terminate()
            server.wait()


def drive(arguments, reloads, folder, redis):
    """Loads a daemon, and returns how late each job was."""
    settings = folder / "rq.toml"
    configure(settings, redis, 0)
    daemon = subprocess.Popen(
        [arguments.rq, "run", "-c", str(settings), "-q", "--python", sys.executable],
        cwd=folder,
        env=dict(os.environ, RQ_RUNTIME_DIR=str(folder / "run")),
    )
    queue = Queue("default", connection=redis)
    try:
        wait(lambda: redis.scard("rq:workers") == 2)
        total = warm_up = arguments.rate
        for _ in range(warm_up):
            queue.enqueue("app.late", time.time())
        wait(lambda: redis.llen("late") == warm_up)
        redis.delete("late")
        began = time.monotonic()
        total = arguments.rate * arguments.seconds
        for number in range(total):
            if reloads and number % arguments.rate == 0:
                configure(settings, redis, number // arguments.rate + 1)
            time.sleep(max(0.0, began + number / arguments.rate - time.monotonic()))
            queue.enqueue("app.late", time.time())
        wait(lambda: redis.llen("late") >= total)
        late = [float(value) for value in redis.lrange("late", 0, -1)]
        assert len(late) == total, "%d jobs ran %d times" % (total, len(late))
        return late
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def configure(settings, redis, step):
    """Writes the configuration of a step."""
    socket = redis.connection_pool.connection_kwargs["path"]
    queues = ['"default"', '"default", "other"'][step % 2]
    count = [2, 3, 2][step % 3]
    preload = ['"app"', '"app", "json"'][step // 3 % 2]
    settings.write_text(
        '[redis]\nurl = "unix://%s"\n[worker]\ncount = %d\nqueues = [%s]\n[horse]\npreload = [%s]\n'
        % (socket, count, queues, preload)
    )


def wait(condition, limit=60):
    """Waits for a condition."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            raise SystemExit("waited for %ds in vain" % limit)
        time.sleep(0.01)


if __name__ == "__main__":
    main()
