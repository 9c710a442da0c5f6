"""What an order must say."""
from .wire import Junk


def text_in(order, key):
    """A key of the order that must be text."""
    if type(order.get(key)) is not str:
        raise Junk("an order whose %s is not text" % key)
    return order[key]


def seconds_in(order):
    """The time limit of the order, None for none."""
    seconds = order.get("timeout")
    if seconds is not None and type(seconds) not in (int, float):
        raise Junk("an order whose timeout is not a number")
    return seconds
