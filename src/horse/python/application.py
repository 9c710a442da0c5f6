"""The application in the fork server: its settings module, its preloaded modules, its serializer."""
import gc
import os
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from time import monotonic

from . import django_project, engine, fitness, ground, pages, rehearsal, serializers, sources, threads, title, values
from .bounds import Bounds
from .connection import Lazy
from .hooks import Hooks, close_django_connections
from .libraries import Libraries
from .named import (
    Refused,
    connection_class,
    is_missing,
    preload,
    resolve_handlers,
    resolve_hooks,
    resolve_serializer,
)
from .process import directory, export_prefix
from .result import DEFAULT_LIMIT
from .rq_engine import Engine


class Application:
    """What is loaded once and shared by all horses."""

    def __init__(self):
        self.dict_config = None
        self.settings_name = None
        self.is_django = False
        self.serializer = serializers.Pickle
        self.exception_handlers = []
        self.hooks = Hooks()
        self.max_result_size = DEFAULT_LIMIT
        self.connection = Lazy(None)
        self.return_address = None
        self.orders = {}
        self.choice = None
        self.engine = None
        self.libraries = Libraries()
        self.bounds = Bounds()
        self.root = ""

    def settings(self, order):
        """Imports the settings module; returns the report."""
        # An interpreter in the place of a horse is there already.
        self.orders["settings"] = dict(order, ground=None)
        ground.take(order)
        # RQ: entries are appended, so a project cannot shadow the standard library or an installed package.
        for entry in order.get("path") or []:
            if entry not in sys.path:
                sys.path.append(entry)
        name, file = order.get("module"), order.get("file")
        if not name and not file:
            return {"report": "settings", "file": None, "values": {}, "opaque": {}, "files": []}
        before = set(sys.modules)
        try:
            module = import_module(name) if name else import_file(file)
        except BaseException as error:
            missing = is_missing(error, name) if name else not os.path.exists(file)
            raise Refused("settings", name or file, error, missing) from None
        self.settings_name = name or file
        self.is_django = django_project.claim(module)
        self.dict_config = getattr(module, "DICT_CONFIG", None)
        known, opaque = values.of(module)
        return {
            "report": "settings",
            "file": getattr(module, "__file__", None),
            "values": known,
            "opaque": opaque,
            "files": sources.of(sources.loaded_since(before)),
        }

    def prepare(self, order):
        """Loads the rest and freezes the heap; returns the report."""
        start = monotonic()
        self.orders["prepare"] = order
        export_prefix(order.get("key_prefix"))
        self.bounds = Bounds(order.get("bounds"))
        self.bounds.check()
        self.set_up_django()
        wanted = order.get("dict_config")
        if isinstance(wanted, dict):
            self.dict_config = wanted
        if wanted and self.dict_config is not None:
            self.configure_logging()
        for name in order.get("preload") or []:
            preload(name)
        self.serializer = resolve_serializer(order.get("serializer"))
        self.exception_handlers = resolve_handlers(order.get("exception_handlers") or [])
        self.hooks = resolve_hooks(order.get("hooks") or {})
        self.max_result_size = order.get("max_result_size") or DEFAULT_LIMIT
        close_django_connections()
        self.connection = Lazy(order.get("connection"), connection_class(order))
        self.return_address = order.get("return_address")
        # Where the project is thought to be.
        self.root = directory()
        rehearsal.look_around()
        self.choose_engine(order)
        title.prepare()
        self.freeze()
        names = threads.names()
        self.libraries.watch()
        return {
            "report": "prepared",
            "threads": names,
            "seconds": monotonic() - start,
            "modules": len(sys.modules),
            "engine": self.choice.report(),
            "files": sources.of(list(sys.modules.values())),
        }

    def heed(self):
        """After each horse: loads what it turns out that horses need."""
        if self.libraries.heed():
            self.freeze()

    def freeze(self):
        """Makes what is loaded as cheap to share as it can be."""
        if "rq.job" in sys.modules:
            # Every job is given an object of rq's with a connection in it; nothing is connected by this.
            self.connection.get()
        gc.collect()
        gc.freeze()
        pages.collapse()

    def set_up_django(self):
        """Before anything of the application's own is imported, for that may use models."""
        if self.is_django:
            django_project.set_up()

    def choose_engine(self, order):
        """Decides who runs the jobs; RQ's own code is imported only where it does."""
        try:
            self.choice = engine.choose(order)
            if self.choice.engine == "rq":
                self.engine = Engine(order, self.choice, self)
            else:
                fitness.check_loaded(order.get("key_prefix"))
        except engine.Unfit as unfit:
            raise Refused(unfit.stage, unfit.what, unfit.cause or unfit, reason=str(unfit), hint=unfit.hint) from None

    def configure_logging(self):
        """RQ: `DICT_CONFIG` goes to `logging.config.dictConfig`."""
        try:
            from logging.config import dictConfig

            dictConfig(self.dict_config)
        except BaseException as error:
            raise Refused("dict_config", self.settings_name, error) from None


def import_file(path):
    """Imports a file under its own name, unless that name means another module."""
    path = os.path.abspath(path)
    name = os.path.splitext(os.path.basename(path))[0]
    if not name.isidentifier() or is_taken(name, path):
        name = "_rqd_settings"
    spec = spec_from_file_location(name, path)
    if spec is None:
        raise ImportError("%s is not a Python file" % path)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def is_taken(name, path):
    """True when importing the name would give another file."""
    if name in sys.modules:
        return True
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and os.path.realpath(spec.origin or "") != os.path.realpath(path)
