"""What it costs to tell: no-op jobs drained with everything off, with the defaults, and with everything on, in turns.

Everything off is an appender that throws lines away. Everything on is a file of JSON lines at the level DEBUG, Sentry (a receiver of our
own, on loopback) and metrics that are scraped each second. One job in a hundred fails, so that Sentry has something to do.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.registry import FailedJobRegistry

ROOT = Path(__file__).resolve().parent.parent
JOB = "def nothing():\n    pass\n\n\ndef wrong():\n    raise ValueError('wrong')\n"
WAYS = {
    "everything off": '[logging.appender.nowhere]\nkind = "null"\n',
    "defaults": "",
    "JSON file, Sentry, metrics": (
        '[logging]\nlevel = "DEBUG"\n[logging.appender.file]\nkind = "file"\npath = "{folder}/rq.log"\nformat = "json"\n'
        '[sentry]\ndsn = "http://key@127.0.0.1:{sentry}/1"\n[http]\nlisten = "unix:{folder}/http.sock"\n'
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rq", default=str(ROOT / "target/release/rq"), help="the binary")
    parser.add_argument("--server", default=str(ROOT / "build/bin/redis-server"), help="redis-server")
    parser.add_argument("--jobs", type=int, default=2000, help="jobs of each round")
    parser.add_argument("--rounds", type=int, default=7, help="how often each way is measured")
    arguments = parser.parse_args()
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    rates = {way: [] for way in WAYS}
    for _ in range(arguments.rounds):
        for way in WAYS:
            rates[way].append(measure(arguments, way, receiver.server_port))
    off = statistics.median(rates["everything off"])
    print("| | jobs/s | of everything off |\n| --- | --- | --- |")
    for way, found in rates.items():
        middle = statistics.median(found)
        print("| %s | %.0f (%.0f to %.0f) | %.2f |" % (way, middle, min(found), max(found), middle / off))
    print("%d events of Sentry received" % Receiver.events)


class Receiver(BaseHTTPRequestHandler):
    """Takes envelopes."""

    events = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.events += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def measure(arguments, way, sentry):
    """Jobs a second of one round; every job must have run."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "app.py").write_text(JOB)
        socket = folder / "redis.sock"
        server = subprocess.Popen(
            [arguments.server, "--port", "0", "--unixsocket", str(socket), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        try:
            redis = Redis(unix_socket_path=str(socket))
            wait(lambda: socket.exists() and redis.ping())
            settings = folder / "rq.toml"
            told = WAYS[way].format(folder=folder, sentry=sentry)
            settings.write_text('[redis]\nurl = "unix://%s"\n%s' % (socket, told))
            return drain(arguments, settings, redis)
        finally:
            server.terminate()
            server.wait()


def drain(arguments, settings, redis):
    """Enqueues the jobs, has a worker drain them, and says how fast it was."""
    queue = Queue("default", connection=redis)
    calls = ["app.wrong" if number % 100 == 99 else "app.nothing" for number in range(arguments.jobs)]
    jobs = [queue.enqueue(call, failure_ttl=600) for call in calls]
    folder = settings.parent
    done = threading.Event()
    if "[http]" in settings.read_text():
        threading.Thread(target=scrape, args=(folder / "http.sock", done), daemon=True).start()
    subprocess.run(
        [arguments.rq, "worker", "-c", str(settings), "--burst", "--python", sys.executable],
        cwd=folder,
        env=dict(os.environ, RQ_RUNTIME_DIR=str(folder / "run")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    done.set()
    jobs = Job.fetch_many([job.id for job in jobs], connection=redis)
    assert all(job.ended_at for job in jobs), "a job did not run"
    assert FailedJobRegistry(queue=queue).count == calls.count("app.wrong"), "a job failed that should not"
    if (folder / "rq.log").exists():
        for line in (folder / "rq.log").read_text().splitlines():
            json.loads(line)
    took = max(job.ended_at for job in jobs) - min(job.started_at for job in jobs)
    return len(jobs) / took.total_seconds()


def scrape(socket, done):
    """Reads the metrics each second, as a monitor does."""
    while not done.wait(1):
        subprocess.run(
            ["curl", "-s", "--unix-socket", str(socket), "http://rq/metrics"], stdout=subprocess.DEVNULL, check=False
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
