"""Cron modules: what the installed rq registers of them, as data; skipped where rq has no cron."""
import os
import pickle
import tempfile
import unittest
import zlib

from standin import Daemon

try:
    import rq.cron as rq_cron
except ImportError:
    rq_cron = None

MODULE = """\
from rq import cron
import tasks
cron.register(tasks.add, 'low', args=(1,), kwargs={'y': 2}, interval=60, job_timeout=30)
cron.register(tasks.add, 'default', interval=5)
"""


class Cron(unittest.TestCase):
    def load(self, text, name="cronconf"):
        """The report and the body for a module of that text."""
        with tempfile.TemporaryDirectory() as folder:
            for file, content in (("cronconf", text), ("tasks", "def add(x=0, y=0):\n    return x + y\n")):
                with open(os.path.join(folder, file + ".py"), "w") as out:
                    out.write(content)
            daemon = Daemon(cwd=folder)
            self.addCleanup(daemon.close)
            daemon.settings()
            daemon.control.send({"order": "cron", "module": name, "key_prefix": "rq"})
            return daemon.control.receive()[:2]

    @unittest.skipIf(rq_cron is None, "rq.cron is not installed")
    def test_a_registered_job_comes_with_the_fields_of_its_runs(self):
        report, body = self.load(MODULE)

        self.assertEqual(report["report"], "cron", report)
        first, second = report["jobs"]
        self.assertEqual((first["function"], first["queue"], first["interval"]), ("tasks.add", "low", 60))
        self.assertEqual(second["interval"], 5)
        fields, at = {}, 0
        for name, length in first["fields"]:
            fields[name] = body[at:at + length]
            at += length
        self.assertEqual(pickle.loads(zlib.decompress(fields["data"])), ("tasks.add", None, (1,), {"y": 2}))
        self.assertEqual((fields["origin"], fields["timeout"], fields["status"]), (b"low", b"30", b"queued"))
        self.assertNotIn("created_at", fields)
        self.assertEqual(len(body), sum(length for job in report["jobs"] for _, length in job["fields"]))
        self.assertIn("Loading cron configuration from cronconf", [said["message"] for said in report["said"]])

    @unittest.skipIf(rq_cron is None, "rq.cron is not installed")
    def test_a_module_that_raises_is_refused_with_what_was_said(self):
        report, _ = self.load("raise RuntimeError('out of order')")

        self.assertEqual((report["report"], report["stage"]), ("refused", "cron"))
        self.assertIn("out of order", report["traceback"])
        self.assertIn(40, [said["level"] for said in report["said"]])

    @unittest.skipIf(rq_cron is not None, "rq.cron is installed")
    def test_without_rq_that_is_what_is_told(self):
        report, _ = self.load(MODULE)

        self.assertEqual((report["report"], report["stage"], report["missing"]), ("refused", "rq", True))


if __name__ == "__main__":
    unittest.main()
