"""Long jobs."""

import os

from rq import get_current_job


def build(month):
    """Would build a report."""
    name = "%s %s" % (month, os.environ["REPORTS_YEAR"])
    return "%s by %s, nice %d" % (name, get_current_job().worker_name, os.nice(0))
