"""Process titles, where the package setproctitle is installed."""

setter = None


def prepare():
    """Loads setproctitle once, in the fork server, so that no horse pays for it."""
    global setter
    try:
        from setproctitle import setproctitle
    except Exception:
        return
    setter = setproctitle
    show("rq: fork server")


def show(text):
    """Sets the title of this process."""
    if setter is not None:
        try:
            setter(text)
        except Exception:
            return


def show_job(worker_name, func_name, origin, since):
    """RQ's title of a horse at work."""
    show("rq:worker:%s: Processing %s from %s since %s" % (worker_name, func_name, origin, since))
