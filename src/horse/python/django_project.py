"""A Django project whose settings module is the worker's: what `manage.py` does before it runs a command."""
import os
import sys
from importlib.util import find_spec

from .named import Refused


def claim(module):
    """Tells Django where its settings are, as `manage.py` does. True when the module is a Django project's."""
    if not isinstance(getattr(module, "INSTALLED_APPS", None), (list, tuple)):
        return False
    try:
        if find_spec("django") is None:
            return False
    except (ImportError, ValueError):
        return False
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", module.__name__)
    return True


def set_up():
    """Loads the applications, so that jobs can use models; nothing when that was done before."""
    try:
        import django
        from django.apps import apps

        if not apps.ready:
            django.setup()
    except BaseException as error:
        raise Refused("django", os.environ.get("DJANGO_SETTINGS_MODULE", ""), error) from None


def text_of_promise(value):
    """The text of what Django translates late, None for anything else."""
    promise = getattr(sys.modules.get("django.utils.functional"), "Promise", None)
    return str(value) if isinstance(promise, type) and isinstance(value, promise) else None
