"""The limit of one process per job: how often a bare CPython can fork, end and be waited for, with nothing imported and nothing done."""

import subprocess
import sys

from .sheet import Sheet

PROGRAM = """
import os, sys, time
count, end, begun = 0, time.time() + float(sys.argv[1]), time.time()
while time.time() < end:
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    count += 1
print(count / (time.time() - begun))
"""


def measure(arena, _contenders, options):
    sheet = Sheet("fork, exit and wait", "/s", arena.say)
    for _ in range(options.rounds):
        for told, count in (("1 process", 1), ("2 processes", 2)):
            with sheet.attempt(told, "bare CPython"):
                command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(min(1, options.seconds))]
                started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
                sheet.add(told, "bare CPython", sum(float(each.communicate(timeout=30)[0]) for each in started))
    return sheet
