"""A work horse: one process, in a process group of its own, that runs what it is told."""
import faulthandler
import gc
import os
import sys

from . import wire
from .callbacks import Errand
from .channel import Channel, identity
from .job import JobRun
from .process import flush
from .records import Records
from .rehearsal import rehearse
from .rq_engine import told
from .stack import Window
from .streams import Streams

FAILED = 70
# What the daemon sends along for each horse.
FILES = ("socket", "memory", "stacks", "records")


class Stall:
    """What a fork brings along for the horse."""

    def __init__(self, number, fds, leash_fd):
        self.number = number
        self.socket, self.memory, self.stacks, self.records = fds
        self.leash = leash_fd
        self.channel = self.listener = None
        self.window = None
        # Whether it is to rehearse its first job.
        self.rehearses = False

    def close(self):
        """Closes the fork server's copies; the leash stays until the horse is reaped."""
        wire.drop([self.socket, self.memory, self.stacks, self.records])

    def slip(self):
        """Closes the leash."""
        if self.leash is not None:
            os.close(self.leash)


def live(work):
    """The life of a horse: what it does until its end, whose exit code that returns. Never returns."""
    code = FAILED
    try:
        code = work()
    except wire.Closed:
        code = 0  # The daemon is gone, or has let go of this horse.
    except ConnectionError:
        pass  # The same, but with something left to say.
    except wire.Junk as error:
        sys.stderr.write("rq: work horse %d: %s\n" % (os.getpid(), error))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        flush()
        os._exit(code)


def attend(stall, application):
    """Takes orders until it may go; returns the exit code."""
    application.bounds.apply()
    if application.engine is not None:
        application.engine.brace()
    # Kept there until the process is gone: nothing may close the descriptor by number on the way out.
    channel = stall.channel = Channel(stall.socket, stall.number, application.return_address)
    records = stall.listener = Records(stall.records)
    dump = identity(stall.memory)
    channel.send(
        {
            "report": "ready",
            "protocol": wire.PROTOCOL,
            "horse": stall.number,
            "pid": os.getpid(),
            "pgid": os.getpgrp(),
            "window": stall.stacks,
        }
    )
    if stall.rehearses and application.engine is None and not channel.is_told():
        rehearse(application)
    served = False
    while True:
        order, body, fds = channel.receive()
        if order.get("order") == "quit":
            take_leave(application)
            return 0
        streams = heard(order, fds, records, application)
        if served:
            stall.window.open()
        served = True
        head, body = obey(order, body, channel, application)
        unmixed = streams is None or streams.end()
        lost = records.end()
        if identity(stall.memory) != dump:
            faulthandler.disable()  # The job closed the file: its number may be anything by now.
        if head.get("report") == "ended":
            worn = head.get("worn", False) or not unmixed or application.bounds.is_worn()
            head.update(worn=worn, lost_records=lost)
        channel.send(head, body)
        # One that has come back stays until it is let go: its end must not be noticed before its return.
        if order.get("last") and not channel.has_returned:
            take_leave(application)
            return 0
        del head, body, order


def heard(order, fds, records, application):
    """From here on the daemon hears what the job of the order says; returns its streams when those are read."""
    if order.get("order") != "run" or len(fds) not in (0, 2):
        wire.drop(fds)
        return None
    records.printed = ("rq.worker", "rq.job") if application.engine is not None else ()
    records.begin(order, bool(fds))
    return Streams(fds) if fds else None


def take_leave(application):
    """RQ: only the process of a worker without work horses ends as Python processes do; others just go."""
    if application.choice is not None and application.choice.model == "reuse":
        import atexit

        atexit._run_exitfuncs()


def obey(order, body, channel, application):
    """Runs or settles a job by the engine in use; returns head and body of `ended`."""
    kind, engine = order.get("order"), application.engine
    application.bounds.begin()
    if kind == "callback":
        return Errand(order, body, channel, application).done()
    if kind == "run" and engine is None:
        run = JobRun(order, body, channel, application)
        head, body = run.ended()
        application.libraries.note()
        if run.surroundings is not None:
            head["worn"] = not run.surroundings.restore()
        return head, body
    if engine is None or kind not in ("run", "settle"):
        raise wire.Junk("the order %.100r" % (kind,))
    if kind == "run":
        head, body = told(engine.run, order, channel)
    else:
        head, body = told(engine.settle, order)
    flush()
    return head, body


def become(stall, server):
    """Turns the copy of the fork server into a horse."""
    os.setpgid(0, 0)
    server.release_signals()
    wire.drop(server.descriptors())
    gc.enable()
    equip(stall)


def equip(stall):
    """What a horse has in whatever way it came to be."""
    faulthandler.enable(file=stall.memory, all_threads=True)
    stall.window = Window(stall.stacks)
    stall.window.open()
