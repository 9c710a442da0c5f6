"""What a payload that cannot be read seems to be. Nothing in it is loaded or run."""
import sys
import zlib

from . import nearest
from .serializers import Json, Pickle
from .text import plain

LOOK = 64 * 1024
NAMES = 10
TEXT = 300
# What old protocols call modules that have other names now.
PYTHON_2 = ("__builtin__", "copy_reg", "exceptions")
STRINGS = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE")


def facts(data, serializer, error):
    """The facts of the bytes, and of the exception that they led to."""
    try:
        data = zlib.decompress(data)
    except zlib.error:
        pass
    found = names(data[:LOOK]) if looks_like(data) == "pickle" else []
    is_lost = isinstance(error.__cause__, (ImportError, AttributeError))
    # Those before it are loaded by now.
    lost = next((name for name in found if is_missing(name)), None) if is_lost else None
    return {
        "serializer": named(serializer),
        "size": len(data),
        "looks_like": looks_like(data),
        "protocol": data[1] if data[:1] == b"\x80" and len(data) > 1 else None,
        "names": [plain(name) for name in found],
        "missing": lost and plain(lost),
        "near": lost and nearest.to(lost),
        "python": sys.version.split()[0],
    }


def named(serializer):
    """What users call a serializer."""
    if serializer is Pickle:
        return "pickle"
    if serializer is Json:
        return "json"
    return plain(str(getattr(serializer, "__name__", None) or type(serializer).__name__)[:TEXT])


def looks_like(data):
    """What bytes seem to be, by their ends."""
    if not data:
        return "empty"
    if data[:1] == b"\x80" or (data[:1] in b"(clI]" and data[-1:] == b"."):
        return "pickle"
    if data[:1] in b"[{\"" and data.rstrip()[-1:] in b"]}\"":
        return "json"
    return "unknown"


def names(data):
    """The first classes and functions that a pickle names."""
    import pickletools

    found, strings, memo, last = [], [], {}, None
    try:
        for operation, argument, _ in pickletools.genops(data):
            name = operation.name
            if name in STRINGS:
                strings.append(argument)
            elif name == "MEMOIZE":
                memo[len(memo)] = strings[-1] if last in STRINGS else None
            elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
                memo[argument] = strings[-1] if last in STRINGS else None
            elif name in ("BINGET", "LONG_BINGET", "GET"):
                strings.append(memo.get(argument))
            elif name == "GLOBAL":
                found.append(argument.replace(" ", "."))
            elif name == "STACK_GLOBAL":
                found.append("%s.%s" % tuple(strings[-2:]))
            last = name
    except Exception:
        pass  # What was found until here counts.
    return [name[:TEXT] for name in dict.fromkeys(found)][:NAMES]


def is_missing(name):
    """Whether a name leads nowhere; what was to be loaded for the payload is loaded by now, or cannot be."""
    module, _, attribute = name.rpartition(".")
    if module in PYTHON_2:
        return False
    while module:
        found = sys.modules.get(module)
        if found is not None:
            return attribute.partition(".")[0] not in vars(found) and "__getattr__" not in vars(found)
        module, _, part = module.rpartition(".")
        attribute = "%s.%s" % (part, attribute)
    return True
