"""What becomes of a Debian 12 when the package is installed, used, upgraded and removed."""

import os
import signal
import unittest

from builds import Built
from machine import Machine, wait_until
from service import AS_SERVICE, URL, Service

PACKAGE = os.environ["RQ_TEST_DEB"]
NEXT = os.environ["RQ_TEST_DEB_NEXT"]
OURS = "rqd"
CONFIGURATION = "/etc/rq/rq.toml"
DIVERTED = "/usr/bin/rq.python3-rq"
# What python3-rq has under our names, and the names that these get.
SHARED = {place % name: place % (name + ".python3-rq")
          for place in ("/usr/bin/%s", "/usr/share/man/man1/%s.1.gz") for name in ("rq", "rqinfo", "rqworker")}


def install(machine, package=PACKAGE):
    machine.run("dpkg", "--force-confold", "--install", machine.put(package))


def install_python3_rq(machine):
    # The package and what it needs were downloaded when the tree was made.
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "--no-download", "python3-rq")


def remove(machine, *packages):
    machine.run("dpkg", "--remove", *packages)


def is_ours(machine):
    """Whether all three commands are."""
    links = [os.readlink(machine.path("/usr/bin/" + name)) for name in ("rqinfo", "rqworker")]
    return links == ["rq", "rq"] and "(rqd " in machine.run("/usr/bin/rq", "--version", status=None)


def content(machine, names):
    return {name: machine.path(name).read_bytes() for name in names}


def left(machine):
    """What of ours is there still, as far as a package owns it or a maintainer script made it."""
    names = machine.run("sh", "-c", "find / -xdev \\( -path '*/rq' -o -path '*/rq.*' -o -path '*/rqd*' -o -path '*/_rq' -o -path '*rq@*' \\) "
                        "! -path '/proc/*' ! -path '/usr/local/*' ! -path '/var/tmp/*' ! -path '/var/lib/dpkg/*' ! -path '/usr/lib/python3/*'")
    return sorted(names.split())


