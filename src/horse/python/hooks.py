"""What the application does around its jobs, by dotted names in the configuration; and Django, which needs it always."""
import sys

from . import trace
from .resolve import attribute

NAMES = ("setup", "before_job", "after_job")


class Hooks:
    """The application's functions; each is called without arguments, as `get_current_job()` tells the rest."""

    def __init__(self, names=None):
        names = names or {}
        self.steps = {kind: callable_of(names[kind]) for kind in NAMES if names.get(kind)}
        self.fresh = True

    def begin(self):
        """Before the first job of a horse. What it raises is that job's failure."""
        if not self.fresh:
            return
        self.fresh = False
        close_django_connections()
        self.call("setup")

    def call(self, kind):
        """Calls one hook, when there is one."""
        step = self.steps.get(kind)
        if step is not None:
            step()

    def finish(self):
        """After each job, whatever became of it. What it raises is told, and changes nothing."""
        try:
            self.call("after_job")
        except BaseException as error:
            tell("horse.after_job", error)


def callable_of(name):
    """The function of a dotted name."""
    found = attribute(name)
    if not callable(found):
        raise TypeError("it is a %s, which cannot be called" % type(found).__name__)
    return found


def close_django_connections():
    """Closes what Django opened before the fork: processes that share a database connection spoil it for each other."""
    database = sys.modules.get("django.db")
    try:
        if database is not None:
            database.connections.close_all()
    except BaseException as error:
        tell("closing Django's connections", error)


def tell(what, error):
    """Writes down what nobody else will hear of."""
    try:
        sys.stderr.write("rq: %s failed:\n%s" % (what, trace.text_of(error).decode("utf-8", "replace")))
    except BaseException:
        pass
