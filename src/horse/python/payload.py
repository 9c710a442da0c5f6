"""From the job hash to the call that the job asks for."""
import sys
import zlib

from .resolve import attribute
from .wire import Junk


class DeserializationError(Exception):
    """Stands in for `rq.exceptions.DeserializationError` where rq is not loaded."""

    __module__ = "rq.exceptions"


class Call:
    """What a payload asks for, before anything is imported for it."""

    def __init__(self, func_name, instance, args, kwargs):
        self.func_name = func_name
        self.instance = instance
        self.args = args
        self.kwargs = kwargs
        self.failures = []

    def function(self):
        """The callable. RQ: an instance whose truth value is False counts as none."""
        if self.func_name is None:
            return None
        if self.instance:
            return getattr(self.instance, self.func_name)
        return attribute(self.func_name, self.failures)


def fields_of(order, body):
    """The job hash, cut out of the body of `run`."""
    fields, offset = {}, 0
    try:
        for name, length in order["fields"]:
            if type(name) is not str or type(length) is not int or length < 0:
                raise Junk("a field that is not a name and a length")
            fields[name] = body[offset:offset + length]
            offset += length
    except (KeyError, TypeError, ValueError):
        raise Junk("fields that are not pairs") from None
    if offset != len(body):
        raise Junk("fields of %d bytes in a body of %d" % (offset, len(body)))
    return fields


def read(data, serializer):
    """The call in the `data` of a job hash."""
    try:
        data = zlib.decompress(data)
    except zlib.error:
        pass  # RQ: what zlib cannot read is taken as it is.
    try:
        func_name, instance, args, kwargs = serializer.loads(data)
    except Exception as error:
        raise error_class()() from error
    return Call(func_name, instance, args, kwargs)


def error_class():
    """RQ's own class when it is loaded."""
    return getattr(sys.modules.get("rq.exceptions"), "DeserializationError", DeserializationError)
