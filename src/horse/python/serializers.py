"""The serializers that RQ knows, without importing rq; others by dotted path."""
import _pickle

from .resolve import attribute

UNSERIALIZABLE = "Unserializable return value"

PICKLE_NAMES = ("pickle", "rq.serializers.DefaultSerializer", "rq.serializers.PickleSerializer")
JSON_NAMES = ("json", "rq.serializers.JSONSerializer")


class Pickle:
    """RQ's default."""

    loads = staticmethod(_pickle.loads)

    @staticmethod
    def dumps(value):
        """The value in the newest protocol of this Python."""
        return _pickle.dumps(value, -1)


class Json:
    """RQ's `json`."""

    @staticmethod
    def dumps(value):
        """The value as UTF-8 JSON."""
        import json

        return json.dumps(value).encode("utf-8")

    @staticmethod
    def loads(data):
        """The value of UTF-8 JSON."""
        import json

        return json.loads(data.decode("utf-8"))


def resolve(name):
    """The serializer of an option's value; None means the default."""
    if not name or name in PICKLE_NAMES:
        return Pickle
    if name in JSON_NAMES:
        import json  # noqa: F401  (so that no horse pays for it)

        return Json
    found = attribute(name)
    if not (callable(getattr(found, "dumps", None)) and callable(getattr(found, "loads", None))):
        raise NotImplementedError("Serializer should have (dumps, loads) methods.")
    return found


def for_rq(serializer, rq_serializers):
    """The same serializer as a `rq.job.Job` takes it."""
    if serializer is Pickle:
        return None
    if serializer is Json:
        return getattr(rq_serializers, "JSONSerializer", serializer)
    return serializer
