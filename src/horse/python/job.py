"""One job in a horse: from the order to the report of how it ended."""
import sys
import types
from os import getpid
from time import time

from . import callbacks, clue, current_job, evidence, own_sdk, payload, title, traces
from .limit import Limit
from .order import seconds_in, text_in
from .outcome import raised, returned
from .process import Surroundings, end_stray_fork, export_names, flush
from .result import is_quick
from .text import plain

# In a tuple, where libraries that freeze time for tests do not look for it.
CLOCK = (time,)
NAME_LIMIT = 10_000

# Code flags of coroutines, native and made of generators.
ASYNC_CODE = 0x80 | 0x100
# RQ: asks asyncio, which took generators for coroutines before Python 3.12.
ASYNC_VALUES = (types.CoroutineType,) if sys.version_info >= (3, 12) else (types.CoroutineType, types.GeneratorType)


class JobRun:
    """A job that this horse was told to run."""

    def __init__(self, order, body, channel, settled):
        self.fields = payload.fields_of(order, body)
        self.job_id = text_in(order, "job_id")
        self.execution_id = text_in(order, "execution_id")
        self.worker_name = text_in(order, "worker_name")
        self.limit = Limit(seconds_in(order))
        self.channel = channel
        self.serializer = settled.serializer
        self.connection = settled.connection
        self.handlers = settled.exception_handlers
        self.hooks = settled.hooks
        self.bounds = settled.bounds
        self.max_result_size = settled.max_result_size
        self.keeps_result = order.get("keeps_result", True)
        self.report = order.get("report")
        self.root = settled.root
        self.started_at = CLOCK[0]()
        self.ended_at = None
        self.call = self.job = None
        self.is_last = order.get("last") is True
        self.surroundings = None
        # The exceptions of reading the payload, and of looking for the function.
        self.unread = self.unfound = None

    def ended(self):
        """Runs the job; returns head and body of `ended`."""
        pid = getpid()
        export_names(self.worker_name, self.job_id, self.execution_id)
        failure = self.begin()
        # What `setup` has changed stays for all jobs of this horse.
        self.surroundings = None if self.is_last else Surroundings()
        value, failure = None, failure or self.read_payload()
        if failure is None:
            self.started_at = CLOCK[0]()
            with current_job.Offer(self):
                value, failure = self.run_function(pid)
        self.ended_at = CLOCK[0]()
        if failure is not None or self.is_long(value):
            self.channel.send({"report": "phase", "phase": "ending"})
        flush()
        if failure is None:
            failure = callbacks.succeeded(self, value)
        if failure is None:
            head, body, failure = self.report_of(value)
        if failure is not None:
            failure = callbacks.failed(self, failure)
            head, body = self.report_of_failure(failure)
        self.hooks.finish()
        if "sentry_sdk" in sys.modules:
            self.flush_own_sdk()
        head.update(report="ended", func_name=self.func_name(), started_at=self.started_at, ended_at=self.ended_at)
        flush()
        return head, body

    def is_long(self, value):
        """True when what comes after the function may take time of its own: it runs code of the application."""
        quick = is_quick(value, self.serializer) and "sentry_sdk" not in sys.modules
        return not quick or bool(self.hooks.steps) or bool(callbacks.name_of(self, "success"))

    def begin(self):
        """What comes before the first job of a horse; returns what went wrong, if anything."""
        try:
            self.hooks.begin()
        except BaseException as error:
            self.channel.send({"report": "phase", "phase": "function", "func_name": None})
            return error
        return None

    def read_payload(self):
        """Decodes the payload and reports the name of the function; returns what went wrong, if anything.

        RQ: this happens outside of the time limit.
        """
        try:
            self.call = payload.read(self.fields.get("data", b""), self.serializer)
        except BaseException as error:
            self.unread = error
            self.channel.send({"report": "phase", "phase": "function", "func_name": None})
            return error
        title.show_job(self.worker_name, self.func_name(), self.origin(), CLOCK[0]())
        return None

    def func_name(self):
        """The name in the payload as text to tell, None when there is none."""
        name = self.call.func_name if self.call else None
        return plain(name[:NAME_LIMIT]) if isinstance(name, str) else None

    def origin(self):
        """The queue's name."""
        return self.fields.get("origin", b"").decode("utf-8", "replace")

    def run_function(self, pid):
        """Calls the function within its limit; returns its value and its exception."""
        phase = {"report": "phase", "phase": "function", "func_name": self.func_name()}
        trace = traces.of(self)
        if trace is not None:
            phase["trace"] = trace
        self.channel.send(phase)
        value = failure = None
        try:
            self.hooks.call("before_job")
            try:
                self.limit.start()
                value = self.called()
            finally:
                self.limit.stop()
        except BaseException as error:
            failure = error
        if getpid() != pid:
            end_stray_fork(failure)
        return value, failure

    def called(self):
        """Finds and calls the function; a coroutine is run to its end."""
        function = self.found()
        if not function:
            raise ValueError("Cannot execute job: function is None")
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & ASYNC_CODE:
            # Loaded for those who need it only, as every fork would pay for its memory; and before
            # the job's code can break what an import needs.
            import asyncio  # noqa: F401
        value = function(*self.call.args, **self.call.kwargs)
        if isinstance(value, ASYNC_VALUES) or hasattr(type(value), "__await__"):
            import asyncio

            if asyncio.iscoroutine(value):
                return asyncio.run(value)
        return value

    def found(self):
        """The callable."""
        try:
            return self.call.function()
        except BaseException as error:
            self.unfound = error
            raise

    def report_of(self, value):
        """Head, body and nothing for a value; one that is too large fails the job, as one whose serializer misbehaves."""
        try:
            return returned(value, self.serializer, self.max_result_size, self.keeps_result) + (None,)
        except BaseException as error:
            return None, b"", error

    def report_of_failure(self, failure):
        """Head and body for an exception."""
        timed_out = failure is self.limit.raised
        head, body = raised(failure, timed_out, self.func_name())
        head.update(clue.of(self, failure))
        evidence = self.evidence_of(failure)
        if evidence is not None:
            head["evidence"] = evidence
        return head, body + self.bounds.explain(failure)

    def evidence_of(self, failure):
        """What a report is made of, None when none is wanted or the job broke what that takes."""
        try:
            if "sentry_sdk" in sys.modules:
                sdk = own_sdk.active()
                if sdk is not None:
                    own_sdk.report(sdk, self, failure)
                    return {"elsewhere": True}
            if type(self.report) is not dict:
                return None
            return evidence.of(failure, self.report, self.root, self.call)
        except BaseException:
            return None

    def flush_own_sdk(self):
        """Lets the project's own error reporter send what it has."""
        sdk = own_sdk.active()
        if sdk is not None:
            own_sdk.flush(sdk)
