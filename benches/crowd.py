"""What the measurements with very many of anything share: a stage, a client that probes Redis, and its slow log."""

import collections
import pathlib
import sys
import threading
import time

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))

from side_by_side import JOBS, percentile, start  # noqa: E402, F401
from stage import OURS, NotInTime, Stage, end_on_signals  # noqa: E402

# What a script does shows in the first key that it is given.
SCRIPTS = (
    (b"rq:rqd:releasing", "release"), (b"rq:finished:", "purge"), (b"rq:failed:", "purge"), (b"rq:rqd:alive:", "watch"),
    (b"rq:wip:", "recover"), (b"rq:worker:", "claim, settle"),
    (b"rq", "hand_over"),
)


class Probe:
    """Another client, which asks Redis for nothing every few milliseconds and notes how long that takes."""

    def __init__(self, stage, over=0.2):
        self.waits = []
        self.over = over
        self._stage = stage
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self):
        connection = self._stage.connection
        connection.config_set("slowlog-log-slower-than", int(1000 * self.over))
        connection.config_set("slowlog-max-len", 1_000_000)
        connection.slowlog_reset()
        self._thread.start()
        return self

    def __exit__(self, *_reason):
        self._stop.set()
        self._thread.join()

    def _ask(self):
        connection = redis.from_url(self._stage.url)
        while not self._stop.wait(0.003):
            before = time.perf_counter()
            connection.ping()
            self.waits.append(1000 * (time.perf_counter() - before))


def tell(what, values):
    """Prints how long something took, in milliseconds."""
    print("  %-32s p50 %.2f ms, p99 %.2f ms, longest %.2f ms" % (
        what, percentile(values, 50), percentile(values, 99), max(values)))


def tell_scripts(connection, over):
    """Prints how long those runs of scripts took that are in the slow log."""
    for name, values in sorted(logged_scripts(connection).items()):
        tell("%s (%d over %.1f ms)" % (name, len(values), over), values)
    sys.stdout.flush()


def logged_scripts(connection):
    found = collections.defaultdict(list)
    for entry in connection.slowlog_get(1_000_000):
        words = entry["command"].split(b" ")
        if words[0].upper() == b"EVALSHA" and len(words) > 3:
            name = next((name for key, name in SCRIPTS if words[3].startswith(key)), words[3].decode(errors="replace"))
            found[name].append(entry["duration"] / 1000)
    return found


def plays(parser, measure):
    """Lets `measure` play on a stage; what a program does that measures one thing."""
    parser.add_argument("--ours", default=OURS, metavar="COMMAND", help="the worker that is measured")
    options = parser.parse_args()
    end_on_signals()
    try:
        with Stage() as stage:
            (stage.folder / "settings.py").write_text('REDIS_URL = "%s"\nQUEUES = ["default"]\n' % stage.url)
            (stage.folder / "jobs.py").write_text(JOBS)
            measure(stage, options)
    except (NotInTime, OSError) as error:
        print("The measurement failed: %s" % error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
