"""Times every interactive command on a Redis that has a lot: 1,000 queues, 100,000 jobs, 200 workers, and a daemon of ours.

    RQ=target/release/rq build/venv/rq-3.0.0/bin/python benches/commands.py

From the start of the process to its end, its output read; the median and the slowest of the runs, as a table.
"""

import argparse
import datetime
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))

import rq  # noqa: E402
from rq.job import Job  # noqa: E402
from stage import ROOT, NotInTime, Stage, end_on_signals, wait_until  # noqa: E402

EXECUTABLE = str(pathlib.Path(os.environ.get("RQ") or ROOT / "target" / "release" / "rq").resolve())
# Of ten jobs of a queue, so many are in its registries; the others wait.
FAILED, FINISHED, SCHEDULED = 2, 2, 1


class OwnStage(Stage):
    """A stage whose daemon has its socket there, and whose commands find its Redis and nothing else of this machine."""

    def environment(self):
        own = {"XDG_RUNTIME_DIR": str(self.folder), "HOME": str(self.folder)}
        return dict(super().environment(), **own, **({"RQ_REDIS_URL": self.url} if self.url else {}))

    def run(self, command, variables):
        """Runs a command to its end: its milliseconds and what it said."""
        before = time.perf_counter()
        ended = subprocess.run([EXECUTABLE, *command], cwd=self.folder, env=dict(self.environment(), **variables), check=False,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return 1000 * (time.perf_counter() - before), ended


def fill(connection, queues, jobs, workers):
    """Makes them in the form of RQ's client, and returns the id of a failed job of the first queue."""
    model = Job.create("app.tasks.send_mail", args=("somebody@example.org", 7), connection=connection, id="model")
    stored = model.to_dict()
    now = time.time()
    stored["enqueued_at"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for number in range(queues):
        name = "queue-%04d" % number
        pipeline = connection.pipeline(transaction=False)
        pipeline.sadd("rq:queues", "rq:queue:" + name)
        for place in range(jobs // queues):
            job, kind = "%s-job-%03d" % (name, place), place % 10
            if kind < FAILED:
                status, key = "failed", "rq:failed:"
            elif kind < FAILED + FINISHED:
                status, key = "finished", "rq:finished:"
            elif kind < FAILED + FINISHED + SCHEDULED:
                status, key = "scheduled", "rq:scheduled:"
            else:
                status, key = "queued", None
            pipeline.hset("rq:job:" + job, mapping=dict(stored, status=status, origin=name))
            if key:
                pipeline.zadd(key + name, {job: now + 86400 + place})
            else:
                pipeline.rpush("rq:queue:" + name, job)
        pipeline.execute()
    for number in range(workers):
        names = ["queue-%04d" % (number % queues), "queue-%04d" % (7 * number % queues)]
        rq.Worker(names, name="worker-%03d" % number, connection=connection).register_birth()
    return "queue-0000-job-000"


def commands(job):
    """What is typed, and the variables of a shell that completes."""
    plain = [
        "--version", "--help", "worker --help", "info", "info --only-queues", "queues", "workers", "jobs", "jobs --state failed",
        "jobs --queue queue-0001", "jobs --state failed --function app.tasks.*", "jobs --state failed --ids", "job show " + job, "top --once",
        "top --json", "status", "healthcheck", "reload", "quiet", "quiet --off", "doctor", "config check", "config check --connect",
        "config show", "config explain worker.ttl", "config default", "config diff", "config schema", "completions bash",
        "enqueue --queue timed app.tasks.send_mail name=Ada", "requeue --queue queue-0002 queue-0002-job-000",
        "empty queue-0001 --dry-run", "suspend", "resume",
    ]
    for words in plain:
        yield words, words.split(), {}
    # As the script for bash asks.
    complete = {"RQ_COMPLETE": "bash", "_CLAP_IFS": "\n", "_CLAP_COMPLETE_INDEX": "3", "_CLAP_COMPLETE_COMP_TYPE": "9", "_CLAP_COMPLETE_SPACE": "true"}
    yield "worker high <Tab>", ["--", "rq", "worker", "high", ""], complete


def measure(stage, options):
    start = time.monotonic()
    job = fill(stage.connection, options.queues, options.jobs, options.workers)
    print("%d queues, %d jobs, %d workers made in %.0f s" % (options.queues, options.jobs, options.workers, time.monotonic() - start))
    stage.start([EXECUTABLE, "worker", "idle", "--url", stage.url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: stage.run(["healthcheck"], {})[1].returncode == 0, "our daemon")
    print("\n| Command | median | slowest | exit code |\n| --- | --- | --- | --- |")
    for told, words, variables in commands(job):
        runs = [stage.run(words, variables) for _ in range(options.runs)]
        code = runs[0][1].returncode
        if b"unrecognized subcommand" in runs[0][1].stdout:
            print("| `rq %s` | not in this executable | | |" % told)
            continue
        times = [milliseconds for milliseconds, _ in runs]
        print("| `rq %s` | %.1f ms | %.1f ms | %d |" % (told.replace(job, "ID"), statistics.median(times), max(times), code), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queues", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5, help="of each command")
    options = parser.parse_args()
    end_on_signals()
    try:
        with OwnStage() as stage:
            measure(stage, options)
    except (NotInTime, OSError) as error:
        print("The measurement failed: %s" % error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
