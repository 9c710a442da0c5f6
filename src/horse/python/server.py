"""The fork server: one thread that imports the application, forks horses, reaps them and reports."""
import faulthandler
import gc
import os
import re
import resource  # noqa: F401  (`os.wait4` would look for it at the first end of a horse)
import select
import sys
from importlib.util import find_spec

from . import cron, decode, fresh, horse, importable, leash, wire
from .application import Application, Refused
from .herd import Herd
from .process import empty_stdin, flush
from .signals import Signals

PROGRAM = 3
CONTROL = 4
FAILED = 70


def main():
    """Runs the fork server. Never returns."""
    gc.disable()
    code = FAILED
    server = None
    try:
        server = Server()
        server.run()
    except (wire.Closed, ConnectionError):
        code = 0  # The daemon has let go of this fork server.
    except wire.Junk as error:
        sys.stderr.write("rq: fork server: %s\n" % error)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


class Server:
    """The fork server's state."""

    def __init__(self):
        faulthandler.enable(file=2, all_threads=True)
        for fd in (PROGRAM, CONTROL, leash.PIPE):
            os.set_inheritable(fd, False)
        self.signals = Signals()
        self.signals.arm()
        self.own_leash = leash.open_own()
        leash.arm(self.own_leash, os.getpid())
        self.control = wire.adopt(CONTROL)
        self.application = Application()
        self.prepared = False
        self.herd = Herd(self.report, self.rear)

    def run(self):
        """Takes orders and reaps until the daemon closes the control socket."""
        self.report(hello())
        poll = select.poll()
        poll.register(CONTROL, select.POLLIN)
        poll.register(self.signals.reader, select.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll()]
            if self.signals.reader in ready:
                self.signals.drain()
                self.reap()
            if CONTROL in ready:
                self.obey(*wire.receive(self.control))

    def report(self, head, content=b""):
        """Sends a report."""
        wire.send(self.control, head, content)

    def obey(self, order, body, fds):
        """Carries out one order."""
        kind = order.get("order")
        if kind == "fork" and self.prepared:
            self.herd.fork(order.get("horses"), fds, order.get("rehearse") is True)
            return
        wire.drop(fds)
        if kind not in ("settings", "prepare", "cron", "decode", "import"):
            raise wire.Junk("the order %.100r" % (kind,))
        content = b""
        try:
            if kind == "cron":
                self.application.set_up_django()
                report, content = cron.load(order)
            elif kind == "decode":
                self.application.set_up_django()
                report = decode.load(order, body)
            elif kind == "import":
                self.application.set_up_django()
                report = importable.load(order)
            else:
                report = getattr(self.application, kind)(order)
            if kind == "prepare":
                self.prepared = True
                empty_stdin()  # For the horses, whatever the settings module made of it.
        except Refused as refused:
            report = refused.report
        flush()
        self.signals.arm()
        self.report(report, content)
        self.reap()

    def rear(self, stall):
        """Makes a horse of the copy of this process; returns its exit code."""
        horse.become(stall, self)
        if self.application.choice.model == "spawn":
            fresh.turn_into(stall, self.application)
        wire.drop([PROGRAM])
        return horse.attend(stall, self.application)

    def reap(self):
        """Reports the horses that have ended, and loads what they turned out to need."""
        for _ in range(self.herd.reap()):
            if self.application.heed():
                # What an import changed is put right, as after an order.
                flush()
                self.signals.arm()

    def descriptors(self):
        """What a horse must not keep: all that is the fork server's own, and the other horses' leashes."""
        held = [self.control.detach(), leash.PIPE, self.signals.reader, self.signals.writer, self.own_leash]
        return [fd for fd in held if fd is not None] + self.herd.leashes()

    def release_signals(self):
        """Gives a horse its own signals."""
        self.signals.release()


def hello():
    """The first report: who we are."""
    return {
        "report": "hello",
        "protocol": wire.PROTOCOL,
        "pid": os.getpid(),
        "python": sys.version,
        "version": list(sys.version_info[:3]),
        "executable": sys.executable,
        "rq": rq_version(),
    }


def rq_version():
    """The version of the importable rq, read without importing it."""
    try:
        spec = find_spec("rq")
        folder = os.path.dirname(spec.origin)
        with open(os.path.join(folder, "version.py"), encoding="utf-8") as file:
            return re.search(r"^VERSION\s*=\s*['\"]([^'\"]+)", file.read(), re.M).group(1)
    except Exception:
        return None
