"""Which engine runs the jobs, ours or RQ's own code; decided once, when the application is loaded.

Ours needs no rq in the interpreter. RQ's own code runs when a class of the user's has a say in what a horse does, or when
something, an error reporter for example, has replaced a method of RQ's.
"""
import os
import sys

from .resolve import attribute
from .text import said

# RQ's own worker classes, and how their horses are made.
MODELS = {
    "Worker": {"model": "fork"},
    "SimpleWorker": {"model": "reuse"},
    "SpawnWorker": {"model": "spawn"},
    "HerokuWorker": {"model": "fork", "warm_signal": True},
    "RoundRobinWorker": {"model": "fork", "strategy": "round_robin"},
    "RandomWorker": {"model": "fork", "strategy": "random"},
}
PLACES = ("rq", "rq.worker", "rq.worker.worker_classes")
STOCK = {
    "worker_class": {"%s.%s" % (place, name): name for place in PLACES for name in MODELS},
    "job_class": {name: "Job" for name in ("rq.job.Job", "rq.Job")},
    "queue_class": {name: "Queue" for name in ("rq.Queue", "rq.queue.Queue")},
}
DEFAULTS = {"worker_class": "rq.Worker", "job_class": "rq.job.Job", "queue_class": "rq.Queue"}
BASES = {"worker_class": "rq.worker.Worker", "job_class": "rq.job.Job", "queue_class": "rq.queue.Queue"}

# What a replacement of these methods is about; the rest of RQ's worker is the daemon's own work.
HORSE_METHODS = (
    "perform_job", "handle_exception", "handle_job_success", "handle_job_failure", "handle_job_retry", "main_work_horse",
    "setup_work_horse_signals", "prepare_job_execution", "handle_execution_ended", "handle_work_horse_killed",
    "_finalize_success", "_finalize_failure", "cleanup_execution", "death_penalty_class",
)
JOB_METHODS = ("perform", "_execute", "success_callback", "failure_callback", "_handle_success", "_handle_failure")


class Unfit(Exception):
    """The classes cannot be used; holds which one, why, and what to do in place of it."""

    def __init__(self, stage, what, reason, hint="", cause=None):
        super().__init__(reason)
        self.stage, self.what, self.hint, self.cause = stage, what, hint, cause


class Choice:
    """The engine that was chosen, why, and how its horses are made."""

    def __init__(self, engine, reason, model, classes):
        self.engine, self.reason, self.classes = engine, reason, classes
        self.model = model.get("model", "fork")
        self.strategy = model.get("strategy")
        self.warm_signal = model.get("warm_signal", False)

    def report(self):
        """What the daemon is told."""
        return {
            "engine": self.engine,
            "reason": self.reason,
            "model": self.model,
            "strategy": self.strategy,
            "warm_signal": self.warm_signal,
        }


def choose(order):
    """The choice for the wishes of a `prepare` order."""
    wishes = order.get("engine") or {}
    names = {kind: wishes.get(kind) or default for kind, default in DEFAULTS.items()}
    classes = {kind: chosen(kind, name) for kind, name in names.items()}
    model = model_of(classes["worker_class"])
    reason = own_class(names, classes)
    asked = wishes.get("engine", "auto")
    if asked == "native" and reason:
        raise Unfit("engine", "native", reason + ", which takes the engine rq", "set horse.engine to auto")
    if asked == "rq":
        reason = "horse.engine asks for it"
    elif asked == "auto":
        reason = reason or replacement()
    if reason:
        return Choice("rq", reason, model, classes)
    return Choice("native", "the worker class is %s" % names["worker_class"], model, classes)


def chosen(kind, name):
    """The name of RQ's own class, or the class of the user's."""
    if name in STOCK[kind]:
        return STOCK[kind][name]
    try:
        found = attribute(name)
    except BaseException as error:
        raise Unfit(kind, name, "%s: %s" % (type(error).__name__, said(error)), cause=error) from None
    base = rq_class(kind, BASES[kind])
    if kind == "worker_class":
        base = base.__mro__[-2]  # BaseWorker, or Worker where there is none.
    if not isinstance(found, type) or not issubclass(found, base):
        raise Unfit(kind, name, "it is not a class that is derived from %s.%s" % (base.__module__, base.__name__))
    if is_rqs(found.__module__) and found.__name__ in STOCK[kind].values():
        return found.__name__
    return found


def rq_class(kind, name):
    """A class of RQ's, imported."""
    try:
        return attribute(name)
    except BaseException as error:
        raise Unfit(kind, name, "rq cannot be imported: %s" % said(error), cause=error) from None


def model_of(worker):
    """How the horses of a worker class are made: as those of the first of its ancestors that is RQ's own."""
    if isinstance(worker, str):
        return MODELS[worker]
    for ancestor in worker.__mro__:
        if is_rqs(ancestor.__module__) and ancestor.__name__ in MODELS:
            return MODELS[ancestor.__name__]
    return MODELS["Worker"]


def own_class(names, classes):
    """Why classes alone decide for RQ's own code, None when they do not."""
    if classes["worker_class"] == "HerokuWorker":
        return "the worker class is %s" % names["worker_class"]
    for kind in ("worker_class", "job_class", "queue_class"):
        if not isinstance(classes[kind], str):
            return "the %s is %s" % (kind.replace("_", " "), names[kind])
    return None


def replacement():
    """Who has replaced a method of RQ's that a horse needs; only what is loaded can have been replaced."""
    module = sys.modules.get("rq.worker")
    job = getattr(sys.modules.get("rq.job"), "Job", None)
    found = []
    for kind in ("Worker", "SimpleWorker"):
        owner = getattr(module, kind, None)
        found += [(kind, name, foreign(owner, name)) for name in HORSE_METHODS if owner is not None]
    found += [("Job", name, foreign(job, name)) for name in JOB_METHODS if job is not None]
    for kind, name, by in found:
        if by:
            return "%s has replaced %s.%s" % (by, kind, name)
    return None


def foreign(owner, name):
    """The module that an attribute of RQ's class comes from when it is not RQ's own, else None."""
    for ancestor in owner.__mro__:
        if name in vars(ancestor):
            return foreign_value(vars(ancestor)[name])
    return None


def foreign_value(value):
    """The same of a value: wrappers copy the name of the module, so the file of the code decides."""
    value = getattr(value, "fget", None) or getattr(value, "__func__", None) or value
    code = getattr(value, "__code__", None)
    if code is not None and not is_rqs_file(code.co_filename):
        scope = getattr(value, "__globals__", {})
        return scope.get("__name__") or code.co_filename
    if getattr(value, "__wrapped__", None) is not None:
        return type(value).__module__
    module = getattr(value, "__module__", None)
    if code is None and isinstance(module, str) and not is_rqs(module):
        return module
    return None


def is_rqs(module):
    """True for a module of RQ's."""
    return module == "rq" or str(module).startswith("rq.")


def is_rqs_file(path):
    """True for a file of RQ's package."""
    folder = os.path.dirname(getattr(sys.modules.get("rq"), "__file__", None) or "")
    return bool(folder) and path.startswith(folder + os.sep)
