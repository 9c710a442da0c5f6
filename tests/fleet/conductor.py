"""What clients do with jobs while the fleet works: they cancel some, and stop others."""

import time

from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job

# A command to a worker that has just been killed is heard by nobody, so it is given again.
PAUSE = 1.0


class Conductor:
    def __init__(self, connection, dice):
        self.connection, self.dice = connection, dice
        self.to_cancel, self.to_stop = [], {}
        # When a client began and ended to cancel a job.
        self.canceled = {}

    def take_on(self, kind, job_id):
        if kind == "cancels":
            self.to_cancel.append((time.monotonic() + self.dice.choice((0.0, 0.0, 0.05, 0.5)), job_id))
        elif kind == "stops":
            self.to_stop[job_id] = 0.0

    def act(self):
        now = time.monotonic()
        due = [job_id for at, job_id in self.to_cancel if at <= now]
        self.to_cancel = [(at, job_id) for at, job_id in self.to_cancel if at > now]
        for job_id in due:
            began = time.time()
            try:
                Job.fetch(job_id, connection=self.connection).cancel()
            except (InvalidJobOperation, NoSuchJobError):
                pass
            self.canceled[job_id] = (began, time.time())
        for job_id, last in list(self.to_stop.items()):
            if now - last > PAUSE:
                self.stop(job_id)

    def stop(self, job_id):
        """Stops a job that runs; one that has ended is left alone from then on."""
        status = self.connection.hget("rq:job:" + job_id, "status")
        if status in (b"finished", b"failed", b"stopped", None):
            del self.to_stop[job_id]
        elif status == b"started" and self.connection.exists("fleet:notes:" + job_id):
            self.to_stop[job_id] = time.monotonic()
            try:
                send_stop_job_command(self.connection, job_id)
            except (InvalidJobOperation, NoSuchJobError):
                pass
