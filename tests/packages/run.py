"""Runs the tests of the packages, two at a time: run.py [NAME OF A MODULE, CLASS OR TEST]...

A test is a program of its own, as tests start daemons and wait for them. What it printed is shown when it failed.
"""

import pathlib
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

FOLDER = pathlib.Path(__file__).resolve().parent
TIME_LIMIT = 600


def names(suite):
    """The tests of a suite, by name."""
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from names(each)
        else:
            yield each.id()


def run(name):
    """Runs one test and returns its name, whether it passed, its seconds, and what was printed."""
    start = time.monotonic()
    command = [sys.executable, "-m", "unittest", name]
    try:
        done = subprocess.run(command, cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TIME_LIMIT, check=False)
        output, passed = done.stdout, done.returncode == 0
    except subprocess.TimeoutExpired as expired:
        output, passed = (expired.stdout or b"") + b"\nno end within %d s\n" % TIME_LIMIT, False
    return name, passed, time.monotonic() - start, output.decode(errors="replace")


def main():
    sys.path.insert(0, str(FOLDER))
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(str(FOLDER))
    wanted = list(names(suite))
    failed = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, passed, seconds, output in pool.map(run, wanted):
            print("%-6s %5.1f s  %s" % ("ok" if passed else "FAILED", seconds, name), flush=True)
            if not passed:
                failed += 1
                print(output, flush=True)
    print("%d tests of packages, %d failed" % (len(wanted), failed))
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
