"""How a function ended, as head and body of `ended`."""
from . import trace
from .current_job import is_retry
from .serializers import UNSERIALIZABLE
from .text import class_name, glimpse, plain, said, shown
from .wire import BODY_LIMIT

MESSAGE = 10_000
REPR = 1_000


def returned(value, serializer):
    """The report of a value; a `Retry` is a request and no result."""
    retry = asked_retry(value)
    if value is None:
        return {"kind": "returned", "none": True, "unserializable": None, "repr": None}, b""
    body, reason = serialized(value, serializer)
    if retry is not None:
        return retry, body
    text = shown(value, REPR) if reason else glimpse(value, len(body), REPR)
    return {"kind": "returned", "none": False, "unserializable": reason, "repr": text}, body


def serialized(value, serializer):
    """The value's bytes, or RQ's text for one that has none and the reason."""
    reason = None
    try:
        data = serializer.dumps(value)
    except BaseException as error:
        reason = "%s: %s" % (class_name(type(error)), said(error))
        data = serializer.dumps(UNSERIALIZABLE)
    body = bytes(memoryview(data))
    if len(body) > BODY_LIMIT:
        reason = "%d bytes are more than a value in Redis may have" % len(body)
        body = bytes(memoryview(serializer.dumps(UNSERIALIZABLE)))
    return body, plain(reason[:MESSAGE]) if reason else None


def asked_retry(value):
    """The head for a `rq.job.Retry`, None for all else."""
    if not is_retry(value):
        return None
    return {
        "kind": "asked_retry",
        "max": int(value.max),
        "intervals": [one if type(one) in (int, float) else int(one) for one in value.intervals],
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
        "frames": trace.frames_of(error),
    }
    return head, trace.text_of(error)
