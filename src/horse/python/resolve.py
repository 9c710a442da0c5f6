"""From a dotted name to the object it means, exactly as RQ does it."""
import builtins
from importlib import import_module


def attribute(name, failures=None):
    """The object of a dotted name; the failed imports on the way are left in `failures`.

    RQ: the longest importable prefix wins; every ImportError, also one raised inside the module, moves one
    part from the module's side to the attribute's; at most one class level is followed.
    """
    parts = name.split(".")
    module_parts, rest = parts[:-1], [parts[-1]]
    module = None
    while module_parts:
        try:
            module = import_module(".".join(module_parts))
            break
        except ImportError as error:
            if failures is not None:
                failures.append((".".join(module_parts), error))
            rest.insert(0, module_parts.pop())
    if module is None:
        try:
            return builtins.__dict__[name]
        except KeyError:
            raise ValueError("Invalid attribute name: %s" % name)
    whole = ".".join(rest)
    if hasattr(module, whole):
        return getattr(module, whole)
    last = rest.pop()
    try:
        owner = getattr(module, ".".join(rest))
    except BaseException:
        raise ValueError("Invalid attribute name: %s" % last)
    if not hasattr(owner, last):
        raise ValueError("Invalid attribute name: %s" % name)
    return getattr(owner, last)
