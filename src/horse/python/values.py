"""What the daemon may know of a settings module: its upper-case names, as JSON."""
import os

from .django_project import text_of_promise
from .text import plain, shown
from .wire import encode

REPR = 200
DEPTH = 32
ONE = 256 * 1024
ALL = 3 * 1024 * 1024

# Django's and django-rq's: made of whatever helps to write them, and all that is of use in them is text and numbers.
LOOSE = ("RQ_QUEUES", "CACHES", "RQ")
# What a queue is found by: here nothing is left out.
PLACE = (
    "URL", "HOST", "PORT", "DB", "USERNAME", "PASSWORD", "SSL", "SSL_CERT_REQS", "UNIX_SOCKET_PATH", "USE_REDIS_CACHE",
    "SENTINELS", "MASTER_NAME",
)


class Opaque(Exception):
    """A value that JSON cannot hold."""


class Needed(Opaque):
    """One that must not be left out."""


def of(module):
    """Two objects: what JSON can hold, and the repr of what it cannot."""
    values, opaque, room = {}, {}, ALL
    for name, value in list(vars(module).items()):
        # RQ: a name without any letter counts as upper case too.
        if not isinstance(name, str) or name != name.upper():
            continue
        try:
            exact = READERS.get(name, jsonable)(value, DEPTH)
            size = len(encode(exact)) + 6 * len(name)
            if size > min(ONE, room):
                raise Opaque
        except Exception:  # Opaque, or containers of the application's own that misbehave.
            text = shown(value, REPR)
            opaque[plain(name)] = text
            size = 6 * (len(name) + len(text))
        else:
            values[plain(name)] = exact
        room -= size
    return values, opaque


def jsonable(value, depth):
    """The value with tuples as lists; no other conversion, as that would change what the module said."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int and -(2**63) <= value < 2**64:
        return value
    if kind is float and value - value == 0:
        return value
    if kind is str:
        return encodable(value)
    if depth and isinstance(value, (list, tuple)):
        return [jsonable(item, depth - 1) for item in value]
    if depth and isinstance(value, dict) and all(type(key) is str for key in value):
        return {encodable(key): jsonable(item, depth - 1) for key, item in value.items()}
    raise Opaque


def loose(value, depth):
    """The same of a value whose texts and numbers may be of classes of their own; what is of no use is left out."""
    late = text_of_promise(value)
    if late is not None:
        return encodable(late)
    if isinstance(value, os.PathLike):
        return loose(os.fspath(value), depth)
    if isinstance(value, str):
        return encodable(str.__str__(value))
    for kind in (float, int):
        if isinstance(value, kind) and not isinstance(value, bool):
            return jsonable(kind(value), depth)
    if depth and isinstance(value, (list, tuple)):
        return [loose(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        return dict(pair for pair in (loose_pair(*pair, depth=depth - 1) for pair in value.items()) if pair)
    return jsonable(value, depth)


def loose_pair(key, value, depth):
    """One entry of a dictionary, None when it is left out."""
    if not isinstance(key, str):
        return None
    try:
        return encodable(str.__str__(key)), loose(value, depth)
    except Needed:
        raise
    except Opaque:
        if key in PLACE:
            raise Needed from None
        return None


def readable(value, depth):
    """The same of a configuration of `logging`: what JSON cannot hold is told by its `repr` under the key of callables."""
    if depth and isinstance(value, (list, tuple)):
        return [readable(item, depth - 1) for item in value]
    if depth and isinstance(value, dict):
        pairs = value.items()
        return {encodable(key): readable(item, depth - 1) for key, item in pairs if isinstance(key, str)}
    if isinstance(value, os.PathLike):
        return readable(os.fspath(value), depth)
    try:
        return jsonable(value, depth)
    except Opaque:
        return {"()": shown(value, REPR)}


READERS = dict(((name, loose) for name in LOOSE), DICT_CONFIG=readable)


def encodable(text):
    """The text, unless it has lone surrogates (bytes of the environment that are not UTF-8)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Opaque from None
    return text
