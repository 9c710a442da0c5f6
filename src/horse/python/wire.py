"""Frames of the horse protocol on a Unix stream socket.

The C modules `_socket` and `_json` are used in place of `socket` and `json`: each thing in Python that a horse touches costs
it the copy of a page, as reference counts are written; and nothing that patches the others for user code (gevent, test
doubles) reaches these.
"""
import _socket
from _json import encode_basestring, make_encoder, make_scanner
from os import close
from struct import Struct

from .text import plain

PROTOCOL = 1
HEAD_LIMIT = 4 * 1024 * 1024
BODY_LIMIT = 512 * 1024 * 1024

# Orders are shorter, mostly.
AT_ONCE = 16 * 1024
LENGTHS = Struct("!II")
FD = Struct("=i")
ROOM = _socket.CMSG_SPACE(64 * FD.size)


class Reading:
    """How `_json` is to read: as `json.loads` does."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int = float, int
    parse_constant = float


def refuse(value):
    """What `json.dumps` does with a value that JSON has no word for."""
    raise TypeError("%.100r is not JSON" % (value,))


read = make_scanner(Reading)
written = make_encoder(None, refuse, encode_basestring, None, ": ", ", ", False, False, True)


class Junk(Exception):
    """The peer sent something that is not a frame, or not one that fits the state."""


class Closed(Exception):
    """The peer is gone."""


def adopt(fd):
    """A socket object for a descriptor that we own."""
    return _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, fd)


def connect(name):
    """A socket connected to a name of the abstract name space."""
    socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0)
    socket.connect(b"\0" + name.encode())
    return socket


def receive(socket):
    """Reads one frame: its head, its body, and the descriptors that came with it.

    The lengths are read by themselves, so descriptors, which arrive with the first byte of
    what they were sent with, belong to exactly this frame.
    """
    lengths, fds = first_bytes(socket, LENGTHS.size)
    head_length, body_length = announced(lengths)
    head = parse(exactly(socket, head_length))
    return head, bytes(exactly(socket, body_length)), fds


def receive_alone(socket):
    """The same in one call to the kernel, mostly: of a peer that sends no frame before it has the answer to the last one."""
    data, fds = first_bytes(socket, AT_ONCE)
    head_length, body_length = announced(data)
    end = LENGTHS.size + head_length
    if len(data) > end + body_length:
        raise Junk("two frames at once")
    head = parse(exactly(socket, head_length, data[LENGTHS.size:end]))
    return head, bytes(exactly(socket, body_length, data[end:])), fds


def announced(data):
    """The lengths of a frame, from its first bytes."""
    head_length, body_length = LENGTHS.unpack_from(data)
    if head_length > HEAD_LIMIT or body_length > BODY_LIMIT:
        raise Junk("a frame of %d and %d bytes" % (head_length, body_length))
    return head_length, body_length


def first_bytes(socket, most):
    """So many bytes at most, eight at least, and the descriptors attached to them."""
    data, ancillary, _, _ = socket.recvmsg(most, ROOM, _socket.MSG_CMSG_CLOEXEC)
    if not data:
        raise Closed
    fds = []
    for level, kind, content in ancillary:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            usable = len(content) - len(content) % FD.size
            fds += [fd for fd, in FD.iter_unpack(content[:usable])]
    if len(data) < LENGTHS.size:
        data += bytes(exactly(socket, LENGTHS.size - len(data)))
    return data, fds


def exactly(socket, length, start=b""):
    """`length` bytes, of which the first ones are there already."""
    data = bytearray(start)
    if len(data) == length:
        return data
    data += bytes(length - len(data))
    view = memoryview(data)[len(start):]
    while view:
        count = socket.recv_into(view)
        if not count:
            raise Closed
        view = view[count:]
    return data


def parse(head):
    """The JSON object of a head."""
    try:
        text = head.decode("utf-8")
        parsed, end = read(text, 0)
    except (ValueError, RecursionError, StopIteration) as error:
        raise Junk("a head that is not JSON: %s" % error) from None
    if end != len(text) or type(parsed) is not dict:
        raise Junk("a head that is not an object")
    return parsed


def send(socket, head, body=b""):
    """Writes one frame."""
    text = encode(head)
    parts = [memoryview(LENGTHS.pack(len(text), len(body)) + text), memoryview(body)]
    while parts:
        if not parts[0]:
            parts.pop(0)
            continue
        count = socket.sendmsg(parts, (), _socket.MSG_NOSIGNAL)
        while count:
            taken = min(count, len(parts[0]))
            parts[0] = parts[0][taken:]
            count -= taken
            if not parts[0]:
                parts.pop(0)


def encode(head):
    """A head as JSON; lone surrogates, which no JSON reader takes, are written out."""
    try:
        return "".join(written(head, 0)).encode("utf-8")
    except UnicodeEncodeError:
        return "".join(written(scrubbed(head), 0)).encode("utf-8")


def scrubbed(value):
    """The value with every text in it made encodable."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [scrubbed(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): scrubbed(item) for key, item in value.items()}
    return value


def drop(fds):
    """Closes descriptors that nobody asked for."""
    for fd in fds:
        close(fd)
