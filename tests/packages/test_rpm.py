"""The package for Fedora and its like. There is none of these here: it is judged and installed by Debian's rpm."""

import os
import pathlib
import re
import unittest

from builds import Built
from machine import ROOT, Machine

PACKAGE = os.environ["RQ_TEST_RPM"]
NEXT = os.environ["RQ_TEST_RPM_NEXT"]


class Rpm(unittest.TestCase):
    """Judged, installed and removed."""

    def setUp(self):
        self.machine = Machine("bookworm-tools")
        self.addCleanup(self.machine.__exit__)
        self.package = self.machine.put(PACKAGE)

    def rpm(self, *arguments):
        return self.machine.run("rpm", "--force-debian", *arguments)

    def test_rpmlint_has_nothing_to_say(self):
        filters = self.machine.put(ROOT / "packaging" / "rpm" / "rqd.rpmlintrc")

        told = self.machine.run("rpmlint", "--rpmlintrc", filters, self.package, status=None)

        self.assertRegex(told, r" 0 errors, 0 warnings", told)

    def test_it_is_installed_upgraded_and_removed(self):
        # What it needs is known to dpkg here, not to rpm.
        told = self.rpm("--install", "--nodeps", self.package)

        self.assertNotIn("scriptlet failed", told)
        self.assertIn("(rqd ", self.machine.run("rq", "--version"))
        self.machine.run("rq", "config", "check")
        for folder in ("/var/lib/rq", "/var/log/rq"):
            self.assertEqual(self.machine.run("stat", "-c", "%a %U", folder).split(), ["750", "rq"])
        self.assertEqual(self.rpm("--verify", "--nodeps", "rqd"), "")
        listed = self.rpm("-q", "--list", "rqd").split()
        pages = {pathlib.Path(name).name for name in listed if re.search(r"/man[1-8]/", name)}
        self.assertLessEqual({"rq.1.gz", "rq-worker.1.gz", "rqworker.1.gz", "rq.toml.5.gz", "rqd.8.gz"}, pages)
        configuration = self.machine.path("/etc/rq/rq.toml")
        configuration.write_text("# mine\n")

        told = self.rpm("--upgrade", "--nodeps", self.machine.put(NEXT))
        self.assertNotIn("scriptlet failed", told)
        self.assertTrue(self.rpm("-q", "rqd").strip().startswith("rqd-"))
        self.assertIn("-2.", self.rpm("-q", "rqd"))
        self.assertEqual(configuration.read_text(), "# mine\n")
        self.assertIn("(rqd ", self.machine.run("rq", "--version"))

        told = self.rpm("--erase", "rqd")
        self.assertNotIn("scriptlet failed", told)
        for name in ("rq", "rqworker", "rqinfo"):
            self.assertFalse(self.machine.exists("/usr/bin/" + name))
        self.assertEqual(self.machine.read("/etc/rq/rq.toml.rpmsave"), "# mine\n")


class Reproducible(Built):
    """The same executable and time give the same package."""

    def test_two_builds_give_the_same_bytes(self):
        self.expect_the_same("build-rpm")


if __name__ == "__main__":
    unittest.main()
