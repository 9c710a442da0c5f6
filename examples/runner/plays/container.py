"""an image, its configuration in a mounted folder, a secret in a file; health, reload and stop"""

import os
import signal
import sys

from ..image import Image
from ..tree import Tree

# What FROM python:... brings, apart from python itself, which is that of whoever runs this.
BASE = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
BELOW = {} if sys.prefix == sys.base_prefix else {"VIRTUAL_ENV": sys.prefix}


def build(show):
    """What `docker build` does twice: the application's image, then rq on top of it."""
    image = Image({**BASE, **(BELOW or {"RQ_PYTHON": sys.executable})})
    for file in ("Containerfile", "worker.Containerfile"):
        image.build(show.here / file)
    return image


def lay_out(show, image, volume):
    """What `docker run --tmpfs /tmp -v .. -v ..` lays out."""
    tree = Tree(show)
    for source, place in image.copies:
        if source == "target/release/rq":
            tree.link(show.rq_program, place)
        else:
            tree.put(show.here / source, place)
    tree.mount(volume, "/etc/rq")
    tree.mount(show.here / "secrets", "/run/secrets")
    tree.mount(show.folder / "redis.sock", "/run/redis.sock")
    return tree


def publish(volume, version, text):
    """Changes a mounted folder as the kubelet does: a new version beside the old one, and a link that is swapped."""
    folder = volume / ("..%s" % version)
    folder.mkdir(parents=True)
    (folder / "rq.toml").write_text(text)
    (volume / "..data.new").symlink_to(folder.name)
    os.replace(str(volume / "..data.new"), str(volume / "..data"))
    if not (volume / "rq.toml").exists():
        (volume / "rq.toml").symlink_to("..data/rq.toml")


def play(show):
    image = build(show)
    volume = show.here / "volume"
    publish(volume, "first", show.read("configuration/rq.toml"))
    (show.here / "secrets" / "redis_url").write_text("unix:///run/redis.sock?db=0\n")
    tree = lay_out(show, image, volume)
    given = dict(line.split("=", 1) for line in show.read("worker.env").splitlines() if not line.startswith("#"))
    environment = {**image.environment, **given}

    show.check("it does not run as root", image.user.split(":")[0] not in ("root", "0"))
    command = [*image.entrypoint, *image.arguments]
    container = tree.start("container", command, environment, image.folder, has_processes=True)
    container.wait_for("Listening on default", times=2)
    container.run(image.health, environment)
    show.check("its health is good", True)
    told = show.run("python", "app/enqueue.py", "default")
    show.check("jobs run in it", "finished production in /srv/app, from the queue default" in told)

    publish(volume, "second", show.read("configuration/rq.toml").replace('["default"]', '["mail", "default"]'))
    container.wait_for("Listening on mail, default", times=2)
    told = show.run("python", "app/enqueue.py", "mail")
    show.check("a change of the mounted folder counts while it runs", "from the queue mail" in told)

    os.kill(container.pid, getattr(signal, image.stop_signal))
    show.check("it stops by its stop signal", container.wait() == 0)
