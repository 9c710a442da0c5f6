"""what is due again and again, by tables of the configuration and without a cron module"""


def play(show):
    listed = show.run("rq", "cron", "-c", "rq.toml", "--list")
    show.check("both entries are listed with their next times", "poll" in listed and "nightly" in listed)

    worker = show.daemon("worker", "rq", "worker", "-c", "rq.toml")
    worker.wait_for("Listening on high, default")
    cron = show.daemon("cron", "rq", "cron", "-c", "rq.toml")
    worker.wait_for("Successfully completed jobs.poll()", times=3)

    show.check("nothing is enqueued before its time", "jobs.clean" not in worker.told())
    show.check("the scheduler ends when it is asked to", cron.stop() == 0)
    show.check("so does the worker", worker.stop() == 0)
