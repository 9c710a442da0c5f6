"""What the packages say to the service manager when they are installed, upgraded, removed, purged, and when that fails half-way."""

import os
import subprocess
import unittest

from machine import Machine
from manager import REAL, Managed

PACKAGE = os.environ["RQ_TEST_DEB"]
NEXT = os.environ["RQ_TEST_DEB_NEXT"]
RPM = os.environ["RQ_TEST_RPM"]
RPM_NEXT = os.environ["RQ_TEST_RPM_NEXT"]
SHOP = "rq@shop.service"
RUN = "/usr/bin/rq run"
RUN_SHOP = "/usr/bin/rq run -c /etc/rq/shop.toml"

# Loaded into a process, it tells whose that is.
SPY = """
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void spy(void) {
    FILE *told = fopen("/var/tmp/spied", "a");
    if (told) { fprintf(told, "%d\\n", (int)geteuid()); fclose(told); }
}
"""


def install(machine, package=PACKAGE):
    return machine.run("dpkg", "--force-confold", "--install", machine.put(package))


def changes(calls):
    """The calls that change what runs or what is enabled."""
    return [call for call in calls if not call.startswith(("list-units", "show ", "--system daemon-reload"))]


def restarts(*units):
    return ["--no-block try-restart " + unit for unit in units]


class Debian(unittest.TestCase):
    """The maintainer scripts."""

    def test_an_installation_starts_nothing(self):
        with Managed() as machine:
            install(machine)

            calls = machine.calls()
            self.assertIn("--system daemon-reload", calls)
            self.assertEqual(changes(calls), [])

    def test_an_upgrade_waits_for_no_job(self):
        with Managed() as machine:
            install(machine)
            machine.path("/etc/rq/shop.toml").write_text("[worker]\nqueues = ['shop']\n")
            machine.activate("rq.service", RUN)
            machine.activate(SHOP, RUN_SHOP)
            machine.calls()

            told = install(machine, NEXT)

            self.assertEqual(changes(machine.calls()), restarts("rq.service", SHOP))
            self.assertIn("rqd: rq.service starts anew when its jobs in hand have ended", told)

    def test_an_upgrade_leaves_a_daemon_alone_whose_configuration_is_refused(self):
        with Managed() as machine:
            install(machine)
            machine.path("/etc/rq/shop.toml").write_text("[worker]\nresults_ttl = 'soon'\n")
            machine.activate("rq.service", RUN)
            machine.activate(SHOP, RUN_SHOP)
            machine.calls()

            told = install(machine, NEXT)

            self.assertEqual(changes(machine.calls()), restarts("rq.service"))
            self.assertIn("rqd: %s goes on as the version before" % SHOP, told)
            self.assertRegex(told, "cannot use worker.results_ttl from /etc/rq/shop.toml, line 2")
            self.assertIn("systemctl restart " + SHOP, told)

    def test_the_variables_of_a_unit_count(self):
        with Managed() as machine:
            install(machine)
            machine.activate("rq.service", RUN, "RQ_WORKER__RESULTS_TTL=soon")
            machine.activate(SHOP, RUN_SHOP, "RQ_WORKER__RESULTS_TTL=7", "MANY=lines\nof a text")
            machine.path("/etc/rq/shop.toml").write_text("")
            machine.calls()

            # What the one who upgrades has in the environment does not.
            told = machine.run("dpkg", "--install", machine.put(NEXT), RQ_WORKER__TTL="never")

            self.assertEqual(changes(machine.calls()), restarts(SHOP))
            self.assertIn("RQ_WORKER__RESULTS_TTL", told)
            self.assertNotIn("RQ_WORKER__TTL", told)

    def test_the_variables_of_a_unit_are_taken_over_by_its_user_alone(self):
        with Managed() as machine:
            install(machine)
            spied = machine.path("/var/tmp/spied")
            spied.touch(0o666)
            spied.chmod(0o666)
            subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", machine.path("/usr/lib/spy.so")], input=SPY, text=True, check=True)
            machine.activate("rq.service", RUN, "LD_PRELOAD=/usr/lib/spy.so")
            machine.calls()
            spied.write_text("")

            install(machine, NEXT)

            self.assertEqual(changes(machine.calls()), restarts("rq.service"))
            self.assertEqual(set(machine.read("/var/tmp/spied").split()), {machine.run("id", "-u", "rq").strip()})

    def test_a_policy_that_forbids_it_is_obeyed(self):
        with Managed(policy=101) as machine:
            install(machine)
            machine.activate("rq.service", RUN)
            machine.calls()

            told = install(machine, NEXT)

            self.assertEqual(changes(machine.calls()), [])
            self.assertIn("policy-rc.d", told)

    def test_a_removal_stops_and_a_purge_forgets_the_instances(self):
        with Managed() as machine:
            install(machine)
            machine.run(REAL, "enable", "rq.service", SHOP)
            machine.activate(SHOP, RUN_SHOP)
            machine.calls()

            told = machine.run("dpkg", "--remove", "rqd")

            calls = machine.calls()
            self.assertEqual(changes(calls), ["stop rq.service rq@*.service"])
            self.assertIn("jobs in hand end first", told)
            self.assertEqual(calls[-1], "--system daemon-reload")
            machine.run("dpkg", "--purge", "rqd")
            for unit in ("rq.service", SHOP):
                self.assertFalse(machine.exists("/etc/systemd/system/multi-user.target.wants/" + unit), unit)


