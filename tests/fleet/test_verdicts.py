"""The judge finds what it should: one that finds nothing proves nothing."""

import collections
import pathlib
import sys
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "scripts")]

from crew import Kill  # noqa: E402
from ledger import History, Result, Run  # noqa: E402
from verdicts import Judge  # noqa: E402


def history(kind, status, places, runs=(), results=(), **told):
    """A job whose runs are pairs of worker and moment, and whose results are triples of type, worker and text."""
    made = types.SimpleNamespace(kind=kind, id="j1", status=status, places=list(places), made=0.0, waits_since=50.0)
    made.runs = [Run(worker, 7, at, "e") for worker, at in runs]
    made.results = [Result(type, worker, 100.0, text) for type, worker, text in results]
    made.told = collections.Counter(told)
    for name in ("last", "workers", "whose"):
        setattr(made, name, getattr(History, name).fget(made))
    return made


OURS, PYTHON = "ours-1-1", "python-1-1"
CUT_OFF = "AbandonedJobError: the daemon died"


class Verdicts(unittest.TestCase):
    def judge(self, what, kills=(), parent=None):
        return Judge([Kill(*kill) for kill in kills], {"j1": parent} if parent else {}).fate(what)

    def assert_good(self, *args, **more):
        told, good = self.judge(*args, **more)
        self.assertTrue(good, told)

    def assert_bad(self, *args, **more):
        told, good = self.judge(*args, **more)
        self.assertFalse(good, told)

    def test_what_ended_as_asked_is_good(self):
        self.assert_good(history("returns", "finished", ["finished"], [(OURS, 50)]))
        self.assert_good(history("vanishes", None, [], [(OURS, 50)]))
        self.assert_good(history("stops", "stopped", ["failed"], [(OURS, 50)], stopped=1))
        self.assert_good(history("cancels", "canceled", ["canceled"]))

    def test_ours_may_not_lose_double_or_repeat(self):
        kill = [(60, OURS, "worker", 1), (60, PYTHON, "worker", 2)]
        for what in (
            history("returns", "queued", [], [(OURS, 50)]),
            history("returns", "finished", ["finished", "failed"], [(OURS, 50)]),
            history("returns", "finished", ["finished"], [(OURS, 50), (OURS, 70)]),
            history("returns", "finished", ["failed"], [(OURS, 50)]),
            history("returns", None, []),
            history("vanishes", None, [], [(OURS, 50), (OURS, 70)]),
            history("repeats", "finished", ["finished"], [(OURS, 50)]),
            history("cancels", "finished", ["finished"], [(OURS, 50)]),
            history("calls", "finished", ["finished"], [(OURS, 50)]),
            history("stops", "failed", ["failed"], [(OURS, 50)], [(2, OURS, "JobTimeoutException")]),
        ):
            self.assert_bad(what, kill)

    def test_a_job_that_was_cut_off_needs_a_kill_that_did_it(self):
        cut = history("returns", "failed", ["failed"], [(OURS, 50)], [(2, OURS, CUT_OFF)])
        self.assert_good(cut, [(60, OURS, "worker", 1)])
        self.assert_good(cut, [(60, OURS, "grandchild", 7)])
        for kill in (
            (60, OURS, "grandchild", 8), (60, OURS, "child", 1), (60, "ours-1-2", "worker", 1),
            (40, OURS, "worker", 1), (110, OURS, "worker", 1),
        ):
            self.assert_bad(cut, [kill])

    def test_pythons_races_need_a_killed_process_of_the_worker_that_had_the_job(self):
        doubled = history("returns", "finished", ["finished", "failed"], [(PYTHON, 50)])
        self.assert_good(doubled, [(60, PYTHON, "worker", 1)])
        self.assert_bad(doubled, [(60, "python-2-1", "worker", 1)])
        self.assert_bad(doubled)
        lost = history("returns", "queued", [])
        self.assert_good(lost, [(60, PYTHON, "worker", 1)])
        self.assert_bad(lost, [(60, OURS, "worker", 1)])
        self.assert_bad(lost, [(40, PYTHON, "worker", 1)])
        self.assert_good(history("repeats", "queued", ["finished"], [(OURS, 40)]), [(60, PYTHON, "worker", 1)])

    def test_a_job_may_be_listed_twice_only_if_it_ended_while_a_client_canceled_it(self):
        both = history("cancels", "canceled", ["canceled", "finished"], [(OURS, 50)], [(1, OURS, "")])
        self.assertTrue(Judge([], {}, {"j1": (99.9, 100.1)}).fate(both)[1])
        self.assertFalse(Judge([], {}, {"j1": (98.0, 99.0)}).fate(both)[1])
        both.status = "finished"
        self.assertFalse(Judge([], {}, {"j1": (99.9, 100.1)}).fate(both)[1])

    def test_a_dependent_may_wait_for_ever_only_for_a_parent_that_python_failed(self):
        waits = history("depends", "deferred", ["deferred"])
        kill = [(60, PYTHON, "worker", 1), (60, OURS, "worker", 2)]
        of = {name: history("works", "failed", ["failed"], [(name, 50)], [(2, name, CUT_OFF)]) for name in (OURS, PYTHON)}
        self.assert_good(waits, kill, parent=of[PYTHON])
        self.assert_bad(waits, kill, parent=of[OURS])
        self.assert_bad(waits, [], parent=of[PYTHON])
        self.assert_good(waits, kill, parent=history("works", "queued", []))
        self.assert_bad(waits, [(60, OURS, "worker", 2)], parent=history("works", "queued", []))


if __name__ == "__main__":
    unittest.main()
