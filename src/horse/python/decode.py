"""Decoding what a job holds, for `rq job show --decode`: whatever a pickle asks for runs here."""
import zlib
from binascii import a2b_base64

from . import payload
from .named import resolve_serializer
from .process import export_prefix
from .text import class_name, plain, said, shown

SHOWN = 4000
MOST = 100
BIG = 64 * 1024 * 1024


def load(order, body):
    """The values that the order names; returns the report."""
    export_prefix(order.get("key_prefix"))
    serializer = resolve_serializer(order.get("serializer"))
    told = {}
    for name, value in payload.fields_of(order, body).items():
        try:
            told.update(decoded(name, value, serializer))
        except BaseException as error:
            reason = "cannot be decoded: %s: %s" % (class_name(type(error)), said(cause_of(error))[:SHOWN])
            told["call" if name == "data" else name] = plain(reason)
    return {"report": "decoded", "values": told}


def decoded(name, value, serializer):
    """One value as texts by their names."""
    if name == "data":
        return call(value, serializer)
    if name.startswith("result "):
        value = a2b_base64(value)
    return {name: shown(serializer.loads(value), SHOWN)}


def call(data, serializer):
    """What the payload asks for."""
    try:
        data = zlib.decompressobj().decompress(data, BIG)
    except zlib.error:
        pass  # RQ: what zlib cannot read is taken as it is.
    wanted = payload.read(data, serializer)
    told = {"function": shown(wanted.func_name, SHOWN)}
    if wanted.instance is not None:
        told["instance"] = shown(wanted.instance, SHOWN)
    for number, value in enumerate(list(wanted.args)[:MOST]):
        told["args[%d]" % number] = shown(value, SHOWN)
    for key in list(wanted.kwargs)[:MOST]:
        told["%s=" % plain(str(key)[:100])] = shown(wanted.kwargs[key], SHOWN)
    return told


def cause_of(error):
    """What went wrong at first."""
    return error.__cause__ or error
