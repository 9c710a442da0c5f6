"""Whether functions can be imported, for `rq doctor`: importing runs the project's code, and nothing is called."""
from . import nearest
from .clue import is_absence, told
from .order import text_in
from .process import export_prefix
from .resolve import attribute
from .text import plain


def load(order):
    """Imports the function that the order names, and tells what is known of the libraries; returns the report."""
    export_prefix(order.get("key_prefix"))
    name = order.get("function")
    trouble = None if name is None else trouble_with(text_in(order, "function"))
    return {"report": "imported", "trouble": trouble, "libraries": {name: version(name) for name in ("rq", "redis")}}


def trouble_with(name):
    """Why a function cannot be imported, None when it can."""
    failures = []
    try:
        found = attribute(name, failures)
    except BaseException as error:
        causes = [told(failure) for module, failure in failures if not is_absence(module, failure)]
        return {"reason": causes[0] if causes else told(error), "near": None if causes else near(name)}
    if not callable(found):
        return {"reason": plain("it is no function, but %.100s" % type(found).__name__), "near": None}
    return None


def near(name):
    """The nearest name that there is."""
    try:
        return nearest.to(name)
    except Exception:
        return None


def version(name):
    """The version of an installed library, None when it is not there."""
    from importlib.metadata import version as installed

    try:
        return plain(installed(name)[:100])
    except Exception:
        return None
