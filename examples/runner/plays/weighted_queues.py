"""three full queues, of which each gets the share that its weight says"""

JOBS = 200


def play(show):
    show.run("python", "enqueue.py")
    show.run("rq", "worker", "-c", "rq.toml", "--max-jobs", JOBS, "--quiet")

    told = show.run("python", "shares.py")

    lines = [line.split() for line in told.splitlines()]
    show.check("the queues stand in the order of their weights", [line[0] for line in lines] == ["high", "default", "low"])
    counts = {line[0]: int(line[1]) for line in lines}
    # By chance, a count is further off than this once in many millions.
    for name, chances in (("high", 0.6), ("default", 0.3), ("low", 0.1)):
        show.check("%s got about %d of %d" % (name, chances * JOBS, JOBS), abs(counts[name] - chances * JOBS) < 40)
