"""a Django project whose jobs use models, in the language of the customer"""

NEEDS = ("django", "django_rq")


def play(show):
    show.run("python", "manage.py", "migrate", "--verbosity", "0")
    worker = show.daemon("worker", "rq", "run", "-c", "shop.settings")
    worker.wait_for("Listening on default")

    show.run("python", "manage.py", "order", "Ada", "1234.50")
    show.run("python", "manage.py", "order", "Bea", "1234.50", "--language", "de")
    worker.wait_for("Job OK", times=2)

    receipts = show.run("python", "manage.py", "receipts")
    show.check("a job reads and writes models", "Ada: 1,234.50" in receipts)
    show.check("the hook before a job has set its language", "Bea: 1.234,50" in receipts)
    preload = show.run("rq", "config", "explain", "horse.preload", "-c", "shop.settings")
    show.check("the application is loaded ahead, as Django's settings say", "value    orders.jobs" in preload)
    show.check("the worker ends when it is asked to", worker.stop() == 0)
