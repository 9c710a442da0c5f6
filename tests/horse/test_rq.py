"""What a job sees of rq, for the version that the interpreter under test has; compared with RQ's own worker.

Skipped where rq is not installed; what talks to Redis also where there is no redis-server.
"""
import logging
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest

import standin
from standin import payload, wait_until
from test_jobs import Jobs

try:
    import redis
    import rq
    from rq.job import JobStatus
except ImportError:
    rq = None

sys.path.append(standin.APPLICATION)

MODERN = rq is not None and tuple(int(part) for part in rq.VERSION.split(".")[:2]) >= (2, 1)


class RqJobs(Jobs):
    """Jobs with a described connection."""

    connection = {"options": {"host": "127.0.0.1", "port": 1}}

    def setUp(self):
        if rq is None:
            self.skipTest("the package rq is not installed")
        super().setUp()

    def prepare(self, preload=(), **options):
        self.server = self.daemon(**options)
        self.server.settings()
        report = self.server.prepare(preload=preload, serializer=self.serializer, connection=self.connection)
        self.assertEqual(report["report"], "prepared", report)
        self.number = 0


class CurrentJob(RqJobs):
    def test_it_is_there_wherever_rq_is_imported(self):
        for preload in ((), ("rq",), ("rqtop",)):
            self.prepare(preload=preload)
            for name in ("rqjobs.describe", "rqtop.describe"):
                with self.subTest(preload=preload, name=name):
                    described = self.result(name)
                    self.assertEqual(described["class"], "rq.job.Job")
                    self.assertEqual(described["id"], "j1")
                    self.assertEqual(described["func_name"], name)

    def test_it_holds_the_arguments_that_the_function_got(self):
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            self.assertTrue(self.result("rqjobs.same_arguments", [1]))

    def test_it_started_when_the_report_says(self):
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            head, body = self.run_data(payload("rqjobs.started"))
            if MODERN:
                self.assertAlmostEqual(pickle.loads(body), head["started_at"], delta=0.00001)

    def test_an_import_in_a_thread_or_task_serves_all(self):
        self.assertEqual(self.result("rqjobs.in_thread_first"), "j1")
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            self.assertEqual(self.result("rqjobs.in_tasks"), ["j1", "j1"])

    def test_the_import_system_is_left_as_it_was(self):
        facts = self.result("rqjobs.metadata")

        self.assertEqual(facts, {"loader": "SourceFileLoader", "spec_loader": "SourceFileLoader", "file": True,
                                 "source": True, "reload": True, "same_job": True})

    def test_a_job_without_rq_does_not_load_it(self):
        self.assertFalse(self.result("rqjobs.no_rq"))

    def reaped(self, name, *args):
        """The value of a job whose horse the fork server has reaped."""
        value = self.result(name, *args)
        self.status(self.last)
        return value

    def test_what_a_job_loads_of_rq_is_loaded_once_for_the_jobs_after_it(self):
        self.reaped("rqtop.describe")

        self.assertTrue(self.reaped("rqjobs.no_rq"))
        self.assertEqual(self.result("rqtop.describe")["id"], "j1")

    def test_what_one_job_in_many_loads_is_left_to_it(self):
        for _ in range(60):
            self.reaped("rqjobs.no_rq")
        self.reaped("rqtop.describe")

        self.assertFalse(self.reaped("rqjobs.no_rq"))

    def test_a_redis_of_the_jobs_own_is_no_other_jobs_redis(self):
        folder = self.folder(redis="")

        self.assertTrue(self.reaped("rqjobs.another_redis", folder).startswith(folder))
        self.assertIsNone(self.reaped("rqjobs.where_redis_is"))

    def test_each_job_of_a_horse_sees_itself(self):
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            horse = self.horse()
            for name in ("a1", "a2", "a3"):
                horse.run(payload("rqjobs.identifier"), job_id=name)
                self.assertEqual(pickle.loads(horse.ended()[1]), name)

    def test_identifiers_that_newer_versions_refuse_work(self):
        head, body = self.run_data(payload("rqjobs.identifier"), job_id="a.b c")

        self.assertEqual(pickle.loads(body), "a.b c")

    def test_a_hash_that_rq_cannot_restore_does_not_harm_the_job(self):
        self.prepare(stderr=subprocess.DEVNULL)
        head, body = self.run_data(payload("rqjobs.identifier"), fields={"created_at": b"yesterday"})

        self.assertEqual((head["kind"], head["none"]), ("returned", True))

    def test_redis_that_cannot_be_reached_is_told_only_on_use(self):
        head, _ = self.run_data(payload("rqjobs.refreshed"))
        self.assertEqual(head["exception"], "redis.exceptions.ConnectionError")

        for description in ({"url": "nonsense://x", "options": {}}, {"options": {"no_such_option": 1}}, None):
            self.connection = description
            self.prepare()
            self.assertEqual(self.result("rqjobs.identifier"), "j1")
            head, _ = self.run_data(payload("rqjobs.refreshed"))
            self.assertIn("Redis", head["message"])

    def test_a_sentinel_is_described(self):
        self.connection = {"sentinel": {"instances": [["127.0.0.1", 1]], "master_name": "m", "options": {},
                                        "sentinel_options": {}}}
        self.prepare()

        self.assertEqual(self.result("rqjobs.identifier"), "j1")
        self.assertEqual(self.run_data(payload("rqjobs.refreshed"))[0]["exception"],
                         "redis.sentinel.MasterNotFoundError")


