"""What every contender's jobs do: note when they were sent, when their first line ran, and when their last one did.

A note is 24 bytes appended to a file in one write, so that nothing of what is measured waits for it.
"""

import os
import struct
import time

NOTE = struct.Struct("=ddd")


def note(sent, seconds=0.0):
    """The job: it does nothing, or sleeps."""
    began = time.time()
    if seconds:
        time.sleep(seconds)
    write(sent, began)


async def note_async(sent, seconds=0.0):
    """The same as a coroutine, for those who run nothing else."""
    began = time.time()
    if seconds:
        import asyncio

        await asyncio.sleep(seconds)
    write(sent, began)


def write(sent, began):
    file = os.open(os.environ["BENCH_NOTES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, NOTE.pack(sent, began, time.time()))
    os.close(file)


def carry(_payload, sent):
    """Takes something big, and gives it back."""
    write(sent, time.time())
    return _payload
