"""A stand-in for the daemon: starts the fork server as docs/protocol.md says and speaks with it.

The tests beside this file run on whichever interpreter runs them, and judge the package on that one:

    PYTHON -m unittest discover -s tests/horse

`test_server` is about the fork server, `test_jobs` about jobs that return, `test_failures` about jobs that raise,
`test_output` about what jobs log and print, `test_harm` about what dies, forks or closes things, `test_callbacks` about
callbacks and exception handlers, `test_rq` about what a job sees of rq (skipped where rq is not installed). `application/`
holds the jobs.

Everything is on private descriptors; every wait has a deadline, so a silent peer is a failed test and no hang.
"""
import array
import json
import os
import pickle
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.join(HERE, "..", "..", "src", "horse", "python")
APPLICATION = os.path.join(HERE, "application")
DEADLINE = 20.0


class Silence(AssertionError):
    """Nothing came within the deadline."""


class End(Exception):
    """The peer closed its socket."""


def program():
    """The program text, put together as the daemon does it."""
    sources = {}
    for entry in sorted(os.listdir(PACKAGE)):
        if entry.endswith(".py") and entry != "loader.py":
            with open(os.path.join(PACKAGE, entry), encoding="ascii") as file:
                sources[entry[:-3]] = file.read()
    with open(os.path.join(PACKAGE, "loader.py"), encoding="ascii") as file:
        loader = file.read()
    return loader.replace("SOURCES = {}", "SOURCES = " + json.dumps(sources, ensure_ascii=False), 1).encode()


PROGRAM = program()