class Classes(RqJobs):
    def test_the_timeout_is_rq_s_own_when_the_job_knows_it(self):
        # The import of rq itself must fit into the limit, on a busy machine too.
        for preload, seconds in ((), 4), (("rq",), 1):
            self.prepare(preload=preload)
            head, body = self.run_data(payload("rqjobs.catches"), timeout=seconds)
            self.assertEqual(pickle.loads(body), "caught Task exceeded maximum timeout value (%d seconds)" % seconds)
            head, _ = self.run_data(payload("rqjobs.overruns_with_rq"), timeout=seconds)
            self.assertEqual((head["exception"], head["timed_out"]), ("rq.timeouts.JobTimeoutException", True))

    @unittest.skipUnless(MODERN, "this rq does not act on a returned Retry")
    def test_a_returned_retry_is_a_request(self):
        head, body = self.run_data(payload("rqjobs.retry", 3))

        self.assertEqual((head["kind"], head["max"], head["intervals"], head["at_front"]),
                         ("asked_retry", 3, [1, 2], False))
        self.assertEqual(pickle.loads(body).max, 3)


class WithRedis(RqJobs):
    """A redis-server of its own on a Unix socket."""

    def setUp(self):
        if shutil.which("redis-server") is None:
            self.skipTest("there is no redis-server")
        if rq is None:
            self.skipTest("the package rq is not installed")
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        path = os.path.join(holder.name, "redis.sock")
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", holder.name],
                                  stdout=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        self.client = redis.Redis(unix_socket_path=path)
        self.addCleanup(self.client.close)
        wait_until(self.answers, "redis-server answers")
        self.connection = {"options": {"unix_socket_path": path}}
        super().setUp()

    def answers(self):
        try:
            return self.client.ping()
        except redis.exceptions.ConnectionError:
            return False

    def enqueued(self, name, *args, **options):
        """A job that a real client enqueued, and its hash as Redis holds it."""
        queue = rq.Queue("default", connection=self.client)
        job = queue.enqueue(name, *args, **options)
        fields = {key.decode(): value for key, value in self.client.hgetall(job.key).items()}
        return job, fields

    def perform(self, job, fields, **order):
        """Runs a stored job in a horse."""
        horse = self.horse()
        data = fields.pop("data")
        pairs = [("data", data)] + list(fields.items())
        head = {"order": "run", "job_id": job.id, "execution_id": "e", "worker_name": "w1", "timeout": 60}
        head["fields"] = [[name, len(value)] for name, value in pairs]
        horse.line.send(head, b"".join(value for _, value in pairs))
        head, body = horse.ended()
        horse.quit()
        return head, body

    def by_rq(self, name, *args, **options):
        """The same job, done by RQ's own worker; RQ's job afterwards."""
        job, _ = self.enqueued(name, *args, **options)
        logging.disable(logging.CRITICAL)
        try:
            rq.SimpleWorker(["default"], connection=self.client, name="w1").work(burst=True, logging_level="CRITICAL")
        finally:
            logging.disable(logging.NOTSET)
        return job

    def connections(self):
        return self.client.info()["total_connections_received"]

    def test_a_job_can_save_its_meta(self):
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            job, fields = self.enqueued("rqjobs.counts", 3, meta={"kept": 1})
            head, body = self.perform(job, fields)

            self.assertEqual(pickle.loads(body), (3, "queued"))
            job.refresh()
            self.assertEqual(job.meta, {"kept": 1, "done": 3})

    def test_no_connection_is_made_before_one_is_asked_for(self):
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            job, fields = self.enqueued("rqjobs.describe")
            before = self.connections()
            self.perform(job, fields)
            self.assertEqual(self.connections(), before)

    def test_it_holds_what_rq_s_own_horse_holds(self):
        options = {"meta": {"a": 1}, "job_timeout": 77, "description": "mine", "retry": rq.Retry(max=2)}
        theirs = self.by_rq("rqjobs.describe", 1, y=2, job_id="one", **options).return_value()
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            self.client.flushdb()
            job, fields = self.enqueued("rqjobs.describe", 1, y=2, job_id="one", **options)
            _, body = self.perform(job, fields)
            self.assertEqual(pickle.loads(body), theirs)

    def test_the_traceback_text_is_rq_s_from_the_first_frame_of_the_application_on(self):
        for name in ("rqjobs.fails", "rqjobs.fails_later"):
            theirs = self.by_rq(name).latest_result().exc_string
            job, fields = self.enqueued(name)
            _, body = self.perform(job, fields)
            self.assertEqual(application_part(body.decode()), application_part(theirs))
            self.assertIn("direct cause", theirs)

    def test_a_payload_that_cannot_be_read_fails_with_rq_s_text(self):
        import tasks

        theirs = self.by_rq("tasks.add", tasks.BadState()).latest_result().exc_string
        for preload in ((), ("rq",)):
            self.prepare(preload=preload)
            job, fields = self.enqueued("tasks.add", tasks.BadState())
            head, body = self.perform(job, fields)
            self.assertEqual(head["exception"], "rq.exceptions.DeserializationError")
            self.assertEqual(application_part(body.decode()), application_part(theirs))

    def test_a_name_that_is_nowhere_fails_with_rq_s_text(self):
        for name in ("nope", "nope.nope", "tasks.nope", "tasks.Outer.Inner.nested", "tasks.Outer.nope"):
            theirs = self.by_rq(name).latest_result().exc_string
            job, fields = self.enqueued(name)
            _, body = self.perform(job, fields)
            self.assertEqual(application_part(body.decode()).splitlines()[-1], theirs.splitlines()[-1])

    def test_status_and_registries_are_untouched(self):
        job, fields = self.enqueued("rqjobs.describe")
        before = sorted(self.client.keys())
        self.perform(job, fields)

        self.assertEqual(sorted(self.client.keys()), before)
        self.assertEqual(job.get_status(), JobStatus.QUEUED)


