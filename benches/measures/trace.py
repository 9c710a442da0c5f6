"""Where the time of one job goes: no-op jobs, one by one through an idle rqd, with the moment of each step.

The client, the job, Redis (MONITOR) and the daemon's log (JSON lines, DEBUG) each tell when something was, by the same clock.
"""

import calendar
import json
import socket
import threading
import time
import urllib.parse

from stage import NotInTime

from .sheet import Sheet

SETTINGS = """[logging]
level = "DEBUG"
[logging.appender.trace]
kind = "file"
path = "%s"
format = "json"
"""
# From one to the next is a line of the table.
STEPS = (
    ("the client writes the job to Redis", "queued"), ("the claim reaches Redis", "claim"), ("the claim is written", "claimed"),
    ("the daemon has the job", "dequeued"), ("first line of the job", "began"), ("last line of the job", "ended"),
    ("the daemon has the report", "reported"), ("the outcome reaches Redis", "settle"), ("the outcome is written", "settled"),
    ("the daemon listens again", "free"),
)
COLD = 5


def measure(arena, contenders, options):
    sheet = Sheet("one job's way, step by step", "µs", arena.say, is_quiet=True)
    for contender in contenders:
        if contender.is_ours:
            with sheet.attempt("in all", contender.name):
                for job in traces(arena, contender, min(50, options.latencies)):
                    before = job["sent"]
                    for told, step in STEPS:
                        sheet.add(told, contender.name, 1e6 * (job[step] - before))
                        before = job[step]
                    sheet.add("in all", contender.name, 1e6 * (job["settled"] - job["sent"]))
                for told in [told for told, _ in STEPS] + ["in all"]:
                    arena.say("%s, %s: %.0f µs" % (contender.name, told, sheet.middle(told, contender.name)))
    return sheet


def traces(arena, contender, count):
    """The moments of each job, in seconds."""
    arena.clear()
    log = arena.stage.folder / "trace.log"
    log.unlink(missing_ok=True)
    settings = arena.stage.folder / "trace.toml"
    settings.write_text(SETTINGS % log)
    with arena.working(contender, 1, ["-c", str(settings)]) as worker:
        arena.wait_for_rest(worker, contender, 1)
        tap = Tap(arena)
        arena.client(contender, "one_by_one", count + COLD)
        notes = sorted(arena.wait_for(count + COLD, worker))
        arena.wait_until_settled(contender, count + COLD)
        jobs = tap.stop(arena.connection)
    arena.check(contender, count + COLD)
    if len(jobs) != len(notes):
        raise NotInTime("%d jobs were seen in Redis in place of %d" % (len(jobs), len(notes)))
    logged(log, jobs)
    for job, (sent, began, ended) in zip(jobs.values(), notes):
        job.update(sent=sent, began=began, ended=ended)
    found = list(jobs.values())[COLD:]
    for job in found:
        missing = [step for _, step in STEPS if step not in job]
        if missing:
            raise NotInTime("nothing tells when a job was %s" % ", ".join(missing))
    return found


class Tap:
    """Hears by MONITOR when jobs are queued, claimed and settled."""

    END = b"that is all"

    def __init__(self, arena):
        address = urllib.parse.urlsplit(arena.url)
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.sendall(b"MONITOR\r\n")
        self._lines = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        for line in self._socket.makefile("rb"):
            if self.END in line:
                return
            self._lines.append(line.decode(errors="replace"))

    def stop(self, connection):
        """By id, in the order of their coming."""
        connection.echo(self.END)
        self._thread.join(10)
        self._socket.close()
        jobs, script = {}, 0.0
        for line in self._lines:
            words = line.split('"')
            if len(words) < 4:
                continue
            moment, command, key = float(line[1:line.index(" ")]), words[1].upper(), words[3]
            if command in ("EVALSHA", "FCALL", "EVAL"):
                script = moment
            elif command == "RPUSH" and key == "rq:queue:default":
                jobs.setdefault(words[5], {"queued": moment})
            elif command == "HSET" and key.startswith("rq:job:"):
                job = jobs.get(key[len("rq:job:"):])
                fields = dict(zip(words[5::4], words[7::4]))
                if job is not None and fields.get("status") == "started":
                    job.update(claim=script, claimed=moment)
                elif job is not None and fields.get("status") == "finished":
                    job.update(settle=script, settled=moment)
        return jobs


def logged(path, jobs):
    """Adds what the daemon's log tells: when it had the job, when it had the report, when it listened again."""
    last = None
    for line in path.read_text().splitlines():
        told = json.loads(line)
        message, job = told["message"], jobs.get(told.get("job"))
        if job is not None and ": dequeued job " in message:
            job["dequeued"] = seconds(told["ts"])
        elif job is not None and ": finished performing job " in message:
            job["reported"] = seconds(told["ts"])
            last = job
        elif last is not None and ": *** Listening on " in message:
            last["free"] = seconds(told["ts"])
            last = None


def seconds(text):
    """Of a moment in UTC with microseconds."""
    whole, _, rest = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + rest)
