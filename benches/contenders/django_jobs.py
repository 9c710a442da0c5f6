"""A module of jobs that imports and sets up Django, as those of a small site do."""

import django
import marks
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.admin"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()

import django.contrib.admin  # noqa: E402, F401
import django.forms  # noqa: E402, F401
import django.template  # noqa: E402, F401


def nothing(sent, seconds):
    marks.note(sent, seconds)
