"""Jobs that somebody wants done again and again; nothing here knows of a clock."""


def poll():
    """Would look for news."""
    return "polled"


def clean(older_than_days):
    """Would delete what is old."""
    return "cleaned what is older than %d days" % older_than_days
