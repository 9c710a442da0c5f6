"""Text that is safe to send: bounded, and without what UTF-8 cannot hold."""

BIG = 64 * 1024


def plain(text):
    """The text with lone surrogates written out, so that it can be encoded."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def encoded(text):
    """The text as UTF-8; RQ would raise on lone surrogates, we write them out."""
    return text.encode("utf-8", "backslashreplace")


def said(error):
    """What an exception says of itself, even when its `__str__` raises."""
    try:
        return str(error)
    except BaseException:
        return "<unprintable %s object>" % type(error).__name__


def shown(value, limit):
    """`repr(value)` cut at `limit` characters, even when its `__repr__` raises."""
    try:
        return plain(repr(value)[:limit])
    except BaseException:
        return "<unrepresentable %s object>" % type(value).__name__


def glimpse(value, size, limit):
    """As `shown`, but of a value of `size` serialized bytes; only the start of a big one is looked at."""
    if size > BIG and type(value) in (str, bytes, bytearray, list, tuple):
        return shown(value[:limit], limit)
    if size > BIG:
        return "<%s of %d bytes serialized>" % (type(value).__name__, size)
    return shown(value, limit)


def class_name(kind):
    """The qualified name of a class as tracebacks print it."""
    module = getattr(kind, "__module__", None)
    name = str(getattr(kind, "__qualname__", kind.__name__))
    if not isinstance(module, str) or module == "builtins":
        return name
    return "%s.%s" % (module, name)


def middle_out(data, limit):
    """Bytes of text cut to about `limit`, keeping head and tail."""
    if len(data) <= limit:
        return data
    half = limit // 2
    head = data[:half].decode("utf-8", "ignore").encode()
    tail = data[-half:].decode("utf-8", "ignore").encode()
    return head + b"\n... %d bytes left out ...\n" % (len(data) - 2 * half) + tail
