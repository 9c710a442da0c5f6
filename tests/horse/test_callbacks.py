"""Callbacks and exception handlers: their order, their reports, their limits; with and without rq."""
import json
import os
import tempfile

from standin import payload
from test_jobs import Jobs
from test_rq import RqJobs, rq


class Noting:
    """Jobs whose callbacks write into a file that the test reads."""

    handlers = ()
    hooks = None
    connection = None

    def prepare(self, preload=(), **options):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.notes = os.path.join(holder.name, "calls")
        self.server = self.daemon(env={"CALLS": self.notes}, **options)
        self.server.settings()
        report = self.server.prepare(preload=preload, connection=self.connection, exception_handlers=self.handlers,
                                     hooks=self.hooks)
        self.assertEqual(report["report"], "prepared", report)
        self.number = 0

    def calls(self):
        if not os.path.exists(self.notes):
            return []
        with open(self.notes) as file:
            return [json.loads(line) for line in file]

    def ended(self, function, **callbacks):
        """Head and text of a job with these callbacks, each a name or a pair of name and limit."""
        fields = {"created_at": b"2026-01-01T00:00:00.000000Z"}
        for kind, callback in callbacks.items():
            name, limit = callback if isinstance(callback, tuple) else (callback, None)
            fields[kind + "_callback_name"] = ("rqcalls." + name).encode()
            if limit is not None:
                fields[kind + "_callback_timeout"] = str(limit).encode()
        head, body = self.run_data(payload(function), fields=fields)
        return head, body.decode("utf-8", "replace")

    def reports(self):
        """What was reported before the end, in short."""
        return [head.get("callback") or head["phase"] for head in self.last.phases]


