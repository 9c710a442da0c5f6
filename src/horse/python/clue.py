"""What an exception came from, and what explains it beyond its traceback. The words are the daemon's; here are the facts."""
import os
import sys

from . import nearest, undecodable
from .text import plain, said

PATH = 10
TEXT = 500


def of(run, failure):
    """The part of `ended` that tells of a failure. Nothing that goes wrong here is the job's."""
    if failure is run.limit.raised:
        return {"cause": "time_limit"}
    if isinstance(failure, MemoryError):
        return {"cause": "memory"}
    try:
        if failure is run.unread:
            return {"cause": "payload", "payload": undecodable.facts(run.fields.get("data", b""), run.serializer, failure)}
        if failure is run.unfound:
            return {"cause": "import", "missing": missing(run.call)}
    except Exception:
        return {"cause": "payload" if failure is run.unread else "import"}
    return {"cause": "code"}


def missing(call):
    """What is known of a function that was not found."""
    if call.instance:
        return None
    name = call.func_name
    return {
        "name": plain(name[:TEXT]),
        "directory": plain(os.getcwd()[:TEXT]),
        "path": [plain(str(entry)[:TEXT]) for entry in sys.path[:PATH]],
        "interpreter": plain(str(sys.executable)[:TEXT]),
        "tried": [(plain(module[:TEXT]), told(error)) for module, error in call.failures if not is_absence(module, error)],
        "near": nearest.to(name),
    }


def is_absence(module, error):
    """True when the exception says only that there is no such module."""
    missing = getattr(error, "name", None)
    return isinstance(error, ModuleNotFoundError) and (module == missing or module.startswith("%s." % missing))


def told(error):
    """An exception with the place that raised it."""
    text = "%s: %s" % (type(error).__name__, said(error))
    step, place = error.__traceback__, None
    while step is not None:
        code = step.tb_frame.f_code
        if not code.co_filename.startswith("<"):
            place = "%s:%s" % (code.co_filename, step.tb_lineno)
        step = step.tb_next
    return plain((text if place is None else "%s (%s)" % (text, place))[:TEXT])
