"""What an error reporter shows of an exception: its chain, its frames with their source, and where it happened, as data.

Values are what the Sentry SDK makes of the same exception, so that reports of both are grouped alike.
"""
import sys

from . import shapes
from .frames import Frames
from .text import plain, said

EXCEPTIONS = 50
NAME = 512
MESSAGE = 8192
PLACES = 100
PLACE = 512
NAMES = {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalVM"}


def of(error, wish, root, call):
    """The evidence of an exception; `wish` is what the daemon wants of it, `root` the directory of the project."""
    frames = Frames(bool(wish.get("variables")))
    found = {
        "exceptions": [entry(frames, *each) for each in walked(error)],
        "python": {
            "name": NAMES.get(sys.implementation.name, sys.implementation.name),
            "version": "%d.%d.%d" % sys.version_info[:3],
            "build": plain(sys.version[:NAME]),
        },
        "path": [plain(place[:PLACE]) for place in sys.path[:PLACES] if isinstance(place, str)],
        "root": plain(root),
    }
    if wish.get("arguments") and call is not None:
        found["args"] = [shapes.shape(value) for value in list(call.args)[:shapes.BREADTH]]
        found["kwargs"] = shapes.shape(dict(call.kwargs))
    return found


def walked(error):
    """The exceptions that are told, the first cause first, each with its place in a group if there is one."""
    found = tree(error) if is_group(error) else [(one, None, None, None) for one in chain(error)]
    return list(reversed(found[:EXCEPTIONS]))


def chain(error):
    """The exception, its cause, the cause of that, and so on."""
    seen = []
    while error is not None and not any(error is one for one in seen) and len(seen) < EXCEPTIONS:
        seen.append(error)
        error = error.__cause__ if error.__suppress_context__ else error.__context__
    return seen


def tree(error):
    """The same of a group: what it consists of, too; each with its number, its parent's, and how it is held there."""
    found, seen = [], []

    def visit(one, parent, source):
        if any(one is other for other in seen) or len(found) >= EXCEPTIONS:
            return
        seen.append(one)
        number = len(found)
        found.append((one, number, parent, source))
        cause, name = (one.__cause__, "__cause__") if one.__suppress_context__ else (one.__context__, "__context__")
        if isinstance(cause, BaseException):
            visit(cause, 0, name)
        for place, member in enumerate(members(one)):
            visit(member, number, "exceptions[%d]" % place)

    visit(error, None, None)
    return found


def members(error):
    """What a group holds. The SDK takes everything for one that has such an attribute."""
    held = getattr(error, "exceptions", None)
    return [one for one in held if isinstance(one, BaseException)] if isinstance(held, (list, tuple)) else []


def is_group(error):
    """True for a group, which Python has since 3.11."""
    return sys.version_info >= (3, 11) and isinstance(error, BaseExceptionGroup)  # noqa: F821


def entry(frames, error, number, parent, source):
    """One exception as data."""
    kind = type(error)
    module = getattr(kind, "__module__", None)
    errno = getattr(error, "errno", None)
    return {
        "type": plain(str(getattr(kind, "__qualname__", None) or kind.__name__)[:NAME]),
        "module": plain(module[:NAME]) if isinstance(module, str) and module not in ("builtins", "__builtins__") else None,
        "value": plain(message(error)[:MESSAGE]),
        "errno": errno if type(errno) is int and abs(errno) < 1 << 31 else None,
        "id": number,
        "parent": parent,
        "source": source,
        "group": is_group(error),
        "frames": frames.of(error.__traceback__),
    }


def message(error):
    """What it says. The SDK asks two attributes first, and adds the notes."""
    text = ""
    for name in ("message", "detail"):
        try:
            text = text or getattr(error, name, "")
        except Exception:
            pass
    text = (text if isinstance(text, str) else said(text)) or said(error)
    notes = getattr(error, "__notes__", None)
    if isinstance(notes, list) and notes:
        text += "\n" + "\n".join(note for note in notes if isinstance(note, str))
    return text
