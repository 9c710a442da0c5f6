"""The examples that the package brings, run where it is installed."""

import os
import unittest

from machine import Machine

EXAMPLES = ("quick-start", "cron", "weighted-queues", "json", "groups", "container", "systemd")


class Examples(unittest.TestCase):
    def test_they_run_from_where_they_are_installed(self):
        with Machine() as machine:
            machine.run("dpkg", "--install", machine.put(os.environ["RQ_TEST_DEB"]))

            told = machine.run("sh", "/usr/share/doc/rqd/examples/run", *EXAMPLES)

            for name in EXAMPLES:
                self.assertIn("\n%s: all as expected" % name, told)
            self.assertIn("ok: systemd takes the unit with its drop-in", told)