class HalfWay(unittest.TestCase):
    """A package whose preinst fails."""

    def broken(self, machine, package):
        """The package with a preinst that fails when it has done its work."""
        machine.run("dpkg-deb", "--raw-extract", machine.put(package), "/var/tmp/raw")
        with open(machine.path("/var/tmp/raw/DEBIAN/preinst"), "a", encoding="utf-8") as preinst:
            preinst.write("exit 1\n")
        machine.run("dpkg-deb", "--build", "-Znone", "/var/tmp/raw", "/var/tmp/broken.deb")
        return "/var/tmp/broken.deb"

    def test_an_installation_that_fails_leaves_the_diversions_as_they_were(self):
        with Machine() as machine:
            machine.path("/usr/bin/rq").write_text("theirs")
            before = machine.run("dpkg-divert", "--list")

            told = machine.run("dpkg", "--install", self.broken(machine, PACKAGE), status=1)

            self.assertIn("pre-installation script", told)
            self.assertEqual(machine.run("dpkg-divert", "--list"), before)
            self.assertEqual(machine.read("/usr/bin/rq"), "theirs")

    def test_an_upgrade_that_fails_leaves_diversions_and_daemons_as_they_were(self):
        with Managed() as machine:
            install(machine)
            machine.activate("rq.service", RUN)
            before = machine.run("dpkg-divert", "--list")
            machine.calls()

            machine.run("dpkg", "--install", self.broken(machine, NEXT), status=1)

            self.assertIn("rqd", before)
            self.assertEqual(machine.run("dpkg-divert", "--list"), before)
            self.assertIn("(rqd ", machine.run("rq", "--version"))
            self.assertEqual(changes(machine.calls()), [])


class Rpm(unittest.TestCase):
    """The scriptlets."""

    def test_upgraded_without_waiting_and_erased_with_its_instances(self):
        with Managed("bookworm-tools") as machine:
            machine.run("rpm", "--force-debian", "--install", "--nodeps", machine.put(RPM))
            self.assertEqual(changes(machine.calls()), [])
            machine.path("/etc/rq/shop.toml").write_text("[worker]\nresults_ttl = 'soon'\n")
            machine.activate("rq.service", RUN)
            machine.activate(SHOP, RUN_SHOP)
            machine.run(REAL, "enable", SHOP)
            machine.calls()

            told = machine.run("rpm", "--force-debian", "--upgrade", "--nodeps", machine.put(RPM_NEXT))
            self.assertEqual(changes(machine.calls()), restarts("rq.service"))
            self.assertIn("/etc/rq/shop.toml, line 2", told)

            machine.run("rpm", "--force-debian", "--erase", "rqd")
            self.assertEqual(changes(machine.calls()),
                             ["--no-reload disable rq.service " + SHOP, "stop rq.service rq@*.service"])

    def test_what_its_scriptlets_call_is_asked_for(self):
        with Machine("bookworm-tools") as machine:
            asked = machine.run("rpm", "--force-debian", "-q", "--requires", "-p", machine.put(RPM)).split()
            self.assertLessEqual({"systemd", "shadow-utils", "util-linux"}, set(asked))


if __name__ == "__main__":
    unittest.main()
