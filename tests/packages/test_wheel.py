"""The wheel in an environment of its own: it brings a worker for the interpreter of that environment."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

WHEEL = os.environ["RQ_TEST_WHEEL"]


class Wheel(unittest.TestCase):
    """Installed by pip, as a project would."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rqd-wheel-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", self.folder / "env"], check=True)

    def run_in(self, name, *arguments):
        """What a program of the environment says; the environment is not active."""
        ended = subprocess.run(
            [self.folder / "env" / "bin" / name, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        )
        self.assertEqual(ended.returncode, 0, ended.stdout)
        return ended.stdout

    def test_it_is_installed_as_rqd_finds_its_interpreter_and_goes_again(self):
        pip = [sys.executable, "-m", "pip", "--python", str(self.folder / "env" / "bin" / "python")]
        subprocess.run([*pip, "install", "--quiet", "--no-index", WHEEL], check=True)

        self.assertIn("(rqd ", self.run_in("rqd", "--version"))
        self.assertFalse((self.folder / "env" / "bin" / "rq").exists())
        self.assertTrue((self.folder / "env" / "share" / "man" / "man1" / "rq-worker.1").exists())
        (self.folder / "settings.py").write_text("import sys\nNAME = sys.prefix.rsplit('/', 1)[-1]\n")
        self.assertIn('"env"', self.run_in("rqd", "config", "show", "--json", "-c", "settings"))
        subprocess.run([*pip, "uninstall", "--quiet", "--yes", "rqd"], check=True)
        self.assertFalse((self.folder / "env" / "bin" / "rqd").exists())


if __name__ == "__main__":
    unittest.main()
