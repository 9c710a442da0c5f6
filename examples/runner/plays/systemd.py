"""an instance of the unit for several applications, with a drop-in; what systemd asks of it and hears from it"""

import shutil
import sys

from ..tree import Tree
from ..unit import Notices, Unit

INSTANCE = "shop"
CREDENTIALS = "/run/credentials/rq@shop.service"
SOCKET = "/run/systemd/notify"


def lay_out(show):
    """An installed package, with what the administrator has put beside it."""
    tree = Tree(show)
    tree.link(show.rq_program, "/usr/bin/rq")
    # What this machine has there is no part of it.
    tree.make("/etc/rq")
    tree.put(show.here / "rq@.service", "/etc/systemd/system/")
    for folder in ("etc", "srv"):
        tree.put(show.here / folder, "/" + folder)
    if sys.prefix == sys.base_prefix:
        tree.link(sys.executable, "/srv/shop/.venv/bin/python")
    else:
        tree.link(sys.prefix, "/srv/shop/.venv")
    return tree


def verify(show, tree):
    """What systemd itself thinks of the unit."""
    if not shutil.which("systemd-analyze"):
        print("not checked: systemd-analyze is not installed")
        return
    judge = tree.start("analyze", ["systemd-analyze", "verify", "--man=no", "rq@shop.service"], {"PATH": "/usr/bin:/bin"})
    show.check("systemd takes the unit with its drop-in", judge.wait() == 0 and "rq@" not in judge.told())


def prepare(unit, tree, url):
    """Does what systemd does before it starts a service; returns the service's variables."""
    environment = unit.directories()
    for place in [*environment.values(), CREDENTIALS]:
        tree.make(place)
    for name, place in (credential.split(":") for credential in unit.all("LoadCredential")):
        tree.inside(place).write_text(url)
        shutil.copy(str(tree.inside(place)), str(tree.inside(CREDENTIALS) / name))
    # A minute of the watchdog is a second here.
    watchdog = int(unit.last("WatchdogSec")) * 1000000 // 60
    return {
        **environment, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "CREDENTIALS_DIRECTORY": CREDENTIALS,
        "NOTIFY_SOCKET": SOCKET, "WATCHDOG_USEC": str(watchdog),
    }


def play(show):
    tree = lay_out(show)
    verify(show, tree)
    unit = Unit(INSTANCE, [show.here / "rq@.service", show.here / "etc/systemd/system/rq@shop.service.d/shop.conf"])
    environment = prepare(unit, tree, "unix:///run/redis.sock?db=0")
    tree.mount(show.folder / "redis.sock", "/run/redis.sock")
    tree.make("/run/systemd")
    notices = Notices(tree.inside(SOCKET))

    daemon = tree.start("rq@shop", unit.command("ExecStart"), environment, unit.last("WorkingDirectory"))
    ready = notices.wait_for("READY=1")
    show.check("it is ready when its worker stands in Redis", "on default" in ready)
    told = show.run("python", "srv/shop/enqueue.py", "default")
    show.check("jobs run in their application", "finished a cat in /srv/shop, by shop-" in told)
    notices.wait_for("WATCHDOG=1")
    show.check("the watchdog is fed", True)

    reload = unit.command("ExecReload", MAINPID=str(daemon.pid))
    configuration = tree.inside("/etc/rq/shop.toml")
    good = configuration.read_text().replace('["default"]', '["default", "mail"]')
    configuration.write_text(good)
    daemon.run(reload, environment)
    notices.wait_for("RELOADING=1")
    show.check("a reload is told to systemd", "STATUS=" in notices.wait_for("READY=1"))
    told = show.run("python", "srv/shop/enqueue.py", "mail")
    show.check("the new configuration counts", "finished a cat" in told)
    configuration.write_text(good.replace('"60s"', '"soon"'))
    daemon.run(reload, environment, status=78)
    show.check("a reload that is refused fails, and the daemon runs on", daemon.process.poll() is None)

    daemon.process.terminate()
    notices.wait_for("STOPPING=1")
    show.check("it stops, and says so", daemon.wait() == 0)
