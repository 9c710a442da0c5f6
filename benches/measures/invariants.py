"""What must hold over all of RQ's keys once a worker has ended, as after every test of the suite (tests/it/harness/invariants)."""

# Kinds of keys by the first part of their name, and whether they must have a time to live.
KINDS = {
    "job": ("hash", True), "results": ("stream", True), "queues": ("set", False), "workers": ("set", False), "queue": ("list", False),
    "finished": ("zset", False), "worker": ("hash", True), "clean_registries": ("string", True), "clean_groups": ("string", True),
    "groups": ("set", False), "rqd": (None, None),
}
# Of ours: whose turn it is to look after the others. It ends by itself.
OWN = ("rqd:watcher",)
AT_ONCE = 5000


class Broken(Exception):
    """An invariant does not hold, so that what was measured does not count."""


def check(connection, count):
    """So many jobs were given, and all of them finished, once; nothing else is left."""
    broken = _keys(connection) + _workers(connection) + _jobs(connection, count)
    if broken:
        raise Broken("invariants broken: " + "; ".join(broken[:3]))


def _keys(connection):
    names = [name.decode() for name in connection.scan_iter(count=AT_ONCE)]
    broken = []
    for some in _slices(names):
        with connection.pipeline(transaction=False) as pipeline:
            for name in some:
                pipeline.type(name)
                pipeline.ttl(name)
            answers = pipeline.execute()
        for name, kind, life in zip(some, answers[::2], answers[1::2]):
            broken += _key(name, kind.decode(), life)
    return broken


def _key(name, kind, life):
    prefix, _, rest = name.partition(":")
    first = rest.split(":")[0]
    if prefix != "rq":
        return ["%s: outside the prefix" % name]
    if first not in KINDS:
        return ["%s: nothing of that kind is to be left" % name]
    if first == "rqd":
        return [] if rest.startswith(OWN) else ["%s: is left of a daemon that has ended" % name]
    expected, is_bounded = KINDS[first]
    if kind != expected:
        return ["%s: a %s where RQ has a %s" % (name, kind, expected)]
    if first == "queue":
        return ["%s: is not empty" % name]
    return ["%s: has no time to live" % name] if is_bounded and life < 0 else []


def _workers(connection):
    broken = ["%s: is still registered" % name.decode() for name in connection.smembers("rq:workers")]
    for name in connection.scan_iter("rq:worker:*", count=AT_ONCE):
        # RQ: the hash of a worker that said good-bye stays for a minute.
        if not connection.hexists(name, "death"):
            broken.append("%s: has said no good-bye" % name.decode())
    return broken


def _jobs(connection, count):
    broken = []
    ids = [name.decode() for queue in connection.scan_iter("rq:finished:*", count=AT_ONCE) for name in connection.zrange(queue, 0, -1)]
    if len(ids) != count or len(set(ids)) != count:
        broken.append("%d jobs finished in place of %d" % (len(ids), count))
    hashes = sum(1 for _ in connection.scan_iter("rq:job:*", count=AT_ONCE))
    if hashes != count:
        broken.append("there are %d jobs in place of %d" % (hashes, count))
    for some in _slices(ids):
        with connection.pipeline(transaction=False) as pipeline:
            for name in some:
                pipeline.hget("rq:job:" + name, "status")
                pipeline.xlen("rq:results:" + name)
            answers = pipeline.execute()
        for name, status, results in zip(some, answers[::2], answers[1::2]):
            if status != b"finished" or results != 1:
                broken.append("job %s: status %s, %d results" % (name, status, results))
    return broken


def _slices(values):
    return (values[first:first + AT_ONCE] for first in range(0, len(values), AT_ONCE))
