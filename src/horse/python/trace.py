"""What is told of an exception: the traceback text that RQ would store, and its frames as data.

Our own frames are cut wherever they stand, also in the exceptions that led to this one.
"""
import linecache
import sys
import traceback

from .text import class_name, encoded, middle_out, plain, said

OURS = "<rqd>/"
TEXT_LIMIT = 16 * 1024 * 1024
FRAMES = 100
LINE = 1000


def text_of(error):
    """The traceback text as UTF-8."""
    try:
        text = "".join(summary(error).format())
    except BaseException:
        text = bare(error)
    return middle_out(encoded(text), TEXT_LIMIT)


def frames_of(error):
    """The innermost frames of the application, oldest first."""
    try:
        found = [entry(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if not is_ours(frame)]
        return found[-FRAMES:]
    except BaseException:
        return []


def entry(frame, line):
    """One frame as data."""
    code = frame.f_code
    source = linecache.getline(code.co_filename, line, frame.f_globals).strip()
    return {
        "file": plain(code.co_filename[:LINE]),
        "line": line or 0,
        "function": plain(getattr(code, "co_qualname", code.co_name)[:LINE]),
        "code": plain(source[:LINE]),
    }


def is_ours(frame):
    """True for a frame of this package."""
    return frame.f_code.co_filename.startswith(OURS)


def summary(error):
    """What the standard library has to say of the exception, without our frames."""
    options = {"compact": True} if sys.version_info >= (3, 10) else {}
    whole = traceback.TracebackException(type(error), error, error.__traceback__, **options)
    todo, seen = [whole], set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if one.stack:
            one.stack[:] = [frame for frame in one.stack if not frame.filename.startswith(OURS)]
        todo += [one.__cause__, one.__context__]
        todo += getattr(one, "exceptions", None) or []
    return whole


def bare(error):
    """A traceback made with as little machinery as can be, for when the job broke the standard one."""
    lines = []
    step = error.__traceback__
    while step is not None:
        if not is_ours(step.tb_frame):
            code = step.tb_frame.f_code
            lines.append('  File "%s", line %s, in %s\n' % (code.co_filename, step.tb_lineno, code.co_name))
        step = step.tb_next
    head = ["Traceback (most recent call last):\n"] if lines else []
    return "".join(head + lines[-FRAMES:]) + "%s: %s\n" % (class_name(type(error)), said(error))
