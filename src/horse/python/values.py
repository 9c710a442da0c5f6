"""What the daemon may know of a settings module: its upper-case names, as JSON."""
import json

from .text import plain, shown

REPR = 200
DEPTH = 32
ONE = 256 * 1024
ALL = 3 * 1024 * 1024


class Opaque(Exception):
    """A value that JSON cannot hold."""


def of(module):
    """Two objects: what JSON can hold, and the repr of what it cannot."""
    values, opaque, room = {}, {}, ALL
    for name, value in list(vars(module).items()):
        # RQ: a name without any letter counts as upper case too.
        if not isinstance(name, str) or name != name.upper():
            continue
        try:
            exact = jsonable(value, DEPTH)
            size = len(json.dumps(exact)) + 6 * len(name)
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


def encodable(text):
    """The text, unless it has lone surrogates (bytes of the environment that are not UTF-8)."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Opaque from None
    return text