class JsonWithRedis(WithRedis):
    """The same where jobs are JSON; only what differs."""

    serializer = "json"

    def enqueued(self, name, *args, **options):
        from rq.serializers import JSONSerializer

        queue = rq.Queue("default", connection=self.client, serializer=JSONSerializer)
        job = queue.enqueue(name, *args, **options)
        return job, {key.decode(): value for key, value in self.client.hgetall(job.key).items()}

    def test_a_job_can_save_its_meta(self):
        job, fields = self.enqueued("rqjobs.counts", 2, meta={"kept": 1})
        _, body = self.perform(job, fields)

        self.assertEqual(body, b'[2, "queued"]')
        self.assertEqual(self.client.hget(job.key, "meta"), b'{"kept": 1, "done": 2}')

    test_it_holds_what_rq_s_own_horse_holds = None
    test_the_traceback_text_is_rq_s_from_the_first_frame_of_the_application_on = None
    test_no_connection_is_made_before_one_is_asked_for = None
    test_status_and_registries_are_untouched = None
    test_a_payload_that_cannot_be_read_fails_with_rq_s_text = None
    test_a_name_that_is_nowhere_fails_with_rq_s_text = None


def application_part(text):
    """Each traceback of the text from its first frame in the application on; './' before a file's name is left out."""
    kept, skipping = [], False
    for line in text.replace("/./", "/").splitlines():
        if line.startswith("Traceback"):
            skipping = True
        elif line.startswith('  File "'):
            skipping = skipping and standin.APPLICATION not in line
        elif not line.startswith(" "):
            skipping = False
        if not skipping:
            kept.append(line)
    return "\n".join(kept)


if __name__ == "__main__":
    unittest.main()
