"""What the project aims at, and what the figures of "make field" say of it."""


def table(measurements):
    """Each target that the figures tell of, with what was reached."""
    lines = ["| Target | aimed at | reached | |", "| --- | ---: | ---: | --- |"]
    for told, reach, is_least, aim, form in TARGETS:
        reached = reach(Figures(measurements))
        if reached is not None:
            is_met = reached >= aim if is_least else reached <= aim
            lines.append("| %s | %s %s | %s | %s |" % (
                told, "at least" if is_least else "at most", form % aim, form % reached, "met" if is_met else "missed"))
    return "\n".join(lines) if len(lines) > 2 else ""


class Figures:
    """Medians, by measurement, case and contender; None for what there is not."""

    def __init__(self, measurements):
        self._measurements = measurements

    def of(self, name, case, contender):
        cases = self._measurements.get(name, {}).get("cases", {})
        found = [figures for told, figures in cases.items() if told == case]
        return found[0].get(contender, {}).get("median") if found else None

    def fastest_other(self, name, case):
        found = self._measurements.get(name, {}).get("cases", {}).get(case, {})
        others = [figure["median"] for contender, figure in found.items() if not contender.startswith("rqd") and "median" in figure]
        return max(others, default=None)

    def growth(self, contender):
        """How much more commands a job takes in the largest fleet than alone."""
        cases = [case for case in self._measurements.get("fleet", {}).get("cases", {}) if case.endswith("workers, one by one")]
        return ratio(self.of("fleet", cases[-1], contender), self.of("fleet", "1 worker, one by one", contender)) if cases else None


def ratio(first, second, factor=1):
    return factor * first / second if first and second else None


def times(name, case, first, second):
    """How many times as much the first has as the second."""
    return lambda figures: ratio(figures.of(name, case, first), figures.of(name, case, second))


def of_forks(slots, processes):
    return lambda figures: ratio(figures.of("drain", slots, "rqd"), figures.of("forks", processes, "bare CPython"), 100)


def is_(name, case, contender):
    return lambda figures: figures.of(name, case, contender)


# What, how it comes of the figures, whether it is the least or the most, the aim, and how both are written.
TARGETS = (
    ("one process per job, 1 slot: jobs/s, of RQ's", times("drain", "1 slot", "rqd", "RQ"), True, 15, "%.1f ×"),
    ("the same, 2 slots", times("drain", "2 slots", "rqd", "RQ"), True, 20, "%.1f ×"),
    ("the same, 1 slot, of what a bare CPython forks", of_forks("1 slot", "1 process"), True, 60, "%.0f %%"),
    ("the same, 2 slots, of what two of them fork", of_forks("2 slots", "2 processes"), True, 60, "%.0f %%"),
    ("reused, 2 slots: jobs/s, of the fastest other's",
     lambda figures: ratio(figures.of("drain", "2 slots", "rqd, reused"), figures.fastest_other("drain", "2 slots")), True, 2, "%.1f ×"),
    ("idle latency p50, RQ's of ours", times("latency", "idle p50", "RQ", "rqd"), True, 8, "%.1f ×"),
    ("the same, p99", times("latency", "idle p99", "RQ", "rqd"), True, 4, "%.1f ×"),
    ("a module that takes 1 s to import: RQ's latency of ours, preloaded",
     times("preload", "a module that takes 1 s, p50", "RQ", "rqd, preload"), True, 100, "%.0f ×"),
    ("10 ms jobs, 8 slots, reused: of ideal", is_("efficiency", "10 ms, 8 slots", "rqd, reused"), True, 95, "%.0f %%"),
    ("the same, one process per job", is_("efficiency", "10 ms, 8 slots", "rqd"), True, 80, "%.0f %%"),
    ("idle pool of 8: memory, RQ's of ours", times("memory", "idle, 8 slots", "RQ", "rqd"), True, 4, "%.1f ×"),
    ("the daemon alone, 8 slots", is_("memory", "idle, 8 slots", "rqd: its daemon alone"), False, 12, "%.1f MiB"),
    ("idle pool of 8: Redis commands, RQ's of ours", times("idle", "Redis commands", "RQ", "rqd"), True, 4, "%.1f ×"),
    ("from the start to its registration", is_("boot", "to its registration", "rqd"), False, 150, "%.0f ms"),
    ("Redis commands a job in a fleet of idle daemons, of one alone", lambda figures: figures.growth("rqd"), False, 1.2, "%.2f ×"),
)
