"""The stage of the examples, with what this repository has built: the demo and the benchmarks play on it."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "examples"))

from runner import stage  # noqa: E402
from runner.ends import NotInTime, end_on_signals  # noqa: E402, F401
from runner.stage import Echo, wait_until  # noqa: E402, F401

VENV = ROOT / "build" / "venv" / "rq-3.0.0"
THEIRS = "%s worker" % (VENV / "bin" / "rq")
OURS = "%s worker" % (ROOT / "target" / "release" / "rq")


class Stage(stage.Stage):
    """Has the environment and the redis-server that scripts/setup brings."""

    def __init__(self):
        super().__init__(VENV, os.environ.get("RQ_TEST_REDIS_SERVER") or ROOT / "build" / "bin" / "redis-server")
