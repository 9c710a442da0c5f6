"""What every contender's jobs do: note when they were sent, when their first line ran, and when their last one did.

A note is 24 bytes appended to a file in one write, so that nothing of what is measured waits for it.
"""

import os
import struct
import time

NOTE = struct.Struct("=ddd")
# Whether results are kept: otherwise each contender does as its users do who want none.
RESULTS = os.environ.get("BENCH_RESULTS") == "1"
# Jobs that run at a time, for those who take it from their settings.
SLOTS = int(os.environ.get("BENCH_SLOTS", "1"))
# "Seconds" of a job that waits until the file is there that opens the gate.
GATED = -1.0


def note(sent, seconds=0.0):
    """The job: it does nothing, or sleeps, or waits for the gate."""
    began = time.time()
    if seconds == GATED:
        _arrive()
        while not _is_open():
            time.sleep(0.05)
    elif seconds:
        time.sleep(seconds)
    write(sent, began)


async def note_async(sent, seconds=0.0):
    """The same as a coroutine, for those who run nothing else."""
    began = time.time()
    if seconds:
        import asyncio

        if seconds == GATED:
            _arrive()
            while not _is_open():
                await asyncio.sleep(0.05)
        else:
            await asyncio.sleep(seconds)
    write(sent, began)


def carry(sent, payload):
    """Takes something big, and gives it back."""
    began = time.time()
    write(sent, began)
    return payload


def write(sent, began):
    _append(os.environ["BENCH_NOTES"], NOTE.pack(sent, began, time.time()))


def _arrive():
    _append(os.environ["BENCH_NOTES"] + ".gated", b".")


def _is_open():
    return os.path.exists(os.environ["BENCH_NOTES"] + ".open")


def _append(path, what):
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, what)
    os.close(file)
