"""one daemon with two kinds of workers: two for mails, and one with limits of its own for reports"""


def play(show):
    daemon = show.daemon("daemon", "rq", "run", "-c", "rq.toml")
    daemon.wait_for("Listening on", times=3)

    workers = show.run("rq", "workers")
    show.check("there are two workers for mails", "mail-1" in workers and "mail-2" in workers)
    show.check("there is one for reports", "reports-1" in workers)

    told = show.run("python", "enqueue.py")
    show.check("mails are sent by their workers", told.count("mail finished") == 3 and told.count("by mail-") == 3)
    report = "reports finished May 2026 by reports-1, nice 10"
    show.check("the report is built by the other, with its settings", report in told)
    show.check("all workers end when the daemon is asked to", daemon.stop() == 0)
