"""Which engine is chosen, what is refused, and horses that are made in other ways than by a fork for each job."""
import os
import unittest
from importlib.util import find_spec

from standin import Daemon, alive, kill, payload, wait_until

HAS_RQ = find_spec("rq") is not None
IS_TWO = HAS_RQ and find_spec("rq.executions") is not None
LOGGING = {"level": None, "format": "%(message)s", "date_format": "%H"}


class Choosing(unittest.TestCase):
    def prepare(self, env=None, preload=(), prefix=None, **wishes):
        daemon = Daemon(env=env)
        self.addCleanup(daemon.close)
        daemon.settings()
        wishes = dict({"queues": ["a", "b"], "options": {"default_result_ttl": 7}, "logging": LOGGING}, **wishes)
        return daemon.prepare(preload=preload, engine=wishes, key_prefix=prefix,
                              connection={"url": "redis://localhost:1/0"})

    def assert_refused(self, report, stage, *told):
        self.assertEqual((report["report"], report.get("stage")), ("refused", stage), report)
        for text in told:
            self.assertIn(text, report["reason"] + " / " + report["hint"])

    def test_ours_runs_the_jobs_of_rqs_ordinary_workers(self):
        for name, model in (("rq.Worker", "fork"), ("rq.SimpleWorker", "reuse"), ("rq.worker.SpawnWorker", "spawn")):
            engine = self.prepare(worker_class=name)["engine"]

            self.assertEqual((engine["engine"], engine["model"]), ("native", model), name)

    def test_older_names_stand_for_a_strategy(self):
        self.assertEqual(self.prepare(worker_class="rq.worker.RandomWorker")["engine"]["strategy"], "random")
        self.assertEqual(self.prepare(worker_class="rq.worker.RoundRobinWorker")["engine"]["strategy"], "round_robin")

    def test_a_class_that_is_not_there_is_refused(self):
        report = self.prepare(worker_class="nowhere.Worker")

        self.assert_refused(report, "worker_class", "nowhere" if not HAS_RQ else "Invalid attribute name")

    @unittest.skipIf(HAS_RQ, "rq is installed")
    def test_rqs_own_code_needs_rq(self):
        self.assert_refused(self.prepare(engine="rq"), "engine", "rq cannot be imported")

    @unittest.skipIf(IS_TWO or not HAS_RQ, "no RQ 1 here")
    def test_rqs_own_code_needs_rq_2(self):
        self.assert_refused(self.prepare(engine="rq"), "engine", "from RQ 2.0 on", "upgrade rq")

    @unittest.skipUnless(IS_TWO, "no RQ 2 or newer here")
    def test_classes_of_ones_own_take_rqs_own_code(self):
        for wishes in ({"worker_class": "ownrq.Performing"}, {"worker_class": "ownrq.Narrow"}, {"engine": "rq"}):
            report = self.prepare(**wishes)

            self.assertEqual(report["report"], "prepared", report)
            self.assertEqual(report["engine"]["engine"], "rq")

    @unittest.skipUnless(IS_TWO, "no RQ 2 or newer here")
    def test_a_replaced_method_takes_rqs_own_code(self):
        engine = self.prepare(env={"REPLACE_PERFORM_JOB": "1"}, preload=["ownrq"])["engine"]

        self.assertEqual(engine["engine"], "rq")
        self.assertIn("ownrq has replaced Worker.perform_job", engine["reason"])
        untouched = self.prepare(preload=["ownrq"])["engine"]
        self.assertEqual(untouched["engine"], "native")
        insisted = self.prepare(env={"REPLACE_PERFORM_JOB": "1"}, preload=["ownrq"], engine="native")["engine"]
        self.assertEqual(insisted["engine"], "native")

    @unittest.skipUnless(IS_TWO, "no RQ 2 or newer here")
    def test_what_cannot_be_honoured_is_refused_with_what_to_do(self):
        for wishes, stage, told in (
            ({"worker_class": "ownrq.Executing"}, "worker_class", ("it overrides execute_job", "main_work_horse")),
            ({"worker_class": "ownrq.Broken"}, "worker_class", ("RuntimeError: no such luck",)),
            ({"queue_class": "ownrq.Ordering"}, "queue_class", ("it overrides dequeue_any", "dequeue_strategy")),
            ({"job_class": "ownrq.Elsewhere"}, "job_class", ("redis_job_namespace_prefix", "redis.key_prefix")),
            ({"job_class": "ownrq.Performing"}, "job_class", ("rq.job.Job",)),
            ({"worker_class": "ownrq.replace"}, "worker_class", ("not a class",)),
            ({"worker_class": "ownrq.Performing", "engine": "native"}, "engine", ("ownrq.Performing", "auto")),
        ):
            self.assert_refused(self.prepare(**wishes), stage, *told)


class Models(unittest.TestCase):
    def daemon(self, name, **options):
        daemon = Daemon(**options)
        self.addCleanup(daemon.close)
        daemon.settings()
        report = daemon.prepare(engine={"worker_class": name, "logging": LOGGING})
        self.assertEqual(report["report"], "prepared", report)
        return daemon

    def test_a_reused_horse_runs_one_job_after_the_other(self):
        horse = self.daemon("rq.SimpleWorker").fork()

        for number in range(3):
            horse.run(payload("tasks.add", number, 1))
            self.assertEqual(horse.ended()[0]["repr"], str(number + 1))

    def test_a_horse_may_be_an_interpreter_of_its_own(self):
        daemon = self.daemon("rq.worker.SpawnWorker")
        horse = daemon.fork()

        self.assertEqual(horse.ready["pid"], horse.pid)
        self.assertTrue(daemon.on_leash)
        horse.run(payload("tasks.add", 1, 2))
        self.assertEqual(horse.ended()[0]["repr"], "3")
        horse.quit()
        self.assertEqual(daemon.wait_report("reaped", pid=horse.pid)["status"], 0)

    def test_such_a_horse_is_on_the_leash_without_the_fork_server(self):
        daemon = self.daemon("rq.worker.SpawnWorker")
        horse = daemon.fork()
        kill(daemon.process.pid)
        daemon.process.wait()
        self.assertTrue(alive(horse.pid))

        os.close(daemon.leash)
        daemon.leash = None

        wait_until(lambda: not alive(horse.pid), "the horse to die with its daemon")


if __name__ == "__main__":
    unittest.main()
