"""A result on its way to Redis: its bytes, and how many there may be."""
from .serializers import UNSERIALIZABLE, Json, Pickle
from .text import class_name, said

DEFAULT_LIMIT = 256 * 1024 * 1024

# Neither makes these smaller, so that a text or bytes of such a length need not be serialized to be refused.
PLAIN = (str, bytes, bytearray)
QUICK = (type(None), bool, int, float, str, bytes)


class ResultTooLarge(Exception):
    """Fails a job whose result is larger than the configuration allows."""

    __module__ = "rqd"

    def __init__(self, size, limit, least=""):
        super().__init__(
            "the result takes %s%d bytes when it is serialized, and horse.max_result_size allows %d" % (least, size, limit)
        )
        self.size = size


def serialized(value, serializer, limit):
    """The value's bytes and nothing, or RQ's text for one that has none and the reason."""
    if type(value) in PLAIN and len(value) > limit and is_known(serializer):
        raise ResultTooLarge(len(value), limit, "at least ")
    reason = None
    try:
        data = serializer.dumps(value)
    except BaseException as error:
        reason = "%s: %s" % (class_name(type(error)), said(error))
        data = serializer.dumps(UNSERIALIZABLE)
    size = memoryview(data).nbytes
    if size > limit:
        raise ResultTooLarge(size, limit)
    return data if type(data) is bytes else bytes(memoryview(data)), reason


def is_known(serializer):
    """True for a serializer of RQ's, or ours in place of it."""
    return serializer in (Pickle, Json) or getattr(serializer, "__module__", None) == "rq.serializers"


def is_quick(value, serializer):
    """True when serializing the value runs no code but that of a serializer of RQ's."""
    return type(value) in QUICK and is_known(serializer)


def bound(job, limit):
    """Has RQ's own code fail the job when its result is too large; it would write one of any size.

    RQ serializes a result that is kept when it writes the success, after the success callback.
    """
    handle = getattr(job, "_handle_success", None)
    if handle is None:
        return

    def bounded(*args, **kwargs):
        own = job.serializer
        if job._result is not None:
            job.serializer = Once(own, job._result, limit)
        try:
            return handle(*args, **kwargs)
        finally:
            job.serializer = own

    job._handle_success = bounded


class Once:
    """A serializer that has done its work for one value already."""

    def __init__(self, serializer, value, limit):
        self.loads = serializer.loads
        self.serializer = serializer
        self.value = value
        self.data, self.reason = serialized(value, serializer, limit)

    def dumps(self, value, *args, **kwargs):
        """The bytes of that value, or those of another."""
        if value is self.value and self.reason is None:
            return self.data
        return self.serializer.dumps(value, *args, **kwargs)
