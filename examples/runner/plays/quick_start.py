"""a worker that has never heard of this project's jobs, and a client of Python's that waits for them"""


def play(show):
    worker = show.daemon("worker", "rq", "worker", "-c", "settings")
    worker.wait_for("Listening on high, default, low")

    told = show.run("python", "enqueue.py")

    show.check("a job's value comes back to the client", "jobs.answer finished 42" in told)
    show.check("arguments reach the job", "jobs.order finished 2 x tea, without sugar" in told)
    show.check("a coroutine is run to its end", "jobs.fetch_page finished page 7" in told)
    show.check("a job that raised is failed", "jobs.divide failed None" in told)
    show.check("the worker ends when it is asked to", worker.stop() == 0)
