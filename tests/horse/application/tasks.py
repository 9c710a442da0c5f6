"""Jobs of the tests."""
import asyncio
import functools
import os
import signal
import sys
import threading
import time


def add(x, y=0):
    return x + y


def nothing():
    return None


def fail():
    raise ValueError("no good")


def chain():
    try:
        try:
            fail()
        except ValueError as error:
            raise KeyError("second") from error
    except KeyError:
        raise RuntimeError("third")


def deep(n=5000):
    return deep(n + 1)


def leave(code=None):
    sys.exit(code)


def interrupt():
    raise KeyboardInterrupt


class Odd(BaseException):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


def odd():
    raise Odd


def surrogates():
    raise ValueError("byte \udcff here")


def gigantic(size):
    raise ValueError("a" + "x" * size + "z")


def group():
    raise ExceptionGroup("many", [ValueError("one"), TypeError("two")])  # noqa: F821


def die(code):
    os._exit(code)


def crash():
    import faulthandler

    faulthandler._sigsegv()


async def later(value):
    await asyncio.sleep(0)
    return value * 2


async def later_fails():
    await asyncio.sleep(0)
    raise ValueError("later")


def coroutine_made():
    return later(21)


def numbers():
    yield 1


def silent_steps():
    yield
    return "stepped"


class Outer:
    class Inner:
        @staticmethod
        def nested():
            return "nested"

    @staticmethod
    def static(x):
        return ("static", x)

    @classmethod
    def cls(cls, x):
        return (cls.__name__, x)

    def method(self, x):
        return ("method", x)


class Callable:
    def __init__(self, value):
        self.value = value

    def __call__(self):
        return self.value


class Falsy:
    def __len__(self):
        return 0

    def method(self):
        return "from the instance"


def method():
    return "from the module"


partial = functools.partial(add, 40, y=2)


class Unpicklable:
    def __reduce__(self):
        raise TypeError("never")

    def __repr__(self):
        return "<secretive>"


def unpicklable():
    return Unpicklable()


def big(size):
    return b"x" * size


def big_list(size):
    return [b"x" * size]


class BadRepr:
    def __repr__(self):
        raise ValueError("no")


def bad_repr():
    return BadRepr()


class BadState:
    """Cannot be unpickled."""

    def __setstate__(self, state):
        raise ValueError("bad state")

    def __getstate__(self):
        return {"a": 1}


def facts():
    return {
        "pid": os.getpid(),
        "pgid": os.getpgrp(),
        "environment": {key: value for key, value in os.environ.items() if key.startswith("RQ_")},
        "stdin": os.readlink("/proc/self/fd/0"),
        "INT": str(signal.getsignal(signal.SIGINT)),
        "TERM": str(signal.getsignal(signal.SIGTERM)),
        "CHLD": str(signal.getsignal(signal.SIGCHLD)),
        "HUP": str(signal.getsignal(signal.SIGHUP)),
        "gc": __import__("gc").isenabled(),
        "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)),
        "main": sorted(vars(sys.modules["__main__"])),
        "hooks": [repr(finder) for finder in sys.meta_path if "_rqd" in repr(finder)],
        "path": list(sys.path),
        "argv": list(sys.argv),
        "title": open("/proc/self/cmdline").read(),
        "random": __import__("random").random(),
    }


def disturb(folder):
    """Leaves things to the next job that it is not to find."""
    os.environ.update(LEFT="behind", HOME="/nowhere")
    os.environ.pop("PATH", None)
    os.chdir(folder)


def surroundings():
    return [os.environ.get("LEFT"), os.environ.get("HOME"), os.environ.get("PATH"), os.getcwd()]


def sleep(seconds, path=None):
    if path:
        with open(path, "w") as file:
            file.write(str(os.getpid()))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    return "slept"


def stubborn():
    try:
        sleep(60)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)


def wrapped_timeout():
    try:
        sleep(60)
    except Exception as error:
        raise ValueError("wrapped") from error


def own_alarm():
    signal.alarm(0)
    return "no alarm"


def timeout_named_like_rq():
    class JobTimeoutException(Exception):
        pass

    raise JobTimeoutException("Task exceeded maximum timeout value (1 seconds)")


def close_all(first=3):
    os.closerange(first, 256)
    return "closed"


def close_and_reuse(path):
    os.closerange(0, 256)
    with open(path, "w") as file:
        os.dup2(file.fileno(), 60)
    for number in range(3, 30):
        os.dup2(60, number)
    return "reused"


def fork_returns():
    pid = os.fork()
    if pid == 0:
        return "the child"
    return os.waitpid(pid, 0)[1]


def fork_exits(code):
    pid = os.fork()
    if pid == 0:
        sys.exit(code)
    return os.waitpid(pid, 0)[1] >> 8


def fork_raises():
    pid = os.fork()
    if pid == 0:
        raise ValueError("in the child")
    return os.waitpid(pid, 0)[1]


def leave_child(path):
    """Leaves a process of the group behind."""
    pid = os.fork()
    if pid == 0:
        with open(path + ".part", "w") as file:
            file.write(str(os.getpid()))
        os.rename(path + ".part", path)
        time.sleep(600)
        os._exit(0)
    while not os.path.exists(path):
        time.sleep(0.005)


def leave_thread():
    threading.Thread(target=time.sleep, args=(600,)).start()
    return "left"


def shout(text):
    sys.stdout.write(text)
    sys.stderr.write(text)


def break_things():
    """Leaves the interpreter in a state in which nothing can be imported or found."""
    import builtins
    import traceback

    sys.path[:] = []
    sys.meta_path[:] = []
    traceback.TracebackException = None
    for name in list(sys.modules):
        if name not in ("builtins", "sys"):
            sys.modules[name] = None
    builtins.open = None
    sys.stdout = sys.stderr = None
    os.environ.clear()
    raise ValueError("broken")


def freeze_time():
    time.time = lambda: 0.0


def child_pool():
    import multiprocessing

    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(add, (1, 2))


def low_recursion():
    sys.setrecursionlimit(60)
    raise ValueError("shallow")


def comm():
    """The short name of the process."""
    with open("/proc/self/comm") as file:
        return file.read().strip()


class Broken:
    def __repr__(self):
        raise RuntimeError("no")


def crowded():
    many, long, odd, table = list(range(100)), "x" * 1_000_000, Broken(), {1: None, "b": True}
    deep = []
    for _ in range(8):
        deep = [deep]
    raise ValueError(len(many) + len(long) + len(deep) + len(table) + (odd is None))


def endless_causes():
    error = None
    for number in range(200, -1, -1):
        cause, error = error, ValueError(number)
        error.__cause__ = cause
    raise error
