"""The functions that the examples enqueue."""

from rq import Retry, get_current_job


def words_in(text):
    return len(text.split())


def divide(number, by=1):
    return number / by


def hold():
    """Waits until somebody lets it go."""
    get_current_job().connection.blpop(["examples:go"], timeout=30)
    return "let go"


def progress():
    """Looks at itself and leaves notes on the way."""
    job = get_current_job()
    job.meta["handled_by"] = job.worker_name
    job.meta["seen_status"] = str(job.get_status().value)
    job.save_meta()
    return job.id


def fails_at_first(failures):
    """Raises so many times, then returns."""
    runs = get_current_job().connection.incr("examples:runs:" + get_current_job().id)
    if runs <= failures:
        raise RuntimeError("failure %d" % runs)
    get_current_job().connection.delete("examples:runs:" + get_current_job().id)
    return runs


def not_ready_yet(most):
    """Asks to be run again until it has used up what it was granted."""
    job = get_current_job()
    if (job.number_of_retries or 0) < most:
        return Retry(max=most)
    return "ready"


def never_ready():
    return Retry(max=1)


def endless():
    while True:
        pass


def report(connection, text):
    connection.rpush("examples:reports", text)


def on_success(job, connection, result):
    report(connection, "success %s" % result)


def on_failure(job, connection, kind, value, traceback):
    report(connection, "failure %s" % kind.__name__)


def on_stopped(job, connection):
    report(connection, "stopped %s" % job.id)


def note_exception(job, kind, value, traceback):
    report(job.connection, "noted %s" % kind.__name__)


def end_of_chain(job, kind, value, traceback):
    report(job.connection, "last %s" % kind.__name__)
    return False


def beyond_the_end(job, kind, value, traceback):
    report(job.connection, "too far")
