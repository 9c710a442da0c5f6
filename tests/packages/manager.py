"""A machine that takes itself for one that systemd runs: what packages and their scripts say to systemctl is written down.

There is no service manager in a chroot; in its place stands a script that knows of units what a test gives it.
"""

import os
import pathlib

from machine import Machine, wait_until

LOG = "/var/tmp/systemctl.log"
FACTS = "/var/tmp/units"
# The true one, which enables units also where no systemd runs.
REAL = "/usr/local/bin/real-systemctl"
SYSTEMCTL = """#!/bin/sh
printf '%%s\\n' "$*" >>%s
case "$*" in
    list-units*) ls %s 2>/dev/null; exit 0 ;;
    show*) for unit; do :; done; sed -n "s/^$2=//p" "%s/$unit" | sed 's/^--property=//' ;;
esac
""" % (LOG, FACTS, FACTS)
COMMAND = "{ path=/usr/bin/rq ; argv[]=%s ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }"
# As the user of the units, without a process in between.
AS_SERVICE = ("setpriv", "--reuid", "rq", "--regid", "rq", "--clear-groups")


class Managed(Machine):
    """Used in a with statement."""

    def __init__(self, tree="bookworm", policy=0):
        super().__init__(tree)
        self.path("/run/systemd/system").mkdir(parents=True)
        self.path(FACTS).mkdir()
        # In its very place: rpm's scriptlets have a search path of their own.
        self.path("/usr/bin/systemctl").rename(self.path(REAL))
        self.write_script("/usr/bin/systemctl", SYSTEMCTL)
        self.write_script("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit %d\n" % policy)

    def write_script(self, name, text):
        self.path(name).write_text(text)
        self.path(name).chmod(0o755)

    def activate(self, unit, command, *variables):
        """From now on a unit is active, by a process that has these variables and stands for the daemon."""
        # systemd sets the home of a unit's user.
        process = self.start(*AS_SERVICE, "env", "HOME=/var/lib/rq", *variables, "sleep", "10000", log="/var/tmp/stand-in.log")
        wait_until(lambda: pathlib.Path("/proc/%d/comm" % process.pid).read_text() == "sleep\n", "the process")
        facts = "--property=MainPID=%d\n--property=ExecStart=%s\n" % (process.pid, COMMAND % command)
        self.path(FACTS + "/" + unit).write_text(facts)

    def calls(self):
        """What was said to systemctl since the last look."""
        if not self.exists(LOG):
            return []
        said = self.read(LOG).splitlines()
        os.unlink(self.path(LOG))
        return said
