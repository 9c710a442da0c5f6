"""What comes nearest to a dotted name that leads nowhere. Nothing of the application is imported for it: modules that are
loaded are asked, of others the source is looked at.
"""
import os
import sys

FOLDERS = 10
NAMES = 5000
SOURCE = 1 << 20
ALIKE = 0.7


def to(name):
    """The name, put right, None when nothing is near."""
    parts = name.split(".")
    if len(parts) > 10 or len(name) > 500:
        return None
    found = elsewhere(parts) if parts[0] not in children(()) else None
    found = found or corrected(parts)
    return ".".join(found) if found and found != parts else None


def corrected(parts):
    """Each part in the place of which another one was meant."""
    found = []
    for part in parts:
        known = members(found)
        if known is None:
            return found + parts[len(found):] if found != parts[:len(found)] else None
        if part not in known:
            part = alike(part, known)
        if part is None:
            return None
        found.append(part)
    return found


def elsewhere(parts):
    """The same name inside of a package of the project."""
    for package in sorted(children(()))[:NAMES]:
        found = [package]
        for part in parts:
            known = members(found)
            if known is None or part not in known:
                break
            found.append(part)
        else:
            return found
    return None


def alike(name, known):
    """The most similar of some names."""
    import difflib

    return next(iter(difflib.get_close_matches(name, sorted(known)[:NAMES], 1, ALIKE)), None)


def members(parts):
    """The names below a dotted name, None when it is neither a module nor a class."""
    if not parts:
        return children(())
    module = sys.modules.get(".".join(parts))
    file, folder = place(parts)
    if module is None and file is None and folder is None:
        owner = sys.modules.get(".".join(parts[:-1]))
        found = vars(owner).get(parts[-1]) if owner is not None else None
        return set(dir(found)) if isinstance(found, type) else None
    names = set(vars(module)) if module is not None else defined(file)
    return {name for name in names if isinstance(name, str)} | (children(parts) if folder else set())


def defined(file):
    """The names that a source defines at its top."""
    import re

    if file is None:
        return set()
    try:
        with open(file, encoding="utf-8", errors="replace") as source:
            text = source.read(SOURCE)
    except OSError:
        return set()
    found = re.findall(r"^(?:async +def|def|class) +(\w+)|^(\w+) *=", text, re.M)
    return {first or second for first, second in found}


def children(parts):
    """The modules in a package, or those of the project where there is no name yet."""
    names = set()
    for folder in roots() if not parts else [place(parts)[1]]:
        try:
            entries = os.listdir(folder)[:NAMES]
        except OSError:
            continue
        for entry in entries:
            name, dot, suffix = entry.partition(".")
            if name.isidentifier() and (suffix == "py" or (not dot and is_package(os.path.join(folder, entry)))):
                names.add(name)
    return names - {"__init__", "__main__", "__pycache__"}


def place(parts):
    """The source and the folder of a module, None for what it does not have."""
    for root in roots():
        path = os.path.join(root, *parts)
        if os.path.isdir(path):
            source = os.path.join(path, "__init__.py")
            return (source if os.path.isfile(source) else None), path
        if os.path.isfile(path + ".py"):
            return path + ".py", None
    return None, None


def is_package(path):
    """True for a folder that holds Python."""
    try:
        return any(entry.endswith(".py") for entry in os.listdir(path)[:NAMES])
    except OSError:
        return False


def roots():
    """Where the project is: the head of the path without the libraries."""
    library = os.path.dirname(os.__file__)
    entries = [str(entry) or os.curdir for entry in sys.path]
    own = [entry for entry in entries if not entry.startswith(library) and "-packages" not in entry]
    return [entry for entry in own if not entry.endswith(".zip")][:FOLDERS]
