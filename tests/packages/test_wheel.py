"""The wheel in environments of its own: it brings a worker for the interpreter of that environment, and its tag is true."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import zipfile

from builds import Built
from machine import BUILD, ROOT, wait_until

WHEEL = os.environ["RQ_TEST_WHEEL"]
AUDITWHEEL = BUILD / "venv" / "package-judges" / "bin" / "auditwheel"
JOB = "import sys\n\n\ndef where():\n    return [sys.prefix, '%d.%d' % sys.version_info[:2]]\n"
ENQUEUE = "import redis, rq; print(rq.Queue(connection=redis.Redis(unix_socket_path='redis.sock')).enqueue('jobs.where').id)"
ANSWER = "import redis, rq, sys; print(rq.job.Job.fetch(sys.argv[1], redis.Redis(unix_socket_path='redis.sock')).return_value())"


def interpreters():
    """The oldest and the newest Python found, as (version, path)."""
    found = subprocess.run([ROOT / "scripts" / "pythons"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [line.split(" ", 1) for line in dict.fromkeys((found[0], found[-1]))]


class Environment:
    """A virtual environment in a folder; it is never active."""

    def __init__(self, folder, python):
        self.folder = folder
        subprocess.run([python, "-m", "venv", folder / "env"], check=True)

    def program(self, name):
        return str(self.folder / "env" / "bin" / name)

    def run(self, name, *arguments):
        """What a program of the environment says."""
        ended = subprocess.run(
            [self.program(name), *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        )
        if ended.returncode:
            raise AssertionError("%s ended with %d:\n%s" % (name, ended.returncode, ended.stdout))
        return ended.stdout

    def pip(self, *arguments):
        self.run("python", "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments)


class Wheel(unittest.TestCase):
    """Installed by pip, as a project would."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rqd-wheel-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start_redis(self):
        socket = self.folder / "redis.sock"
        server = subprocess.Popen(
            [BUILD / "bin" / "redis-server", "--port", "0", "--unixsocket", socket, "--save", ""], cwd=self.folder, stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_until(socket.exists, "redis-server")

    def test_it_runs_jobs_by_the_interpreter_of_its_environment_and_goes_again(self):
        self.start_redis()
        (self.folder / "jobs.py").write_text(JOB)
        for version, python in interpreters():
            with self.subTest(python=version):
                self.in_a_project_of(version, python)

    def in_a_project_of(self, version, python):
        environment = Environment(self.folder / version, python)
        release = "1.16.2" if int(version.split(".")[1]) < 10 else "3.0.0"
        environment.pip("install", "--requirement", str(ROOT / "scripts" / "requirements" / ("rq-%s.txt" % release)))
        theirs = pathlib.Path(environment.program("rq")).read_bytes()

        environment.pip("install", "--no-index", WHEEL)

        self.assertIn("(rqd ", environment.run("rqd", "--version"))
        self.assertEqual(pathlib.Path(environment.program("rq")).read_bytes(), theirs)
        self.assertTrue((environment.folder / "env" / "share" / "man" / "man1" / "rq-worker.1").exists())
        for name in ("jobs.py", "redis.sock"):
            os.symlink(self.folder / name, environment.folder / name)
        job = environment.run("python", "-c", ENQUEUE).strip()
        environment.run("rqd", "worker", "--burst", "--url", "unix://%s" % (self.folder / "redis.sock"))
        self.assertIn("[%r, %r]" % (str(environment.folder / "env"), version), environment.run("python", "-c", ANSWER, job))
        environment.pip("uninstall", "--yes", "rqd")
        self.assertFalse(pathlib.Path(environment.program("rqd")).exists())
        self.assertFalse((environment.folder / "env" / "share" / "man" / "man1" / "rq-worker.1").exists())


class Tag(unittest.TestCase):
    """The platform that the name tells, judged by auditwheel."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rqd-wheel-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    @staticmethod
    def least(wheel):
        """The oldest C library that a wheel runs with, as auditwheel finds it."""
        told = subprocess.run([AUDITWHEEL, "show", wheel], check=True, stdout=subprocess.PIPE, text=True).stdout
        return int(re.search(r'consistent with the\s+following platform tag:\s+"manylinux_2_(\d+)_', told).group(1))

    @staticmethod
    def told(wheel):
        return int(re.search(r"-manylinux_2_(\d+)_", str(wheel)).group(1))

    def test_it_is_true(self):
        self.assertEqual(self.least(WHEEL), self.told(WHEEL))
        if "PORTABLE" in os.environ:
            self.assertIn("manylinux2014", WHEEL)
        with zipfile.ZipFile(WHEEL) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".dist-info/WHEEL"))
            tags = re.findall(r"(?m)^Tag: (.*)$", wheel.read(name).decode())
        self.assertEqual(".".join(tag.split("-")[2] for tag in tags), pathlib.Path(WHEEL).stem.split("-")[-1])

    def test_one_that_lies_is_found(self):
        lie = self.folder / re.sub(r"manylinux_2_\d+_", "manylinux_2_5_", pathlib.Path(WHEEL).name)
        shutil.copy(WHEEL, lie)

        self.assertNotEqual(self.least(lie), self.told(lie))


class Reproducible(Built):
    """The same executable and time give the same wheel."""

    def test_two_builds_give_the_same_bytes(self):
        self.expect_the_same("build-wheel")


if __name__ == "__main__":
    unittest.main()
