"""Finding the programs that an example runs."""

import os
import pathlib
import shutil
import subprocess

from .ends import Missing

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def is_ours(program):
    """Whether it is this project's rq: Python's has the same name."""
    told = subprocess.run([str(program), "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return b"(rqd " in told.stdout


def find_rq():
    """The executable of this project."""
    named = os.environ.get("RQ")
    if named:
        if not shutil.which(named) or not is_ours(shutil.which(named)):
            raise Missing("$RQ names %s, which is no rq of this project" % named)
        return pathlib.Path(shutil.which(named)).resolve()
    built = [ROOT / "target" / profile / "rq" for profile in ("release", "debug")]
    built = sorted((path for path in built if path.exists()), key=lambda path: path.stat().st_mtime, reverse=True)
    for program in [*built, shutil.which("rqd"), shutil.which("rq"), "/usr/bin/rq"]:
        if program and os.path.exists(program) and is_ours(program):
            return pathlib.Path(program)
    raise Missing("there is no rq of this project: install it, build it (cargo build --release), or set $RQ")


def find_redis_server():
    """A redis-server."""
    named = os.environ.get("REDIS_SERVER") or os.environ.get("RQ_TEST_REDIS_SERVER")
    built = ROOT / "build" / "bin" / "redis-server"
    found = shutil.which(named or "redis-server") or (str(built) if built.exists() and not named else None)
    if not found:
        raise Missing("there is no %s: apt-get install redis-server, or set $REDIS_SERVER" % (named or "redis-server"))
    return found
