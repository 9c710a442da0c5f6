"""The jobs of this application."""

import os

from rq import get_current_job


def look_around():
    """Tells where it runs."""
    return "%s in %s, from the queue %s" % (os.environ["APP_ENV"], os.getcwd(), get_current_job().origin)
