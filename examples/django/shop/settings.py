"""Settings of the project, which are those of its worker, too: rq run -c shop.settings"""

import os
import pathlib

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ.get("SECRET_KEY", "not a secret in this example")
INSTALLED_APPS = ["django.contrib.contenttypes", "django_rq", "orders"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

LANGUAGE_CODE = "en"
USE_THOUSAND_SEPARATOR = True

# As for django-rq's rqworker.
RQ_QUEUES = {
    "default": {
        "URL": os.environ.get("REDIS_URL", "redis://localhost:6379/0"),
        "DEFAULT_TIMEOUT": 360,
    },
}
QUEUES = ["default"]

RQ_HORSE = {
    # Imported once, before any job. Each job then begins in a copy of that process.
    "preload": ["orders.jobs"],
    # Called in each process, before there is a job for it.
    "setup": "shop.hooks.open_connections",
    # Called around each job, as Django's own signals are around a request.
    "before_job": "shop.hooks.before_job",
    "after_job": "shop.hooks.after_job",
}
