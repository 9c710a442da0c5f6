"""A module that is there and cannot be imported."""
import surely_not_installed  # noqa: F401


def work():
    pass
