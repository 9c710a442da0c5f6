"""The process that a job runs in: its output, its environment, and copies of it that the job's code made."""
import os
import sys


def export_names(worker_name, job_id, execution_id):
    """RQ's environment of a job."""
    for name, value in (("WORKER", worker_name), ("JOB", job_id), ("EXECUTION", execution_id)):
        try:
            os.environ["RQ_%s_ID" % name] = value
        except ValueError:
            continue  # A name with a NUL cannot be in an environment.


def export_prefix(prefix):
    """What the keys begin with, for the application's own rq. RQ: nothing is set where the user set nothing."""
    if prefix and prefix != os.environ.get("RQ_KEY_PREFIX", "rq"):
        os.environ["RQ_KEY_PREFIX"] = prefix


def end_stray_fork(failure):
    """Ends a process that user code forked and let return: only the horse itself reports.

    Its exit status is what `sys.exit` asked for, so that the job can wait for it.
    """
    code = 0 if failure is None else 1
    if isinstance(failure, SystemExit):
        code = failure.code if isinstance(failure.code, int) else int(failure.code is not None)
    os._exit(code & 0xFF)


def flush():
    """Writes out what the job printed; the horse ends without the interpreter's own clean-up."""
    for stream in {id(stream): stream for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)}.values():
        try:
            stream.flush()
        except BaseException:
            continue