class Installation(unittest.TestCase):
    """Installing, upgrading, removing."""

    def test_what_is_installed_is_at_its_place(self):
        with Machine() as machine:
            install(machine)

            self.assertTrue(is_ours(machine))
            self.assertIn("rq:x:", machine.read("/etc/passwd"))
            for name, mode, owner in [("/var/lib/rq", "750", "rq"), ("/var/log/rq", "750", "rq"), ("/run/rq", "700", "rq"),
                                      (CONFIGURATION, "644", "root")]:
                self.assertEqual(machine.run("stat", "-c", "%a %U", name).split(), [mode, owner], name)
            self.assertIn("disabled", machine.run("systemctl", "is-enabled", "rq.service", status=1))
            for page in ("rq", "rq-worker", "rq.toml", "rq-settings", "rq-signals", "rq-fork-safety", "rqd"):
                self.assertIn("SEE ALSO", machine.run("man", page, MANPAGER="cat", TERM="dumb"), page)
            machine.run("rq", "config", "check")
            machine.run("logrotate", "--debug", "/etc/logrotate.d/rqd")
            self.assertEqual(machine.run("dpkg", "--verify", OURS), "")

    def test_the_units_are_sound_and_shut_in(self):
        with Machine() as machine:
            install(machine)
            units = ["/lib/systemd/system/rq.service", "/lib/systemd/system/rq@.service"]
            machine.path("/etc/rq/x.toml").write_text("")

            for unit in units:
                self.assertEqual(machine.run("systemd-analyze", "verify", unit), "")
                machine.run("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)
            relaxed = machine.path("/etc/systemd/system/rq.service.d")
            relaxed.mkdir(parents=True)
            machine.run("cp", "/usr/share/doc/rqd/examples/relaxed.conf", "/etc/systemd/system/rq.service.d/")
            self.assertEqual(machine.run("systemd-analyze", "verify", units[0]), "")

    def test_a_unit_with_a_mistake_is_found(self):
        with Machine() as machine:
            install(machine)
            sound = machine.read("/lib/systemd/system/rq.service")
            for good, bad, status in [("/usr/bin/rq run", "/usr/bin/rqq run", 1), ("KillMode=mixed", "KillMode=mixt", 0)]:
                self.assertIn(good, sound)
                machine.path("/etc/systemd/system/bad.service").write_text(sound.replace(good, bad))

                told = machine.run("systemd-analyze", "verify", "/etc/systemd/system/bad.service", status=status)

                self.assertIn("bad.service", told)

    def test_python3_rq_comes_first(self):
        with Machine() as machine:
            install_python3_rq(machine)
            theirs = content(machine, SHARED)
            install(machine)

            self.assertTrue(is_ours(machine))
            self.assertEqual(list(content(machine, SHARED.values()).values()), list(theirs.values()))
            for page in ("rq-worker", "rqworker"):
                self.assertIn("Start a worker", machine.run("man", page, MANPAGER="cat", TERM="dumb"))
            remove(machine, OURS)
            self.assertEqual(content(machine, SHARED), theirs)
            for name in SHARED.values():
                self.assertFalse(machine.exists(name), name)
            self.assertNotIn("rqd", machine.run("dpkg-divert", "--list"))

    def test_python3_rq_comes_second(self):
        with Machine() as machine:
            install(machine)
            install_python3_rq(machine)

            self.assertTrue(is_ours(machine))
            for name in SHARED.values():
                self.assertTrue(machine.exists(name), name)
            remove(machine, OURS)
            for name in ("rq", "rqinfo", "rqworker"):
                self.assertIn("python3", machine.read("/usr/bin/" + name).splitlines()[0])
            install(machine)
            remove(machine, "python3-rq")
            self.assertTrue(is_ours(machine))
            machine.run("dpkg", "--purge", OURS)
            for name in SHARED:
                self.assertFalse(machine.exists(name), name)
            self.assertNotIn("rqd", machine.run("dpkg-divert", "--list"))

    def test_an_upgrade_keeps_the_configuration_and_what_is_enabled(self):
        with Machine() as machine:
            install(machine)
            with open(machine.path(CONFIGURATION), "a", encoding="utf-8") as configuration:
                configuration.write("\n# mine\n")
            machine.run("systemctl", "enable", "rq.service", "rq@mail.service")

            install(machine, NEXT)

            self.assertIn("# mine", machine.read(CONFIGURATION))
            self.assertIn("enabled", machine.run("systemctl", "is-enabled", "rq.service"))
            self.assertTrue(machine.exists("/etc/systemd/system/multi-user.target.wants/rq@mail.service"))
            self.assertTrue(is_ours(machine))
            self.assertEqual(machine.run("dpkg-query", "-W", "-f", "${Version}", OURS).rsplit("-", 1)[1], "2")

    def test_removed_purged_and_installed_again(self):
        with Machine() as machine:
            before = left(machine)
            install(machine)
            machine.path("/var/lib/rq/kept").write_text("a job's own")
            remove(machine, OURS)
            self.assertTrue(machine.exists(CONFIGURATION))
            self.assertFalse(machine.exists("/usr/bin/rq"))
            install(machine)
            self.assertTrue(is_ours(machine))

            machine.run("dpkg", "--purge", OURS)

            self.assertFalse(machine.exists("/etc/rq"))
            self.assertFalse(machine.exists("/var/log/rq"))
            self.assertTrue(machine.exists("/var/lib/rq/kept"))
            self.assertLessEqual(set(left(machine)) - set(before), {"/var/lib/rq", "/run/rq"})
            install(machine)
            machine.run("rq", "config", "check")


class Work(unittest.TestCase):
    """The installed package at work, as an instance of the template."""

    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.__exit__)
        install(self.machine)
        self.service = Service(self.machine, "import getpass, sys\n\ndef who():\n    return [getpass.getuser(), sys.executable]\n")
        self.machine.path("/etc/rq/app.toml").write_text(
            'REDIS_URL = "%s"\n[horse]\npython = "/usr/bin/python3"\npath = ["/srv/app"]\n' % URL)

    def test_a_job_runs_hup_reloads_and_term_stops(self):
        daemon = self.service.daemon("rq@.service")
        job = self.service.enqueue("'tasks.who'")
        self.assertEqual(self.service.await_state(job, "finished"), ["rq", "/usr/bin/python3"])

        with open(self.machine.path("/etc/rq/app.toml"), "a", encoding="utf-8") as configuration:
            configuration.write('[worker]\nresults_ttl = 77\n[reload]\nwatch = false\n')
        self.service.signal(signal.SIGHUP)
        wait_until(lambda: "worker.results_ttl" in self.service.log(), "the reload")
        shown = self.machine.run(*AS_SERVICE, "rq", "config", "show", "--running", "--json")
        self.assertRegex(shown, r'"worker.results_ttl",\s*"value": "?77')

        self.service.signal(signal.SIGTERM)
        self.assertEqual(self.service.end_of(daemon), 0, self.service.log())
        self.assertEqual(self.service.workers(), 0)

    def test_the_command_of_python3_rq_works_beside_it(self):
        install_python3_rq(self.machine)
        daemon = self.service.daemon("rq@.service")

        told = self.machine.run(DIVERTED, "info", "-u", URL)

        self.assertIn("1 workers", told)
        self.machine.run(*AS_SERVICE, "rq", "stop")
        self.assertEqual(self.service.end_of(daemon), 0, self.service.log())


class Judged(unittest.TestCase):
    """What the distribution's own tools say."""

    def test_lintian_has_nothing_to_say(self):
        with Machine("bookworm-tools") as machine:
            told = machine.run("lintian", "--fail-on", "error,warning", "--allow-root", machine.put(PACKAGE), status=None)
            self.assertNotRegex(told, r"(?m)^[EW]: ")

    def test_every_shell_completes(self):
        with Machine("bookworm-tools") as machine:
            install(machine)
            bash = "source /usr/share/bash-completion/bash_completion; source /usr/share/bash-completion/completions/rq; complete -p rq"
            self.assertIn("_clap_complete_rq", machine.run("bash", "-c", bash))
            fish = machine.run("fish", "-c", "complete -C 'rq worker-'")
            self.assertIn("worker-pool", fish)
            zsh = machine.run("zsh", "-c", "autoload -U compinit; compinit -u -d /tmp/dump; print $_comps[rq]; autoload +X _rq; print $functions[_rq]")
            self.assertIn("_rq", zsh)
            self.assertIn("RQ_COMPLETE", zsh)


class Reproducible(Built):
    """The same executable and time give the same package."""

    def test_two_builds_give_the_same_bytes(self):
        self.expect_the_same("build-deb")


if __name__ == "__main__":
    unittest.main()
