"""What happens around jobs. Django does as much around a request, and knows nothing of jobs."""

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import translation
from rq import get_current_job


def open_connections():
    """Connects ahead of the job, so that its first query need not wait. No connection comes through the fork."""
    connection.ensure_connection()


def before_job():
    """Leaves a connection that is broken or too old, and speaks the language that the job was enqueued with."""
    close_old_connections()
    translation.activate(get_current_job().meta.get("language", settings.LANGUAGE_CODE))


def after_job():
    """Undoes it: with horse.max_jobs, another job may come to this process."""
    translation.deactivate()
    close_old_connections()
