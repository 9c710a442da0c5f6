"""The Sentry SDK that the project itself has initialised: its report stands, and the daemon makes none.

RQ's own code is patched by the SDK's integration and reports by itself; here are the jobs that RQ's code does not run.
"""
import sys

from . import current_job
from .trace import is_ours

# Seconds: what the SDK has to send is sent before the horse may end.
FLUSH = 2.0


def active():
    """The SDK when it is initialised in this process, else None."""
    sdk = sys.modules.get("sentry_sdk")
    try:
        if hasattr(sdk, "is_initialized"):
            return sdk if sdk.is_initialized() else None
        return sdk if sdk.Hub.current.client is not None else None
    except Exception:
        return None


def report(sdk, run, error):
    """Has the SDK report an exception where its integration for RQ would: of a job that is not tried again."""
    try:
        client = sdk.get_client() if hasattr(sdk, "get_client") else sdk.Hub.current.client
        if client.integrations.get("rq") is None or retries_left(run):
            return
        capture(sdk, client, run, error)
    except Exception as problem:
        complain("report", problem)


def capture(sdk, client, run, error):
    """As the integration does it."""
    from sentry_sdk.utils import event_from_exception

    place = error.__traceback__
    while place is not None and is_ours(place.tb_frame):
        place = place.tb_next
    event, hint = event_from_exception(
        (type(error), error, place),
        client_options=client.options,
        mechanism={"type": "rq", "handled": False},
    )
    enter = getattr(sdk, "new_scope", None) or sdk.push_scope
    with enter() as scope:
        scope.set_transaction_name(run.func_name() or "unknown RQ task", source="task")
        processor = processor_of(run)
        if processor is not None:
            scope.add_event_processor(processor)
        sdk.capture_event(event, hint=hint)


def processor_of(run):
    """What the integration adds about the job, None where it is of another release."""
    try:
        from sentry_sdk.integrations.rq import _make_event_processor

        job = current_job.build(sys.modules["rq.job"], run)
        return _make_event_processor(lambda: job)
    except Exception:
        return None


def flush(sdk):
    """Sends what the SDK has: a horse ends without what Python does at its end."""
    try:
        sdk.flush(timeout=FLUSH)
    except Exception as problem:
        complain("flush", problem)


def retries_left(run):
    """Whether the job is tried again."""
    try:
        return int(run.fields.get("retries_left", b"0") or 0) > 0
    except ValueError:
        return False


def complain(what, problem):
    """A report that fails is no failure of the job."""
    try:
        sys.stderr.write("rq: the Sentry SDK of the project could not %s: %s\n" % (what, type(problem).__name__))
    except Exception:
        pass
