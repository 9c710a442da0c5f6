"""Values of the application as data of bounded depth, breadth and length, in the Sentry SDK's shape."""
from collections.abc import Mapping

from .text import plain

DEPTH = 5
BREADTH = 10
LENGTH = 1000


def shape(value, in_repr=False, depth=DEPTH):
    """The value as data; `in_repr` is for variables, whose types are to be seen."""
    if depth > 0 and isinstance(value, Mapping):
        return mapping(value, in_repr, depth - 1)
    if depth > 0 and isinstance(value, (list, tuple, set, frozenset)):
        return [shape(each, in_repr, depth - 1) for each in first(value)]
    if not in_repr and (value is None or type(value) in (bool, str)):
        return plain(value[:LENGTH]) if value.__class__ is str else value
    if not in_repr and type(value) is int and abs(value) < 1 << 53:
        return value
    return text_of(value)


def mapping(value, in_repr, depth):
    """A table; what its keys say counts, and not their types."""
    try:
        pairs = first(value.items())
    except Exception:
        return text_of(value)
    return {plain(str(key)[:LENGTH]): shape(each, in_repr, depth) for key, each in pairs}


def first(values):
    """So many of them as are told."""
    found = []
    for each in values:
        if len(found) >= BREADTH:
            break
        found.append(each)
    return found


def text_of(value):
    """Its `repr`, cut. A text that is long anyway is not turned into one that is longer."""
    if type(value) in (str, bytes, bytearray) and len(value) > LENGTH:
        value = value[:LENGTH]
    try:
        return plain(repr(value)[:LENGTH])
    except Exception:
        return "<broken repr>"


def weight(told):
    """About how many characters there are in data."""
    if isinstance(told, dict):
        return sum(len(key) + weight(each) for key, each in told.items())
    if isinstance(told, list):
        return sum(map(weight, told))
    return len(told) if isinstance(told, str) else 8
