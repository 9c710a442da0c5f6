"""What the README says to somebody who has Rust: cargo install. It takes the build of the tests, so that it costs seconds."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from machine import ROOT


class Cargo(unittest.TestCase):
    def test_it_installs_the_command_from_a_checkout(self):
        command = "cargo install --locked --path ."
        self.assertIn("`%s`" % command, (ROOT / "README.md").read_text())
        with tempfile.TemporaryDirectory() as root:
            done = subprocess.run([*command.split(), "--debug", "--root", root, "--target-dir", "target"], cwd=str(ROOT),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)

            self.assertEqual(os.listdir(pathlib.Path(root) / "bin"), ["rq"])
            told = subprocess.run([str(pathlib.Path(root) / "bin" / "rq"), "--version"], stdout=subprocess.PIPE, text=True, check=True)
            self.assertIn("(rqd ", told.stdout)


if __name__ == "__main__":
    unittest.main()
