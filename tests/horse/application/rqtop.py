"""Jobs of a module that imports rq at its top."""
from rq import get_current_job

import rqjobs


def describe():
    return rqjobs.described(get_current_job())
