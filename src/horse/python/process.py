"""The process that a job runs in: its output, its environment, and copies of it that the job's code made."""
import os
import sys

# RQ: what the environment of a job tells of it.
NAMES = ("RQ_WORKER_ID", "RQ_JOB_ID", "RQ_EXECUTION_ID")


def export_names(worker_name, job_id, execution_id):
    """RQ's environment of a job."""
    for name, value in zip(NAMES, (worker_name, job_id, execution_id)):
        try:
            os.environ[name] = value
        except ValueError:
            continue  # A name with a NUL cannot be in an environment.


class Surroundings:
    """What a process shares among all its code, to be the same again for the next job: its environment, its directory."""

    def __init__(self):
        self.environment = dict(os.environb)
        self.directory = directory()

    def restore(self):
        """Puts back what has changed."""
        now = dict(os.environb)
        if now != self.environment:
            for name in now.keys() - self.environment.keys():
                del os.environb[name]
            os.environb.update(self.environment)
        if self.directory and directory() != self.directory:
            try:
                os.chdir(self.directory)
            except OSError:
                return False  # It is gone, or closed to us.
        return True


def directory():
    """The working directory, empty where there is none."""
    try:
        return os.getcwd()
    except OSError:
        return ""


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
    out, err = sys.stdout, sys.stderr
    own = [stream for stream in (sys.__stdout__, sys.__stderr__) if stream is not out and stream is not err]
    for stream in [out, err] + own:
        try:
            stream.flush()
        except BaseException:
            continue


def empty_stdin():
    """Gives this process and its children a standard input where nothing is."""
    null = os.open(os.devnull, os.O_RDONLY)
    if null == 0:
        os.set_inheritable(null, True)
        return
    os.dup2(null, 0)
    os.close(null)
