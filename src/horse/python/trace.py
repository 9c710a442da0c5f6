"""What is told of an exception: the traceback text that RQ would store.

Our own frames are cut wherever they stand, also in the exceptions that led to this one.
"""
import sys
import traceback

from .text import class_name, encoded, middle_out, said

OURS = "<rqd>/"
TEXT_LIMIT = 16 * 1024 * 1024
FRAMES = 100


def text_of(error):
    """The traceback text as UTF-8."""
    try:
        text = "".join(summary(error).format())
    except BaseException:
        text = bare(error)
    return middle_out(encoded(text), TEXT_LIMIT)


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
