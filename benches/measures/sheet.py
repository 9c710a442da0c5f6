"""The figures of one measurement: by case, and by contender."""

import contextlib
import statistics
import subprocess

import redis
from stage import NotInTime

from .invariants import Broken

# What ends the attempt of one contender and not the whole run, such as a worker that leaves nothing to reckon with.
ENDS = (
    NotInTime, Broken, OSError, redis.exceptions.RedisError, subprocess.SubprocessError, ArithmeticError, LookupError, ValueError,
)


class Sheet:
    """Collects figures. `unit` is of all cases but for those whose name tells another. A quiet one has too many to tell each."""

    def __init__(self, title, unit, say, is_quiet=False):
        self.title = title
        self.unit = unit
        self.failures = 0
        self.notes = []
        self._say = say
        self._is_quiet = is_quiet
        self._values = {}
        self._failed = {}

    def add(self, case, name, value):
        """Notes a figure of one round."""
        self._values.setdefault(case, {}).setdefault(name, []).append(value)
        if not self._is_quiet:
            self._say("%s, %s, %s: %.4g %s" % (self.title, case, name, value, self.unit))

    def put(self, case, name, values):
        """Notes several figures of the same."""
        for value in values:
            self.add(case, name, value)

    def middle(self, case, name):
        """The median so far, or None."""
        values = self._values.get(case, {}).get(name)
        return statistics.median(values) if values else None

    def note(self, text):
        """Notes what a reader of the figures has to know, such as what could not be measured."""
        if text not in self.notes:
            self.notes.append(text)
            self._say("%s: %s" % (self.title, text))

    @contextlib.contextmanager
    def attempt(self, case, name):
        """What is measured here and fails is told as failed, whatever it gave in other rounds, and the others go on."""
        try:
            yield
        except ENDS as error:
            self.failures += 1
            self._failed.setdefault(case, {})[name] = str(error)
            self._say("%s, %s, %s: FAILED: %s" % (self.title, case, name, error))

    def gave_up(self, case, name):
        """Whether it failed in an earlier round."""
        return name in self._failed.get(case, {})

    def told(self):
        cases = {case: {name: _spread(values) for name, values in found.items()} for case, found in self._values.items()}
        for case, found in self._failed.items():
            for name, why in found.items():
                cases.setdefault(case, {})[name] = {"failed": why}
        return {"title": self.title, "unit": self.unit, "cases": cases, "notes": self.notes}


def _spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "rounds": len(values)}


def percentile(values, percent):
    """The value that so many percent are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
