"""What is said of each job's fate, and whether it is accounted for.

A job that only our workers had in hand is judged strictly: it ended as it asked to, or it was cut off by a kill that we know of and
failed once. RQ's own races (the numbers R-… of docs/fleet.md) count for a job only when a worker of Python's had it in hand and a
process of that worker was killed; or, for a job that nobody had begun, when Python's workers took part at all.
"""

from crew import kind_of
from kinds import ASKED

INTERRUPTED = ("Work-horse terminated", "AbandonedJobError", "stuck in intermediate", "interrupted", "Interrupted")
# The clocks of the notes and of the kills are the same; a process that is killed may have been about to note something.
MARGIN = 1.0
# How long before its end a job that no run of is known may have been cut off: the longest lease of Python's, and its maintenance.
LONG = 120.0
# RQ: stopped jobs are listed with the failed ones.
REGISTRY_OF = {"stopped": "failed"}


class Judge:
    def __init__(self, kills, parents, canceled=None):
        self.kills, self.parents, self.canceled = kills, parents, canceled or {}

    def fate(self, history):
        """What is said of it, and whether it is accounted for."""
        asked = ASKED[history.kind]
        if history.status is None:
            return self.gone(history, asked)
        names = places_that_count(history)
        if len(names) > 1:
            return self.doubled(history, names)
        if not names:
            return self.lost(history)
        if history.status == "deferred":
            return self.deferred(history)
        if names[0] != REGISTRY_OF.get(history.status, history.status):
            return "%s, BUT LISTED IN %s" % (history.status, names[0]), False
        if ended_as_asked(history, asked):
            return self.counted(history, asked)
        if history.status == "failed" and is_interrupted(history):
            return self.interrupted(history, asked)
        if history.kind == "cancels":
            return self.uncanceled(history)
        if history.kind == "stops" and "python" in history.whose and self.python_was_cut_off(history):
            return "%s: nobody could stop it (R-15: its horse outlived its worker)" % history.status, True
        last = history.last.text.strip().splitlines()[-1:] if history.last else []
        return "%s AFTER %d RUNS %s" % (history.status.upper(), len(history.runs), "".join(last)[:60]), False

    def counted(self, history, asked):
        """It ended as it asked to: so often, and with its callbacks called?"""
        runs = len(history.runs)
        if history.kind == "cancels":
            return ("as asked" if not runs else "canceled after it had begun, and stays canceled"), True
        if runs > asked.runs:
            return self.excess(history, "%s, but ran %d times more" % (history.status, runs - asked.runs))
        if runs < asked.runs:
            told = "%s after %d runs of %d" % (history.status, runs, asked.runs)
            if asked.status == "failed" and asked.runs > 1 and self.some_kill_in_its_time(history):
                return told + ": a try was cut off before it began", True
            return told.upper(), False
        wanted = {"calls": "success", "complains": "failure", "stops": "stopped"}.get(history.kind)
        if wanted and history.told[wanted] != 1:
            told = "%s, but its callback was called %d times" % (history.status, history.told[wanted])
            return self.excess(history, told) if history.told[wanted] else (told.upper(), False)
        return "as asked", True

    def gone(self, history, asked):
        if asked.status is not None or not history.runs:
            return "GONE", False
        if len(history.runs) == 1:
            return "as asked", True
        return self.excess(history, "gone as asked, but ran %d times more" % (len(history.runs) - 1))

    def interrupted(self, history, asked):
        if len(history.runs) > asked.runs:
            return self.excess(history, "failed: cut off, and ran %d times more" % (len(history.runs) - asked.runs))
        if self.was_cut_off(history):
            return "failed: cut off by a kill", True
        return "FAILED AS CUT OFF WITHOUT A KILL", False

    def uncanceled(self, history):
        told = "%s although it was canceled" % history.status
        return (told + " (R-19)", True) if "python" in history.whose else (told.upper(), False)

    def deferred(self, history):
        parent = self.parents.get(history.id)
        if parent and not parent.places and self.lost(parent)[1]:
            return "deferred, as its parent is in no list (R-1, R-4, R-6)", True
        if parent and "python" in parent.whose and self.python_was_cut_off(parent):
            return "deferred (R-8: its parent was failed by a killed process of Python's)", True
        return "DEFERRED", False

    def doubled(self, history, names):
        told = "%s, listed in %s" % (history.status, " and ".join(sorted(names)))
        if history.kind == "cancels" and "python" in history.whose:
            return told + " (R-19)", history.status != "started"
        if history.kind == "cancels" and self.ended_while_a_client_canceled_it(history):
            # RQ: the client takes it out of the registry in which it stood when the client looked.
            return told + ", as it ended while a client canceled it", True
        return self.excess(history, told)

    def lost(self, history):
        told = "%s, in no list" % history.status
        waited = history.status in ("queued", "scheduled") and len(history.runs) < ASKED[history.kind].runs
        # Whoever takes a job and dies leaves no trace; those who had it in hand before have handed it on.
        if waited and any(kill.at >= history.waits_since for kill in self.python_kills()):
            return told + " (R-1, R-4, R-6: lost by a killed process of Python's)", True
        return told.upper(), False

    def excess(self, history, told):
        """More happened than was asked for: only Python's races can have done that."""
        if "python" in history.whose and self.python_was_cut_off(history):
            return told + " (R-5, R-13, R-15, R-16, R-32)", True
        return told.upper(), False

    def ended_while_a_client_canceled_it(self, history):
        began, ended = self.canceled.get(history.id, (0, 0))
        return history.status == "canceled" and bool(history.last) and began - 0.01 <= history.last.at <= ended + 0.01

    # What the kills tell.

    def python_kills(self):
        return [kill for kill in self.kills if kind_of(kill.worker) == "python"]

    def python_was_cut_off(self, history):
        names = {worker for worker in history.workers if kind_of(worker) == "python"}
        return any(kill.worker in names for kill in self.kills)

    def was_cut_off(self, history):
        """Whether a kill explains how the last run ended: of its worker, or of the very process that it ran in."""
        result, run = history.last, history.runs[-1] if history.runs else None
        if run and result.worker in ("", run.worker) and (len(history.results) < 2 or run.at > history.results[1].at):
            since, worker, pid = run.at - MARGIN, run.worker, run.pid
            if run.ended and len(history.runs) < ASKED[history.kind].runs:
                # That run may have been followed by a try that was cut off before it began.
                pid = None
        else:
            # Nothing is known of the run: it was cut off before it began.
            since, worker, pid = result.at - LONG, result.worker, None
        return any(
            kill.worker == worker and since <= kill.at <= result.at + MARGIN
            and (kill.rank == "worker" or pid is None or kill.pid == pid)
            for kill in self.kills
        )

    def some_kill_in_its_time(self, history):
        """Whether anything was killed while it was there: a try that was cut off before it began leaves no trace."""
        end = history.last.at if history.last else float("inf")
        return any(history.made <= kill.at <= end + MARGIN for kill in self.kills)


def places_that_count(history):
    # RQ: a job that repeats stays listed as finished while it waits for its next run, and when that fails.
    if history.kind == "repeats" and history.status != "finished":
        return [name for name in history.places if name != "finished"]
    return history.places


def ended_as_asked(history, asked):
    last = history.last
    return (
        history.status == asked.status
        and (not asked.text or (last and asked.text in last.text))
        and (asked.type is None or (last and last.type == asked.type))
    )


def is_interrupted(history):
    return bool(history.last) and any(word in history.last.text for word in INTERRUPTED)
