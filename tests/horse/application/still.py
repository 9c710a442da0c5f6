"""Jobs that are looked at while they run."""
import os
import signal
import socket
import threading
import time


def sleeping(path, seconds):
    began = time.monotonic()
    open(path, "w").close()
    time.sleep(seconds)
    return time.monotonic() - began


def reading(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path + "-peer")
    open(path, "w").close()
    return peer.recv(1)


def spinning(path):
    open(path, "w").close()
    while True:
        sum(number for number in range(100))


def counting(path, most):
    """A call of an extension that holds the interpreter's lock and looks at no signal."""
    open(path, "w").close()
    return sum(range(most))


def helper(ready, end):
    ready.set()
    end.wait()


def joining(path):
    ready, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=helper, args=(ready, end), name="helper-thread")
    thread.start()
    ready.wait()
    open(path, "w").close()
    thread.join()


def deaf(path):
    """A job that wants the signals for itself."""
    signal.signal(61, signal.SIG_DFL)
    signal.signal(60, signal.SIG_DFL)
    open(path, "w").close()
    time.sleep(600)


def takes_the_file(path):
    """A job that closes every descriptor, and gets their numbers for files of its own."""
    os.closerange(3, 256)
    files = [os.open(path + str(number), os.O_RDWR | os.O_CREAT) for number in range(20)]
    open(path, "w").close()
    while not os.path.exists(path + "-end"):
        time.sleep(0.01)
    return [os.fstat(file).st_size for file in files]
