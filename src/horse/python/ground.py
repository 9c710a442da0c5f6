"""Where and as whom the application runs; settled before anything of it is imported."""
import grp
import os
import pwd

from . import leash
from .named import Refused


def take(order):
    """Does what the `settings` order says of it."""
    ground = order.get("ground") or {}
    os.environ.update(ground.get("environment") or {})
    if ground.get("umask") is not None:
        os.umask(int(ground["umask"], 8))
    if ground.get("user") or ground.get("group"):
        become(ground.get("user"), ground.get("group"), ground.get("environment") or {})
    if ground.get("working_directory"):
        step("working_directory", ground["working_directory"], os.chdir, ground["working_directory"])


def become(user, group, environment):
    """Gives the rights of root up for those of the user and the group."""
    entry = step("user", user, account, user) if user else None
    number = step("group", group, group_number, group) if group else entry.pw_gid
    wanted = (entry.pw_uid if entry else os.getuid(), number)
    if (os.getuid(), os.getgid()) == wanted:
        return
    name, value = ("user", user) if user else ("group", group)
    if os.geteuid() != 0:
        raise Refused("ground", "horse.%s = %s" % (name, value), PermissionError("only root can change to another"))
    # The horses open this pipe anew, which the kernel allows to its owner alone.
    os.fchown(leash.PIPE, *wanted)
    if entry:
        step("user", user, os.initgroups, entry.pw_name, number)
    else:
        os.setgroups([number])
    step("group", number, os.setgid, number)
    if entry:
        step("user", user, os.setuid, entry.pw_uid)
        for name, value in (("HOME", entry.pw_dir), ("USER", entry.pw_name), ("LOGNAME", entry.pw_name)):
            if name not in environment:
                os.environ[name] = value


def account(user):
    """The entry of a user, by name or number."""
    return pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)


def group_number(group):
    """The number of a group, by name or number."""
    return int(group) if group.isdigit() else grp.getgrnam(group).gr_gid


def step(name, value, does, *args):
    """Does one step; its failure names the setting."""
    try:
        return does(*args)
    except (OSError, KeyError, OverflowError) as error:
        raise Refused("ground", "horse.%s = %s" % (name, value), error) from None
