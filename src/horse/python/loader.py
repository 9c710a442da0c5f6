"""Turns one program text into the package `_rqd` and starts the fork server.

What the daemon must do: take this text, replace the pair of braces that SOURCES is
set to below (the only such pair in this text) by a JSON object {module name: its
source} as serde_json writes it, put the result into a memory file on descriptor 3
and start `PYTHON /proc/self/fd/3`. A module's name is its file's name without `.py`;
`loader` itself is left out.

The JSON text is a valid Python literal as long as characters beyond ASCII are
written raw (serde_json does so). A writer that escapes them as surrogate pairs
would be wrong here, so our sources are plain ASCII.

Only `sys` is used before the path is put right: an import that runs while the
script's folder or the project is in front of the standard library could load a
project's `queue.py` in its place.
"""
import sys

SOURCES = {}

PACKAGE = "_rqd"


class Loader:
    """Finds and runs the modules of the package; stays out of `sys.meta_path` once they are loaded."""

    def __init__(self, sources, make_spec):
        self.sources = sources
        self.make_spec = make_spec

    def find_spec(self, name, path=None, target=None):
        """The spec of the package or of one of its modules, None for all else."""
        if name == PACKAGE:
            return self.make_spec(name, self, origin="<rqd>", is_package=True)
        package, _, module = name.partition(".")
        if package != PACKAGE or module not in self.sources:
            return None
        return self.make_spec(name, self, origin="<rqd>/%s.py" % module)

    def create_module(self, spec):
        """None asks the import system for an ordinary module."""
        return None

    def exec_module(self, module):
        """Runs a module's source under a file name that tracebacks can be searched for."""
        name = module.__name__.partition(".")[2]
        if name:
            code = compile(self.sources[name], "<rqd>/%s.py" % name, "exec", 0, True)
            exec(code, module.__dict__)


def drop_script_folder():
    """Removes what CPython put in front of the path for the script: the root folder, as descriptor 3 resolves."""
    if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
        del sys.path[0]


def standard_path(entries):
    """The entries of the standard library, told by where `os` came from (it is loaded before any script runs)."""
    found = getattr(sys.modules.get("os"), "__file__", None)
    if not found:
        return list(entries)
    home = found.rpartition("/")[0]
    return [
        entry
        for entry in entries
        if entry == home or entry.endswith("/lib-dynload") or (entry.endswith(".zip") and "/python" in entry)
    ]


def blank_main():
    """Gives user code a `__main__` without our names, and without a file that multiprocessing would run again."""
    main = type(sys)("__main__")
    main.__builtins__ = sys.modules["builtins"]
    sys.modules["__main__"] = main
    # RQ: settings modules look into argv and expect the worker's command line.
    sys.argv[:] = ["rq", "worker"]


def check_version():
    """Refuses an interpreter that is too old; nothing but `sys` and what is built in may be needed for it."""
    if sys.version_info >= (3, 8):
        return
    import posix
    import struct

    what = sys.executable.replace("\\", "\\\\").replace('"', '\\"')
    reason = "it is Python %s, and 3.8 or newer is needed" % sys.version.split()[0]
    head = '{"report": "refused", "stage": "python", "what": "%s", "reason": "%s"}' % (what, reason)
    head = head.encode("utf-8")
    posix.write(4, struct.pack(">II", len(head), 0) + head)
    posix._exit(70)


def load():
    """Loads the package with nothing but the standard library in reach; returns its main function."""
    check_version()
    drop_script_folder()
    whole = list(sys.path)
    sys.path[:] = standard_path(whole)
    # This loads nothing: the import system itself was loaded under this name.
    loader = Loader(SOURCES, sys.modules["_frozen_importlib"].ModuleSpec)
    sys.meta_path.insert(0, loader)
    try:
        # The word for a horse that is an interpreter of its own, see `fresh`.
        if sys.argv[1:] == ["horse"]:
            from _rqd.fresh import main
        else:
            from _rqd.server import main
    finally:
        sys.meta_path.remove(loader)
        sys.path[:] = whole
    blank_main()
    return main


load()()
