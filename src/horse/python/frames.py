"""The frames of a traceback as data: where each is, the source around it, and its variables if they are wanted."""
import linecache
import os
import sys
import traceback

from . import shapes
from .text import plain
from .trace import is_ours

FRAMES = 100
AROUND = 5
NAME = 512
# Sentry shows no more of a line.
LINE = 256
# Of all frames of a report together: its size has a limit, and what is told of each thing has its own.
SOURCE = 200_000
VARIABLES = 100_000


class Frames:
    """Makes frames, until they are too much."""

    def __init__(self, variables):
        self.source_left = SOURCE
        # By path: a loader reads its file anew each time.
        self.sources = {}
        self.variables_left = VARIABLES if variables else 0

    def of(self, traceback_of):
        """The innermost frames of the application, oldest first."""
        found = [(frame, line) for frame, line in traceback.walk_tb(traceback_of) if not is_hidden(frame)]
        return [self.entry(frame, line or 0) for frame, line in found[-FRAMES:]]

    def entry(self, frame, line):
        """One frame."""
        path, module = frame.f_code.co_filename, frame.f_globals.get("__name__")
        module = module if isinstance(module, str) else None
        before, at, after = self.lines(frame, path, line, module)
        told = {
            "filename": clean(filename(module, path)),
            "abs_path": clean(os.path.abspath(path)),
            "function": clean(frame.f_code.co_name) or "<unknown>",
            "module": clean(module) if module else None,
            "lineno": line,
            "pre_context": before,
            "context_line": at,
            "post_context": after,
        }
        variables = self.variables(frame)
        if variables is not None:
            told["vars"] = variables
        return told

    def lines(self, frame, path, line, module):
        """The lines before, at and after the place."""
        found = self.sources.get(path)
        if found is None:
            found = self.sources[path] = source_of(frame, path, module)
        at = line - 1
        if self.source_left <= 0 or not 0 <= at < len(found):
            return [], None, []
        cut = [plain(text.strip("\r\n")[:LINE]) for text in found[max(0, at - AROUND):at + 1 + AROUND]]
        self.source_left -= sum(map(len, cut))
        before = min(at, AROUND)
        return cut[:before], cut[before], cut[before + 1:]

    def variables(self, frame):
        """The local variables, None when they are not wanted."""
        if self.variables_left <= 0:
            return None
        told = shapes.shape(dict(frame.f_locals), True)
        self.variables_left -= shapes.weight(told)
        return told


def is_hidden(frame):
    """True for a frame of ours or of the SDK's, and for one that asks for it."""
    if is_ours(frame) or str(frame.f_globals.get("__name__")).startswith("sentry_sdk."):
        return True
    names = frame.f_locals
    return any(names.get(flag) is True for flag in ("__traceback_hide__", "__tracebackhide__"))


def source_of(frame, path, module):
    """The lines of the file: as its loader has them, else as they are on disk."""
    loader = frame.f_globals.get("__loader__")
    try:
        text = loader.get_source(module) if hasattr(loader, "get_source") else None
        if text is not None:
            return text.splitlines()
    except Exception:
        pass
    try:
        return linecache.getlines(path)
    except Exception:
        return []


def filename(module, path):
    """The path of the file from the place on that the package is imported from."""
    if not path or not module:
        return path
    if path.endswith(".pyc"):
        path = path[:-1]
    package = module.split(".", 1)[0]
    if package == module:
        return os.path.basename(path)
    try:
        place = sys.modules[package].__file__
        return path.split(place.rsplit(os.sep, 2)[0], 1)[-1].lstrip(os.sep) if place else path
    except Exception:
        return path


def clean(text):
    """A name, cut."""
    return plain(text[:NAME])
