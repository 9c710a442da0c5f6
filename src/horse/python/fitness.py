"""What RQ's classes may override: the daemon does most of a worker's work, and a method that never runs must not be trusted."""
import os
import sys

from .engine import BASES, Unfit, foreign, foreign_value

SETTINGS = "do it in the settings module, which is imported before the first job"
HORSES = "override main_work_horse or perform_job, which run in the work horse; rq.SimpleWorker, rq.SpawnWorker and " \
         "horse.max_jobs choose how work horses are made"
ORDER = "worker.dequeue_strategy chooses among the queues"
LIFE = "the worker's key in Redis tells that it lives; maintain nothing of your own there"
MAINTENANCE = "worker.maintenance_interval says how often registries are cleaned"
STOPS = "override setup_work_horse_signals to see signals in the work horse"

# Methods of a worker that never run here, and what to do in place of them.
WORKER = {
    "work": SETTINGS,
    "bootstrap": SETTINGS,
    "teardown": SETTINGS,
    "execute_job": HORSES,
    "fork_work_horse": HORSES,
    "monitor_work_horse": HORSES,
    "wait_for_horse": HORSES,
    "kill_horse": HORSES,
    "dequeue_job_and_maintain_ttl": ORDER,
    "reorder_queues": ORDER,
    "prepare_execution": LIFE,
    "register_birth": LIFE,
    "register_death": LIFE,
    "heartbeat": LIFE,
    "maintain_heartbeats": LIFE,
    "run_maintenance_tasks": MAINTENANCE,
    "clean_registries": MAINTENANCE,
    "subscribe": SETTINGS,
    "handle_payload": SETTINGS,
    "check_for_suspension": SETTINGS,
    "request_stop": STOPS,
    "request_force_stop": STOPS,
    "request_stop_execution": STOPS,
    "handle_warm_shutdown_request": STOPS,
    "_install_signal_handlers": STOPS,
}
QUEUE = {"dequeue_any": ORDER, "lpop": ORDER, "lmove": ORDER, "pop_job_id": ORDER}

PREFIXES = {
    "worker_class": (("redis_worker_namespace_prefix", ":worker:"), ("redis_workers_keys", ":workers")),
    "job_class": (("redis_job_namespace_prefix", ":job:"),),
    "queue_class": (("redis_queue_namespace_prefix", ":queue:"), ("redis_queues_keys", ":queues")),
}


def check(classes, prefix):
    """Refuses classes that cannot be honoured."""
    for kind, methods in (("worker_class", WORKER), ("queue_class", QUEUE)):
        for name, hint in methods.items():
            check_method(kind, classes[kind], name, hint)
    for kind, constants in PREFIXES.items():
        for name, ending in constants:
            check_constant(kind, classes[kind], name, (prefix or "rq") + ending)


def check_loaded(prefix):
    """Refuses constants that the application has changed in RQ's own classes; what is not loaded is not changed."""
    for kind, constants in PREFIXES.items():
        place, _, name = BASES[kind].rpartition(".")
        owner = getattr(sys.modules.get(place), name, None)
        for constant, ending in constants:
            # Before 3.0 rq knew no other prefix; jobs that do not use it are none the worse.
            if owner is not None and not getattr(owner, constant, "rq:").startswith("rq:"):
                check_constant(kind, owner, constant, (prefix or "rq") + ending)


def check_method(kind, owner, name, hint):
    """Refuses a class of the user's that overrides a method which never runs; what is patched into RQ's own is told apart."""
    by = foreign(owner, name)
    if by and any(name in vars(base) for base in owner.__mro__ if foreign_class(base)):
        reason = "it overrides %s, which the daemon does itself, so the override would never run" % name
        raise Unfit(kind, title(owner), reason, hint)


def foreign_class(base):
    """True for a class that is not RQ's."""
    return foreign_value(base) is not None


def check_constant(kind, owner, name, expected):
    """Refuses a class that keeps its keys elsewhere than the daemon."""
    found = getattr(owner, name, expected)
    if found == expected:
        return
    reason = "its %s is %r, but the keys of this daemon are %r" % (name, found, expected)
    if os.environ.get("RQ_KEY_PREFIX") and found.startswith("rq:"):
        hint = "this version of rq knows no RQ_KEY_PREFIX: use rq 3.0 or newer, or the prefix rq"
    else:
        hint = "choose what all keys begin with by redis.key_prefix (RQ_KEY_PREFIX)"
    raise Unfit(kind, title(owner), reason, hint)


def title(owner):
    """The dotted name of a class."""
    return "%s.%s" % (owner.__module__, owner.__qualname__)