class WithRq(Noting, RqJobs):
    def test_a_success_callback_runs_between_the_function_and_the_end(self):
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            head, _ = self.ended("tasks.nothing", success="success")

            self.assertEqual((head["kind"], head["func_name"]), ("returned", "tasks.nothing"))
            self.assertEqual(self.calls(), [{"name": "success", "job": "j1", "status": "finished", "result": None,
                                             "connection": "Unreachable", "ended": True}])
            self.assertEqual(self.reports(), ["function", "ending", "success", "ending"])
            self.assertEqual(self.last.phases[2]["limit"], 60)

    def test_a_success_callback_that_raises_is_the_failure(self):
        head, text = self.ended("tasks.nothing", success="raising", failure="failure")

        self.assertEqual((head["kind"], head["exception"]), ("raised", "RuntimeError"))
        self.assertNotIn("<rqd>", text)
        self.assertEqual([call["value"] for call in self.calls()], ["from a callback"])

    def test_a_failure_callback_gets_the_exception(self):
        head, _ = self.ended("rqjobs.fails", failure="failure", success="success")

        self.assertEqual(head["exception"], "ValueError")
        self.assertEqual(self.calls(), [{"name": "failure", "job": "j1", "status": "failed", "kind": "ValueError",
                                         "value": "outer", "trace": True}])

    def test_a_failure_callback_that_raises_is_told_and_recorded(self):
        for name, kind in (("raising", "RuntimeError"), ("leaving", "SystemExit"), ("nowhere", "ValueError")):
            with self.subTest(name):
                head, text = self.ended("rqjobs.fails", failure=name)

                self.assertEqual(head["exception"], kind)
                self.assertIn("ValueError: outer\n\nDuring handling of the above exception, another", text)
                self.assertNotIn("<rqd>", text)
                told = [report for report in self.last.phases if report["report"] == "callback_raised"]
                self.assertEqual([report["callback"] for report in told], ["failure"])

    def test_limits_are_those_of_the_job(self):
        head, text = self.ended("tasks.nothing", success=("endless", 1))
        self.assertEqual((head["exception"], head["timed_out"]), ("rq.timeouts.JobTimeoutException", False))
        self.assertEqual(self.last.phases[2]["limit"], 1)

        self.ended("tasks.nothing", success=("success", -1))
        self.assertIsNone(self.last.phases[2]["limit"])

    def test_callbacks_see_what_the_function_changed(self):
        self.ended("rqcalls.change_meta", success="same_job")

        self.assertEqual(self.calls(), [{"name": "same", "meta": {"seen": True}}])

    def test_a_child_of_a_callback_reports_nothing(self):
        head, _ = self.ended("tasks.nothing", success="forking")

        self.assertEqual((head["kind"], self.calls()), ("returned", [{"name": "forking"}]))

    def test_an_unreadable_payload_reaches_the_failure_callback(self):
        head, _ = self.run_data(b"junk", fields={"created_at": b"2026-01-01T00:00:00.000000Z",
                                                 "failure_callback_name": b"rqcalls.failure"})

        self.assertEqual(head["exception"], "rq.exceptions.DeserializationError")
        self.assertEqual(self.calls()[0]["kind"], "DeserializationError")

    def test_handlers_run_after_the_failure_callback(self):
        self.handlers = ("rqcalls.handler", "rqcalls.last_handler", "rqcalls.handler")
        self.prepare()
        self.ended("rqjobs.fails", failure="failure")

        self.assertEqual([call["name"] for call in self.calls()], ["failure", "handler", "last"])

    def test_a_handler_that_cannot_be_used_is_refused(self):
        server = self.daemon()
        server.settings()
        for name in ("rqcalls.missing", "nowhere.at_all", "rqcalls.__name__"):
            report = server.prepare(exception_handlers=[name])
            self.assertEqual((report["report"], report["stage"], report["what"]), ("refused", "exception_handler", name))

    def test_a_stopped_job_is_called_for_in_another_horse(self):
        horse = self.horse()
        horse.call("stopped", {"stopped_callback_name": b"rqcalls.stopped"})
        head, body, phases = horse.line.until("called")

        self.assertEqual((head["raised"], body), (False, b""))
        self.assertEqual(self.calls(), [{"name": "stopped", "job": "j1", "status": "started"}])
        self.assertEqual(phases[0]["callback"], "stopped")

    def test_what_an_errand_raises_is_told(self):
        horse = self.horse()
        horse.call("stopped", {"stopped_callback_name": b"rqcalls.raising"})
        head, body, _ = horse.line.until("called")

        self.assertTrue(head["raised"])
        self.assertIn(b"RuntimeError: from a callback", body)

    def test_an_abandoned_job_is_called_for_with_rqs_error(self):
        self.handlers = ("rqcalls.handler",)
        self.prepare()
        horse = self.horse()
        horse.call("abandoned", {"failure_callback_name": b"rqcalls.failure"})
        head, body, _ = horse.line.until("called")

        self.assertFalse(head["raised"], body)
        self.assertEqual([(call["name"], call["kind"]) for call in self.calls()],
                         [("failure", "AbandonedJobError"), ("handler", "AbandonedJobError")])

    def test_an_errand_without_a_known_occasion_is_junk(self):
        horse = self.horse()
        horse.call("bored", {})

        self.assertEqual(self.status(horse), 70 << 8)


class WithoutRq(Noting, Jobs):
    def setUp(self):
        if rq is not None:
            self.skipTest("the package rq is installed")
        super().setUp()

    def test_a_job_with_callbacks_fails_and_says_why(self):
        for function, kind in (("tasks.nothing", "success"), ("rqjobs.inner", "failure")):
            head, text = self.ended(function, **{kind: kind})

            self.assertEqual(head["exception"], "ImportError")
            self.assertIn("callbacks and exception handlers need the package rq in this Python: No module named 'rq'", text)

    def test_handlers_are_refused(self):
        server = self.daemon()
        server.settings()
        report = server.prepare(exception_handlers=["rqcalls.handler"])

        self.assertEqual((report["report"], report["stage"]), ("refused", "exception_handler"))
        self.assertIn("No module named 'rq'", report["reason"])
