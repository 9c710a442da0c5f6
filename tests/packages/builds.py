"""Builds a package twice, each time by another user's habits, and compares the bytes."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from machine import BUILD, ROOT

# What differs between two people's shells and must not be seen in a package.
HABITS = [
    ("022", {"TZ": "UTC", "LC_ALL": "C.UTF-8"}),
    ("077", {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "USER": "somebody", "XZ_DEFAULTS": "-T4", "GZIP": "-1"}),
]


class Built(unittest.TestCase):
    """A test of what a script builds."""

    def built(self, script, umask, habits):
        """The package by its name, built in a folder of its own."""
        with tempfile.TemporaryDirectory(dir=str(BUILD)) as folder:
            environment = dict(os.environ, SOURCE_DATE_EPOCH="1700000000", TO=folder, **habits)
            subprocess.run(["sh", "-c", "umask %s; exec \"$0\"" % umask, str(ROOT / "scripts" / script)], env=environment, check=True,
                           stdout=subprocess.DEVNULL)
            return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}

    def expect_the_same(self, script):
        """Two builds have the same names and bytes."""
        first, second = [self.built(script, umask, habits) for umask, habits in HABITS]

        self.assertEqual(len(first), 1)
        self.assertEqual(first.keys(), second.keys())
        self.assertTrue(first == second, "the bytes differ")
