"""How a function ended, as head and body of `ended`."""
from . import trace
from .current_job import is_retry
from .result import ResultTooLarge, serialized
from .text import class_name, glimpse, plain, said, shown

MESSAGE = 10_000
REPR = 1_000
INTERVALS = 10_000


def returned(value, serializer, limit, is_kept):
    """The report of a value; a `Retry` is a request and no result. A value that nobody keeps may be of any size."""
    retry = asked_retry(value)
    if value is None:
        return {"kind": "returned", "none": True, "unserializable": None, "repr": None}, b""
    try:
        body, reason = serialized(value, serializer, limit)
    except ResultTooLarge as error:
        if is_kept or retry is not None:
            raise
        return {"kind": "returned", "none": True, "unserializable": None, "repr": glimpse(value, error.size, REPR)}, b""
    if retry is not None:
        return retry, body
    text = shown(value, REPR) if reason else glimpse(value, len(body), REPR)
    return {"kind": "returned", "none": False, "unserializable": reason and plain(reason[:MESSAGE]), "repr": text}, body


def asked_retry(value):
    """The head for a `rq.job.Retry`, None for all else."""
    if not is_retry(value):
        return None
    return {
        "kind": "asked_retry",
        "max": int(value.max),
        "intervals": [one if type(one) in (int, float) else int(one) for one in value.intervals[:INTERVALS]],
        "at_front": bool(getattr(value, "enqueue_at_front", False)),
    }


def raised(error, timed_out, func_name):
    """The report of an exception."""
    head = {
        "kind": "raised",
        "exception": plain(class_name(type(error))[:REPR]),
        "message": plain(said(error)[:MESSAGE]),
        "timed_out": timed_out,
        "func_name": func_name,
    }
    return head, trace.text_of(error)
