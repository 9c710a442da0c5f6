"""What the orders name by dotted names: modules, serializer, handlers, classes; and the report when one cannot be used."""
import sys
from importlib import import_module

from . import serializers, trace
from .hooks import Hooks, callable_of
from .resolve import attribute
from .text import class_name, plain, said

TRACEBACK = 512 * 1024


class Refused(Exception):
    """A stage of the preparation failed; holds the report."""

    def __init__(self, stage, what, error, missing=False, reason=None, hint=""):
        super().__init__(stage)
        error.__traceback__ = beyond_machinery(error.__traceback__)
        text = trace.text_of(error)[-TRACEBACK:].decode("utf-8", "ignore")
        self.report = {
            "report": "refused",
            "stage": stage,
            "what": what,
            "missing": missing,
            "kind": class_name(type(error)),
            "reason": plain((reason or said(error))[:10_000]),
            "hint": hint,
            "traceback": text,
        }


def beyond_machinery(step):
    """The traceback from the first frame that is neither ours nor the import system's, as an `import` line has it."""
    while step is not None and ("importlib" in step.tb_frame.f_code.co_filename or trace.is_ours(step.tb_frame)):
        step = step.tb_next
    return step


def is_missing(error, name):
    """True when the module itself, or a package that holds it, was not found; not when something it imports was not."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return False
    return name == error.name or name.startswith(error.name + ".")


def preload(name):
    """Imports one module of the list."""
    try:
        import_module(name)
    except BaseException as error:
        raise Refused("preload", name, error, is_missing(error, name)) from None


def connection_class(order):
    """The class of the connections that jobs ask for, None for redis-py's own."""
    name = (order.get("engine") or {}).get("connection_class")
    if not name or name in ("redis.Redis", "redis.StrictRedis", "redis.client.Redis"):
        return None
    try:
        return attribute(name)
    except BaseException as error:
        raise Refused("connection_class", name, error) from None


def resolve_serializer(name):
    """The serializer for every job of this fork server."""
    try:
        return serializers.resolve(name)
    except BaseException as error:
        missing = isinstance(error, ValueError) and name.split(".")[0] not in sys.modules
        raise Refused("serializer", name, error, missing) from None


def resolve_handlers(names):
    """The exception handlers in their order. They are given a job of rq's, so rq is loaded here, once for all horses."""
    handlers = []
    for name in names:
        try:
            import rq.job  # noqa: F401

            handler = callable_of(name)
        except BaseException as error:
            raise Refused("exception_handler", name, error) from None
        handlers.append(handler)
    return handlers


def resolve_hooks(names):
    """The hooks of the configuration."""
    for kind, name in names.items():
        try:
            if name:
                callable_of(name)
        except BaseException as error:
            raise Refused("hook", "horse.%s = %s" % (kind, name), error) from None
    return Hooks(names)
