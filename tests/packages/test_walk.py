"""The walk of a new user through a fresh Debian 12: install, configure, run, break, mend, upgrade, remove.

Of our commands, only such are typed as the installed manual pages tell, with options that they tell; the configuration begins with the
example of rqd(8). Every interactive command is timed; the table is build/log/walk.md.
"""

import os
import re
import signal
import statistics
import time
import unittest

from machine import BUILD, ROOT, Machine, wait_until
from service import AS_SERVICE, URL, Service

PACKAGE = os.environ["RQ_TEST_DEB"]
NEXT = os.environ["RQ_TEST_DEB_NEXT"]
CONFIGURATION = "/etc/rq/rq.toml"
DROP_IN = "/etc/rq/rq.toml.d/app.toml"

TASKS = '''"""The application: what has run is noted, so that nothing can be lost unseen."""

import os
import time


def add(left, right):
    return left + right


def held(name):
    """Runs until a file is there."""
    open("/tmp/%s.began" % name, "w").write(str(os.getpid()))
    while not os.path.exists("/tmp/%s.go" % name):
        time.sleep(0.02)
    return name


def faulty():
    raise ValueError("no such customer")
'''


class Pages:
    """The manual pages on the machine."""

    def __init__(self, machine):
        names = machine.run("sh", "-c", "ls /usr/share/man/man[1578]/rq*.gz").split()
        self._pages = {name.rsplit("/", 1)[1]: machine.run("zcat", name).replace("\\-", "-") for name in names}

    def has(self, command):
        """Whether there is a page of a command."""
        return "%s.1.gz" % command.replace(" ", "-") in self._pages

    def of(self, command):
        """A command as its page tells it: its words and its options. The page has to know all of these."""
        words = [word for word in command if not word.startswith("-")]
        name = next(" ".join(words[:count]) for count in (3, 2, 1) if self.has(" ".join(words[:count])))
        options = [word for word in command if word.startswith("-")]
        for option in options:
            if option not in self._pages["%s.1.gz" % name.replace(" ", "-")]:
                raise AssertionError("the page of %s does not tell of %s" % (name, option))
        return " ".join([name, *options])

    def example(self, page):
        """The first example of a configuration on a page."""
        return self._pages[page].split('.\\" example: toml\n.EX\n')[1].split("\n.EE")[0] + "\n"


