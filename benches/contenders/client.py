"""What every contender's client does, by the contender's own way to send a job. It runs in the contender's environment.

    python client.py rq_jobs fill COUNT SECONDS        enqueues so many jobs
    python client.py rq_jobs one_by_one COUNT          sends the next when the last one ran, and the worker has gone back to its wait
    python client.py rq_jobs steady COUNT PER_SECOND   sends at a fixed rate, whatever becomes of them
    python client.py rq_jobs carry COUNT SIZE          enqueues so many jobs with an argument of so many bytes, which they return

BENCH_JOB names the job of the module that is sent, unless that is "nothing".
"""

import asyncio
import importlib
import inspect
import os
import sys
import time

from marks import NOTE

# How long a worker has to go back to its wait.
REST = 0.02


def seen():
    """How many jobs ran to their end."""
    try:
        return os.stat(os.environ["BENCH_NOTES"]).st_size // NOTE.size
    except FileNotFoundError:
        return 0


class Client:
    """Sends jobs with a function `send(sent, argument)`, which may be a coroutine function."""

    def __init__(self, send):
        self._send = send
        self._is_async = inspect.iscoroutinefunction(send)
        self._loop = asyncio.new_event_loop() if self._is_async else None

    def send(self, argument=0.0):
        sending = self._send(time.time(), argument)
        if self._is_async:
            self._loop.run_until_complete(sending)

    def fill(self, count, seconds):
        for _ in range(int(count)):
            self.send(float(seconds))

    def one_by_one(self, count):
        for number in range(seen() + 1, seen() + int(count) + 1):
            self.send()
            deadline = time.monotonic() + 30
            while seen() < number:
                if time.monotonic() > deadline:
                    sys.exit("a job did not run within 30 s")
                time.sleep(0.0005)
            time.sleep(REST)

    def steady(self, count, per_second):
        begun = time.monotonic()
        for number in range(int(count)):
            wait = begun + number / float(per_second) - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self.send()


    def carry(self, count, size):
        payload = "x" * int(size)
        for _ in range(int(count)):
            self.send(payload)


def main():
    """Does what the arguments say."""
    module, way, *numbers = sys.argv[1:]
    job = "carry" if way == "carry" else os.environ.get("BENCH_JOB", "nothing")
    getattr(Client(importlib.import_module(module).sender(job)), way)(*numbers)


if __name__ == "__main__":
    main()
