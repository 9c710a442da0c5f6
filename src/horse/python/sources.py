"""The files of the application's own modules: what has to change before loading it again makes a difference."""
import os
import sys

from .wire import encode

MOST = 4096
# A head has room for this beside the longest settings.
BYTES = 512 * 1024
INSTALLED = ("site-packages", "dist-packages")


def of(modules):
    """The absolute paths of the files of these modules, but for those of Python and of installed packages."""
    homes = python_homes()
    found = {}
    room = BYTES
    for module in modules:
        path = own_file(module, homes)
        if path is None or path in found:
            continue
        room -= len(encode(path)) + 2
        if room < 0 or len(found) == MOST:
            break
        found[path] = True
    return list(found)


def own_file(module, homes):
    """The file of a module of the application, None for others."""
    try:
        path = module.__file__
        if type(path) is not str:
            return None
        path = os.path.abspath(path)
        path.encode("utf-8")
    except Exception:  # Anything may stand in `sys.modules`, and a path need not be UTF-8.
        return None
    if path.startswith(homes) or any(part in INSTALLED for part in path.split(os.sep)):
        return None
    return path


def python_homes():
    """The folders of the interpreter and of its environment. Not all below a prefix: a project may be there.

    A project's folder is itself the prefix after `python -m venv .`, and `/usr/src/app` is a usual place too.
    """
    homes = {os.path.dirname(os.__file__)}
    for prefix in (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix):
        homes.update(os.path.join(prefix, folder) for folder in ("lib", "lib64", "bin"))
    homes |= {os.path.realpath(home) for home in homes}
    return tuple(home + os.sep for home in homes)


def loaded_since(names):
    """The modules that were not loaded when `sys.modules` had these names."""
    return [module for name, module in list(sys.modules.items()) if name not in names]
