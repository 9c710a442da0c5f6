"""jobs as JSON instead of pickles, from a Python client and from rq enqueue"""


def play(show):
    worker = show.daemon("worker", "rq", "worker", "-c", "rq.toml")
    worker.wait_for("Listening on default")

    told = show.run("python", "enqueue.py")
    show.check("the job lay in Redis as JSON", 'in Redis: ["jobs.total", null, [{"customer": "Ada"' in told)
    show.check("its result came back", "finished {'customer': 'Ada', 'total': 42}" in told)

    order = '{"customer": "Bob", "lines": [{"price": 7, "count": 6}]}'
    job = show.run("rq", "enqueue", "-c", "rq.toml", "jobs.total", ":%s" % order)
    show.check("a job of rq enqueue is JSON, too", "jobs.total" in job)
    worker.wait_for("Job OK", times=2)
    show.check("the worker ends when it is asked to", worker.stop() == 0)
