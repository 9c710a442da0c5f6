"""Short jobs."""

from rq import get_current_job


def send(address):
    """Would send a mail."""
    return "to %s by %s" % (address, get_current_job().worker_name)
