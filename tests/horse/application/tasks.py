"""Jobs of the tests."""
def add(x, y=0):
    return x + y


def fail():
    raise ValueError("no good")
