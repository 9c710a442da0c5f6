"""Plays one example: python -m runner NAME"""

import importlib
import importlib.util
import pathlib
import sys

from .ends import Missing, Unexpected, Unfit, end_on_signals
from .programs import find_redis_server, find_rq

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent
# The folder json is no module.
sys.path[:] = [place for place in sys.path if pathlib.Path(place).resolve() != EXAMPLES]


def check_needs(name, needs):
    """Whether the interpreter has what the example imports."""
    lacks = [module for module in needs if importlib.util.find_spec(module) is None]
    if lacks:
        pinned = EXAMPLES / name / "requirements.txt"
        wanted = "-r %s" % pinned if pinned.exists() else "rq"
        remedy = "%s -m pip install %s" % (sys.executable, wanted)
        raise Missing("this Python has no %s: %s" % (", ".join(lacks), remedy))


def play(name):
    check_needs(name, ("rq",))
    script = importlib.import_module("runner.plays." + name.replace("-", "_"))
    check_needs(name, getattr(script, "NEEDS", ()))
    from .show import Show  # which needs the client of Redis

    with Show(EXAMPLES / name, find_rq(), find_redis_server()) as show:
        show.headline(name, script.__doc__)
        script.play(show)


def main(name):
    end_on_signals()
    try:
        play(name)
    except Unfit as why:
        print("\n%s: skipped: %s" % (name, why))
        return 77
    except (Missing, Unexpected, OSError) as error:
        print("\n%s: not as expected: %s" % (name, error))
        return 1
    except KeyboardInterrupt:
        print("\n%s: interrupted; its processes and files are gone" % name)
        return 130
    print("\n%s: all as expected; its Redis, its processes and its folder are gone" % name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
