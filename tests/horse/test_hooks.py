"""Hooks of the application around its jobs, and Django's connections."""
import subprocess

from standin import payload
from test_callbacks import Noting
from test_jobs import Jobs
from test_rq import rq


class HookJobs(Noting, Jobs):
    def names(self):
        return [call["name"] for call in self.calls()]


class Hooks(HookJobs):
    hooks = {"setup": "rqcalls.setup", "before_job": "rqcalls.before", "after_job": "rqcalls.after"}

    def test_they_are_called_around_each_job_and_the_first_once_in_a_process(self):
        horse = self.horse()
        for name in ("a1", "a2"):
            horse.run(payload("tasks.nothing"), job_id=name)
            horse.ended()

        self.assertEqual(self.names(), ["setup", "before", "after", "before", "after"])
        self.assertEqual(self.calls()[0]["pid"], horse.pid)
        self.assertEqual([call["job"] for call in self.calls() if "job" in call], ["a1", "a2"])

    def test_a_job_that_fails_has_its_after_hook_called(self):
        head, _ = self.run_data(payload("rqjobs.inner"))

        self.assertEqual(head["exception"], "LookupError")
        self.assertEqual(self.names(), ["setup", "before", "after"])


class BadHooks(HookJobs):
    def test_what_the_first_two_raise_fails_the_job(self):
        for kind in ("setup", "before_job"):
            self.hooks = {kind: "rqcalls.raising", "after_job": "rqcalls.after"}
            self.prepare()
            head, body = self.run_data(payload("tasks.nothing"))

            self.assertEqual(head["exception"], "RuntimeError")
            self.assertNotIn(b"<rqd>", body)
            self.assertEqual(self.names(), ["after"])

    def test_what_the_last_raises_is_told_and_changes_nothing(self):
        self.hooks = {"after_job": "rqcalls.leaving"}
        self.prepare(stderr=subprocess.PIPE)
        head, _ = self.run_data(payload("tasks.nothing"))
        self.server.wait_report("reaped")
        self.server.control.close()

        self.assertEqual(head["kind"], "returned")
        with self.server.process.stderr as stream:
            self.assertIn(b"rq: horse.after_job failed:", stream.read())

    def test_a_hook_that_cannot_be_used_is_refused(self):
        server = self.daemon()
        server.settings()
        for name in ("rqcalls.missing", "nowhere.at_all", "rqcalls.__name__"):
            report = server.prepare(hooks={"setup": name})
            self.assertEqual((report["report"], report["stage"]), ("refused", "hook"))
            self.assertEqual(report["what"], "horse.setup = " + name)

    def test_the_job_is_there_for_the_hook_before_it(self):
        if rq is None:
            self.skipTest("the package rq is not installed")
        self.hooks = {"before_job": "rqcalls.current"}
        self.prepare()
        self.run_data(payload("tasks.nothing"), fields={"created_at": b"2026-01-01T00:00:00.000000Z"})

        self.assertEqual(self.calls(), [{"name": "current", "job": "j1"}])


class Django(HookJobs):
    def test_connections_are_closed_before_the_fork_and_before_the_first_job(self):
        self.hooks = {"setup": "rqcalls.setup"}
        self.prepare(preload=("django.db",))
        horse = self.horse()
        horse.run(payload("tasks.nothing"))
        horse.ended()

        self.assertEqual(self.names(), ["closed", "closed", "setup"])
        self.assertEqual([call["pid"] for call in self.calls()], [self.server.hello["pid"], horse.pid, horse.pid])
