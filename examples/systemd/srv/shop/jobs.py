"""The jobs of this application."""

import os

from rq import get_current_job


def draw(name):
    """Would draw a picture."""
    return "%s in %s, by %s" % (name, os.getcwd(), get_current_job().worker_name)