class Walk(unittest.TestCase):
    """One user, one machine, from the package to its end."""

    maxDiff = None

    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.__exit__)
        self.pages = None
        self.service = None
        self.settings = None
        self.sum = None
        self.seconds = {}

    def typed(self, *command, status=0, user=()):
        """Types a command of the pages and returns what it says."""
        told = self.pages.of(command)
        start = time.monotonic()
        said = self.machine.run(*user, *command, status=status)
        self.seconds.setdefault(told, []).append(time.monotonic() - start)
        return said

    def edit(self, key, value):
        """Changes a setting in the configuration, commented out or not, and returns the number of its line."""
        lines = self.machine.read(CONFIGURATION).splitlines()
        at = [number for number, line in enumerate(lines) if re.match("#?%s = " % key, line)]
        self.assertEqual(len(at), 1, "%s stands in %d lines" % (key, len(at)))
        lines[at[0]] = "%s = %s" % (key, value)
        self.settings = "\n".join(lines) + "\n"
        self.machine.path(CONFIGURATION).write_text(self.settings)
        return at[0] + 1

    def begun(self, name):
        """Waits until the job `held` of that name runs, and returns its process."""
        file = self.machine.path("/tmp/%s.began" % name)
        wait_until(lambda: file.exists() and file.read_text(), "the job %s; the log says:\n%s" % (name, self.service.log()))
        return int(file.read_text())

    def let_go(self, name):
        self.machine.path("/tmp/%s.go" % name).write_text("")

    def test_from_the_package_to_its_end(self):
        self.install()
        daemon = self.first_job()
        self.look()
        self.a_wrong_setting()
        self.a_failing_job()
        self.redis_goes_away()
        self.a_killed_horse()
        daemon = self.a_killed_daemon(daemon)
        self.upgrade(daemon)
        self.every_job_is_accounted_for()
        self.leave()
        self.write_times()

    def apt_install(self, package):
        """Installs a package as the README says, in a folder like that where it was built."""
        command = "apt install ./build/packages/rqd_*.deb"
        self.assertIn(command, (ROOT / "README.md").read_text())
        self.machine.run("mkdir", "-p", "/srv/checkout/build/packages")
        self.machine.run("mv", self.machine.put(package), "/srv/checkout/build/packages/rqd_0_amd64.deb")
        self.machine.run("sh", "-c", "cd /srv/checkout && " + command.replace("install", "install -y"))

    def install(self):
        """The package, its pages, and the first configuration: that of rqd(8), for this Redis, and what the README says to decide."""
        self.apt_install(PACKAGE)
        self.pages = Pages(self.machine)
        self.machine.path("/tmp").chmod(0o1777)
        self.service = Service(self.machine, TASKS)
        self.machine.path(DROP_IN).write_text(self.pages.example("rqd.8.gz").replace("redis://localhost:6379/0", URL))
        self.edit("on_interrupt", '"requeue"')
        self.typed("rq", "config", "check")
        self.typed("rq", "config", "check", "--connect")

    def first_job(self):
        daemon = self.service.daemon("rq.service")
        self.sum = self.service.enqueue("'tasks.add', 2, 3")
        self.assertEqual(self.service.await_state(self.sum, "finished"), 5)
        return daemon

    def look(self):
        """Every command that looks."""
        self.assertIn("1 workers", self.typed("rq", "info"))
        self.assertIn("default", self.typed("rq", "status", user=AS_SERVICE))
        self.typed("rq", "healthcheck", user=AS_SERVICE)
        self.assertIn(self.sum, self.typed("rq", "jobs", "--state", "finished"))
        self.assertIn("finished", self.typed("rq", "job", "show", self.sum))
        self.assertIn("default", self.typed("rq", "queues"))
        self.assertIn("idle", self.typed("rq", "workers"))
        self.assertIn("default", self.typed("rq", "top", "--once"))
        self.assertIn("/srv/app", self.typed("rq", "config", "show"))
        self.typed("rq", "config", "explain", "worker.on_interrupt")
        if self.pages.has("rq doctor"):
            self.typed("rq", "doctor", status=None)

    def a_wrong_setting(self):
        """It is refused with its place, the daemon goes on, and mended it is taken."""
        line = self.edit("results_ttl", '"soon"')

        for command in (("rq", "config", "check"), ("rq", "reload")):
            said = self.typed(*command, status=78, user=AS_SERVICE)
            self.assertIn(CONFIGURATION, said)
            self.assertRegex(said, r"\b%d\b" % line)
            self.assertIn("results_ttl", said)

        self.assertEqual(self.service.await_state(self.service.enqueue("'tasks.add', 1, 1"), "finished"), 2)
        self.edit("results_ttl", "5000")
        self.typed("rq", "reload", user=AS_SERVICE)

    def a_failing_job(self):
        """Found, understood, its code mended, tried again."""
        job = self.service.enqueue("'tasks.faulty'")
        self.service.await_state(job, "failed")

        self.assertIn(job, self.typed("rq", "jobs", "--state", "failed"))
        self.assertIn("ValueError: no such customer", self.typed("rq", "job", "show", job))
        self.service.write_tasks(TASKS.replace('raise ValueError("no such customer")', 'return "mended"'))
        self.typed("rq", "reload", "--code", user=AS_SERVICE)
        self.typed("rq", "requeue", "--queue", "default", job)

        self.assertEqual(self.service.await_state(job, "finished"), "mended")

    def redis_goes_away(self):
        """A job in hand and one that waits outlive it."""
        job = self.service.enqueue("'tasks.held', 'without-redis'")
        self.begun("without-redis")
        waiting = self.service.enqueue("'tasks.add', 3, 4")
        self.service.redis.kill()
        self.service.redis.wait()
        self.assertIn("redis", self.typed("rq", "info", status=69).lower())
        self.let_go("without-redis")

        self.service.start_redis()

        self.assertEqual(self.service.await_state(job, "finished"), "without-redis")
        self.assertEqual(self.service.await_state(waiting, "finished"), 7)

    def a_killed_horse(self):
        """The job fails with the cause in words, and is put back by hand."""
        job = self.service.enqueue("'tasks.held', 'horse'")
        os.kill(self.begun("horse"), signal.SIGKILL)
        self.service.await_state(job, "failed")

        self.assertIn("SIGKILL", self.typed("rq", "job", "show", job))
        self.let_go("horse")
        self.typed("rq", "requeue", "--all", "--queue", "default")

        self.assertEqual(self.service.await_state(job, "finished"), "horse")

    def a_killed_daemon(self, daemon):
        """Its job's process dies with it, and the job runs again when the daemon is back."""
        job = self.service.enqueue("'tasks.held', 'daemon'")
        horse = self.begun("daemon")
        os.kill(self.service.number(), signal.SIGKILL)
        self.service.end_of(daemon)
        wait_until(lambda: not os.path.exists("/proc/%d" % horse), "the horse's end")
        self.let_go("daemon")
        self.assertIn("no rq daemon", self.typed("rq", "status", status=1, user=AS_SERVICE))

        daemon = self.service.daemon("rq.service")

        self.assertEqual(self.service.await_state(job, "finished"), "daemon")
        return daemon

    def upgrade(self, daemon):
        """While a job runs: it ends, the daemon is asked by the new command, and the new one takes over."""
        job = self.service.enqueue("'tasks.held', 'upgrade'")
        self.begun("upgrade")
        self.apt_install(NEXT)
        self.assertEqual(self.machine.read(CONFIGURATION), self.settings)
        self.assertIn(job, self.typed("rq", "status", user=AS_SERVICE))
        self.typed("rq", "stack", job, user=AS_SERVICE)
        # As systemctl try-restart does, of which there is none here.
        self.service.signal(signal.SIGTERM)
        self.let_go("upgrade")
        self.assertEqual(self.service.end_of(daemon), 0)
        self.assertEqual(self.service.state(job), ("finished", "upgrade"))

        daemon = self.service.daemon("rq.service")

        self.assertEqual(self.service.await_state(self.service.enqueue("'tasks.add', 5, 5"), "finished"), 10)
        self.typed("rq", "quiet", user=AS_SERVICE)
        self.typed("rq", "quiet", "--off", user=AS_SERVICE)
        self.typed("rq", "stop", user=AS_SERVICE)
        self.assertEqual(self.service.end_of(daemon), 0, self.service.log())

    def every_job_is_accounted_for(self):
        statuses = self.service.python(
            "print(sorted(set(rq.job.Job.fetch(k.decode()[7:], connection=c).get_status().value for k in c.keys('rq:job:*'))),"
            " len(c.keys('rq:job:*')))")
        self.assertEqual(statuses, "['finished'] %d" % self.service.enqueued)

    def leave(self):
        self.machine.run("apt", "remove", "-y", "rqd")
        self.assertFalse(self.machine.exists("/usr/bin/rq"))
        self.assertEqual(self.machine.read(CONFIGURATION), self.settings)
        self.machine.run("apt", "purge", "-y", "rqd")
        self.assertFalse(self.machine.exists(CONFIGURATION))
        self.assertTrue(self.machine.exists(DROP_IN), "what the package did not bring is the user's")

    def write_times(self):
        """The table of how long commands took, the slowest first."""
        rows = [(statistics.median(seconds), told, len(seconds)) for told, seconds in self.seconds.items()]
        lines = ["| `%s` | %.0f ms | %d |\n" % (told, 1000 * median, times) for median, told, times in sorted(rows, reverse=True)]
        (BUILD / "log" / "walk.md").write_text("| Command | Median | Times |\n| --- | --- | --- |\n" + "".join(lines))


if __name__ == "__main__":
    unittest.main()
