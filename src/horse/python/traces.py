"""What the one who enqueued a job left of a trace in its `meta`."""
from .result import is_known
from .text import plain

HEADER = "sentry-trace"
LIMIT = 200


def of(run):
    """The trace that the job is a part of, None for none.

    `meta` is only read where it may hold one: it takes the project's serializer.
    """
    data = run.fields.get("meta")
    if type(run.report) is not dict or not data:
        return None
    if is_known(run.serializer) and HEADER.encode() not in data:
        return None
    try:
        meta = run.serializer.loads(data)
        headers = meta.get("_sentry_trace_headers") or meta
        parent = headers.get(HEADER)
    except Exception:
        return None
    return {"parent": plain(parent[:LIMIT])} if isinstance(parent, str) else None