class Line:
    """One socket with frames on it."""

    def __init__(self, sock):
        self.sock = sock
        sock.settimeout(DEADLINE)

    def send(self, head, body=b"", fds=()):
        text = head if isinstance(head, bytes) else json.dumps(head).encode()
        data = struct.pack("!II", len(text), len(body)) + text + body
        if fds:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
            sent = self.sock.sendmsg([data], rights)
            data = data[sent:]
        self.sock.sendall(data)

    def receive(self):
        try:
            head, body = struct.unpack("!II", self.exactly(8))
            return json.loads(self.exactly(head).decode("utf-8")), self.exactly(body)
        except socket.timeout:
            raise Silence("no frame within %s seconds" % DEADLINE) from None
        except ConnectionError:
            raise End from None

    def exactly(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.sock.recv(min(count - len(data), 1 << 20))
            if not part:
                raise End
            data += part
        return bytes(data)

    def until(self, report):
        """The next frame of this kind; others before it are returned too."""
        others = []
        while True:
            head, body = self.receive()
            if head.get("report") == report:
                return head, body, others
            others.append(head)

    def close(self):
        self.sock.close()


class Horse:
    """A horse that the stand-in has asked for."""

    def __init__(self, daemon, number, line, files, records):
        self.daemon, self.number, self.line, (self.memory, self.stacks) = daemon, number, line, files
        self.records = records
        self.pid = None
        self.ready = None

    def run(self, data, timeout=None, fields=None, fds=(), **order):
        """Sends a job whose `data` field is given; `fields` adds to the hash, `fds` is where its output is to go."""
        pairs = [("data", data), ("origin", b"default"), ("status", b"queued")] + list((fields or {}).items())
        head = {"order": "run", "job_id": "j1", "execution_id": "e1", "worker_name": "w1", "timeout": timeout}
        head["fields"] = [[name, len(value)] for name, value in pairs]
        head.update(order)
        self.line.send(head, b"".join(value for _, value in pairs), fds)

    def record(self):
        """The next log record of its job."""
        self.records.settimeout(DEADLINE)
        return json.loads(self.records.recv(1 << 16).decode("utf-8"))

    def call(self, occasion, fields):
        """Sends the callbacks of a job with this hash."""
        fields = dict({"data": payload("tasks.nothing"), "created_at": b"2026-01-01T00:00:00.000000Z"}, **fields)
        self.line.send({"order": "callback", "callback": occasion, "job_id": "j1", "worker_name": "w1",
                        "fields": [[name, len(value)] for name, value in fields.items()]}, b"".join(fields.values()))

    def ended(self):
        """The report of the job's end and its body."""
        head, body, self.phases = self.line.until("ended")
        return head, body

    def quit(self):
        self.line.send({"order": "quit"})

    def dump(self):
        return os.pread(self.memory, 1 << 20, 0).decode("utf-8", "replace")


class Daemon:
    """Starts one fork server and holds its control socket and its leash."""

    def __init__(self, cwd=None, env=None, python=None, **streams):
        self.address = "rqd-test-%d-%x" % (os.getpid(), id(self))
        self.back = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.back.bind("\0" + self.address)
        self.back.listen(8)
        self.back.settimeout(DEADLINE)
        ours, theirs = socket.socketpair()
        leash_read, self.leash = os.pipe()
        memory = os.memfd_create("rqd-program") if hasattr(os, "memfd_create") else temporary()
        os.write(memory, PROGRAM)
        os.lseek(memory, 0, os.SEEK_SET)
        self.process = start([python or sys.executable, "/proc/self/fd/3"], [memory, theirs.fileno(), leash_read],
                             cwd or APPLICATION, env, streams)
        for fd in (memory, leash_read):
            os.close(fd)
        theirs.close()
        self.control = Line(ours)
        self.horses = {}
        self.seen = []
        self.hello = self.control.receive()[0]

    def settings(self, module=None, file=None, path=(".",)):
        self.control.send({"order": "settings", "module": module, "file": file, "path": list(path)})
        return self.control.receive()[0]

    def prepare(self, preload=(), dict_config=False, serializer=None, connection=None, exception_handlers=(), hooks=None,
                **more):
        self.control.send({"order": "prepare", "preload": list(preload), "dict_config": dict_config,
                           "serializer": serializer, "connection": connection,
                           "exception_handlers": list(exception_handlers), "hooks": hooks,
                           "return_address": self.address, **more})
        return self.control.receive()[0]

    def order_forks(self, *numbers, rehearse=False):
        """Sends one order for all of them; answers are read by `forks` or the test."""
        theirs, fds = [], []
        for number in numbers:
            ours, socket_of_horse = socket.socketpair()
            files = [os.memfd_create(name) if hasattr(os, "memfd_create") else temporary() for name in ("rqd-fault", "rqd-stack")]
            records, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            theirs += [socket_of_horse, told]
            fds += [socket_of_horse.fileno()] + files + [told.fileno()]
            self.horses[number] = Horse(self, number, Line(ours), files, records)
        self.control.send({"order": "fork", "horses": list(numbers), "rehearse": rehearse}, fds=fds)
        for end in theirs:
            end.close()
        return [self.horses[number] for number in numbers]

    def forks(self, *numbers, rehearse=False):
        """Horses that are ready."""
        horses = self.order_forks(*numbers, rehearse=rehearse)
        report = self.wait_report("forked")
        self.on_leash = report["leash"]
        for horse, (number, pid) in zip(horses, report["horses"]):
            assert horse.number == number, (horse.number, report)
            horse.pid = pid
            horse.ready = horse.line.receive()[0]
        return horses

    def fork(self, number=1):
        """A horse that is ready."""
        return self.forks(number)[0]

    def wait_report(self, kind, **match):
        """The next report of the fork server of this kind; others are kept."""
        for report in self.seen:
            if report["report"] == kind and all(report.get(key) == value for key, value in match.items()):
                self.seen.remove(report)
                return report
        while True:
            report = self.control.receive()[0]
            if report["report"] == kind and all(report.get(key) == value for key, value in match.items()):
                return report
            self.seen.append(report)

    def come_back(self):
        """The line of a horse that lost its socket, and its first frame."""
        sock, _ = self.back.accept()
        line = Line(sock)
        return line, line.receive()[0]

    def close(self):
        self.control.close()
        for horse in self.horses.values():
            horse.line.close()
            horse.records.close()
            os.close(horse.memory)
            os.close(horse.stacks)
        if self.leash is not None:
            os.close(self.leash)
        self.back.close()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def start(command, fds, cwd, env, streams):
    """Starts a command with the descriptors as 3, 4, 5."""
    def place():
        high = [fcntl_dup(fd) for fd in fds]
        for target, fd in enumerate(high, 3):
            os.dup2(fd, target)
        for fd in high:
            os.close(fd)
        # As the daemon's own spawn: nothing but 0 to 5 passes.
        os.closerange(6, 256)
        # Whoever runs the tests may be under nohup.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=cwd, close_fds=False, preexec_fn=place,
                            env=dict(os.environ, **(env or {})), **streams)


def fcntl_dup(fd):
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD, 100)


def temporary():
    file = tempfile.TemporaryFile()
    fd = os.dup(file.fileno())
    file.close()
    return fd


def payload(name, *args, **kwargs):
    """The `data` field of a job that calls a function by name."""
    return pack((name, None, args, kwargs))


def pack(call):
    return zlib.compress(pickle.dumps(call))


def alive(pid):
    """True while a process runs; a zombie does not count."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(condition, what, seconds=DEADLINE):
    """Waits for a condition that has no event of its own."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %s seconds: %s" % (seconds, what))
        select.select([], [], [], 0.005)


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)
