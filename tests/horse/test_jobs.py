"""Jobs that return: how functions are found and called, what their process looks like, what is sent back."""
import json
import os
import pickle
import signal
import subprocess
import sys
import unittest
import zlib

import standin
from standin import pack, payload
from test_server import Case

sys.path.append(standin.APPLICATION)
import tasks  # noqa: E402  (for instances that are pickled by reference)


class Jobs(Case):
    """A fork server that is ready, and one horse for each job."""

    serializer = None

    def setUp(self):
        self.prepare()

    def prepare(self, preload=(), **options):
        self.server = self.daemon(**options)
        self.server.settings()
        report = self.server.prepare(preload=preload, serializer=self.serializer)
        self.assertEqual(report["report"], "prepared", report)
        self.number = 0

    def horse(self):
        self.number += 1
        return self.server.fork(self.number)

    def run_data(self, data, **order):
        """Runs a payload in a horse of its own."""
        horse = self.horse()
        horse.run(data, **order)
        head, body = horse.ended()
        horse.quit()
        self.last = horse
        return head, body

    def result(self, name, *args, **kwargs):
        head, body = self.run_data(payload(name, *args, **kwargs))
        self.assertEqual(head["kind"], "returned", body.decode("utf-8", "replace"))
        return pickle.loads(body) if body else None

    def status(self, horse):
        return self.server.wait_report("reaped", horse=horse.number)["status"]


class Calls(Jobs):
    def test_functions_are_found_as_rq_finds_them(self):
        cases = [
            ("tasks.add", (1, 2), 3), ("tasks.Outer.static", (1,), ("static", 1)),
            ("tasks.Outer.cls", (1,), ("Outer", 1)), ("len", ("abc",), 3), ("builtins.len", ("abcd",), 4),
            ("tasks.partial", (), 42), ("os.path.join", ("a", "b"), "a/b"), ("json.loads", ("[1]",), [1]),
        ]
        for name, args, value in cases:
            with self.subTest(name):
                self.assertEqual(self.result(name, *args), value)

    def test_instances_are_called_by_their_method(self):
        self.assertEqual(pickle.loads(self.run_data(pack(("method", tasks.Outer(), (1,), {})))[1]), ("method", 1))
        self.assertEqual(pickle.loads(self.run_data(pack(("__call__", tasks.Callable(7), (), {})))[1]), 7)
        self.assertEqual(pickle.loads(self.run_data(pack(("cls", tasks.Outer, (1,), {})))[1]), ("Outer", 1))

    def test_a_false_instance_counts_as_none(self):
        head, body = self.run_data(pack(("method", tasks.Falsy(), (), {})))
        self.assertIn("ValueError: Invalid attribute name: method", body.decode())

        head, body = self.run_data(pack(("tasks.method", tasks.Falsy(), (), {})))
        self.assertEqual(pickle.loads(body), "from the module")

    def test_names_that_mean_nothing_fail_as_in_rq(self):
        for name, text in (("tasks.Outer.Inner.nested", "Invalid attribute name: nested"),
                           ("tasks.nope", "Invalid attribute name: nope"), ("nope", "Invalid attribute name: nope"),
                           ("nope.nope", "Invalid attribute name: nope.nope"),
                           ("tasks.Outer.nope", "Invalid attribute name: tasks.Outer.nope")):
            head, body = self.run_data(payload(name))
            self.assertEqual((head["exception"], head["message"]), ("ValueError", text))

    def test_coroutines_run_to_their_end(self):
        self.assertEqual(self.result("tasks.later", 4), 8)
        self.assertEqual(self.result("tasks.coroutine_made"), 42)
        head, body = self.run_data(payload("tasks.later_fails"))
        self.assertEqual(head["message"], "later")

    def test_generators_are_what_asyncio_of_this_python_makes_of_them(self):
        if sys.version_info >= (3, 12):
            head, _ = self.run_data(payload("tasks.silent_steps"))
            self.assertIn("generator", head["unserializable"])
        else:
            self.assertEqual(self.result("tasks.silent_steps"), "stepped")
            self.assertIn("bad yield", self.run_data(payload("tasks.numbers"))[0]["message"])

    def test_a_payload_without_compression_is_read(self):
        head, body = self.run_data(zlib.decompress(payload("tasks.add", 2, 3)))

        self.assertEqual(pickle.loads(body), 5)

    def test_user_code_sees_no_name_of_ours(self):
        facts = self.result("tasks.facts")

        self.assertEqual([name for name in facts["main"] if not name.startswith("__")], [])
        self.assertNotIn("__file__", facts["main"])
        self.assertEqual(len(facts["hooks"]), 1, "the one that waits for rq.job")
        self.assertNotIn("/", facts["path"])
        self.assertEqual(facts["path"][-1], ".")
        self.assertEqual(facts["argv"], ["rq", "worker"])

    def test_a_spawned_pool_works_in_a_job(self):
        self.assertEqual(self.result("tasks.child_pool"), 3)

    def test_what_was_pickled_from_main_is_refused(self):
        data = b"\x80\x03(X\x09\x00\x00\x00tasks.addq\x00Nc__main__\nThing\n)}t."
        head, body = self.run_data(data)

        self.assertEqual(head["exception"], "rq.exceptions.DeserializationError")


class Process(Jobs):
    def test_a_horse_is_set_up_as_in_rq(self):
        horse = self.horse()
        horse.run(payload("tasks.facts"), job_id="job-7", execution_id="exec-8", worker_name="worker-9")
        facts = pickle.loads(horse.ended()[1])

        self.assertEqual(facts["pid"], horse.pid)
        self.assertEqual(facts["pgid"], horse.pid)
        self.assertEqual(facts["environment"], {"RQ_JOB_ID": "job-7", "RQ_EXECUTION_ID": "exec-8",
                                                "RQ_WORKER_ID": "worker-9"})
        self.assertEqual(facts["stdin"], "/dev/null")
        self.assertEqual([facts[name] for name in ("INT", "TERM", "CHLD", "HUP")],
                         [str(signal.SIG_IGN)] + [str(signal.SIG_DFL)] * 3)
        self.assertTrue(facts["gc"])
        self.assertEqual(len(facts["fds"]), 8, "0, 1, 2, its two sockets, its two memory files, its leash: %s" % facts["fds"])

    def test_horses_do_not_share_their_random_numbers(self):
        self.prepare(preload=["random"])
        first, second = self.result("tasks.facts"), self.result("tasks.facts")

        self.assertNotEqual(first["random"], second["random"])

    def test_a_horse_serves_several_jobs(self):
        horse = self.horse()
        for number in range(3):
            horse.run(payload("tasks.add", number, 1), timeout=5)
            self.assertEqual(pickle.loads(horse.ended()[1]), number + 1)
        horse.quit()

        self.assertEqual(self.status(horse), 0)

    def test_a_quit_or_the_end_of_the_socket_ends_an_idle_horse(self):
        first, second = self.horse(), self.horse()
        first.quit()
        second.line.sock.shutdown(2)

        self.assertEqual((self.status(first), self.status(second)), (0, 0))

    def test_junk_ends_a_horse(self):
        orders = [b"nothing", b"[]", b"{\"order\": \"dance\"}",
                  b"{\"order\": \"run\", \"job_id\": 1, \"execution_id\": \"e\", \"worker_name\": \"w\", \"fields\": []}",
                  b"{\"order\": \"run\", \"job_id\": \"j\", \"execution_id\": \"e\", \"worker_name\": \"w\","
                  b" \"fields\": [[\"data\", 5]]}"]
        self.prepare(stderr=subprocess.DEVNULL)
        for head in orders:
            horse = self.horse()
            horse.line.send(head)
            self.assertEqual(self.status(horse), 70 << 8, head)

    def test_output_is_written_before_the_end_is_told(self):
        reader, writer = os.pipe()
        self.prepare(stdout=writer, stderr=writer)
        os.close(writer)
        horse = self.horse()
        horse.run(payload("tasks.shout", "hello"))
        horse.ended()

        self.assertEqual(os.read(reader, 100), b"hellohello")
        os.close(reader)

    def test_output_of_the_preparation_is_not_repeated_by_horses(self):
        reader, writer = os.pipe()
        folder = self.folder(loud="print('once', end='')\ndef quiet(): pass")
        self.prepare(cwd=folder, preload=["loud"], stdout=writer)
        os.close(writer)
        self.run_data(payload("loud.quiet"))
        self.server.control.close()
        self.server.process.wait(20)

        self.assertEqual(os.read(reader, 100), b"once")
        os.close(reader)

    def test_without_a_package_the_name_tells_the_function(self):
        try:
            import setproctitle  # noqa: F401
        except ImportError:
            pass
        else:
            self.skipTest("the package setproctitle is installed")
        horse = self.horse()
        with open("/proc/%d/comm" % horse.pid) as file:
            self.assertEqual(file.read(), "rq: work horse\n")

        horse.run(payload("tasks.comm"))

        self.assertEqual(pickle.loads(horse.ended()[1]), "rq:comm")

    def test_a_title_tells_what_a_horse_does(self):
        try:
            import setproctitle  # noqa: F401
        except ImportError:
            self.skipTest("the package setproctitle is not installed")
        horse = self.horse()
        title = "/proc/%d/cmdline"
        with open(title % self.server.hello["pid"]) as file:
            self.assertEqual(file.read().rstrip("\0"), "rq: fork server")
        horse.run(payload("tasks.facts"))
        shown = pickle.loads(horse.ended()[1])["title"].rstrip("\0")

        self.assertRegex(shown, r"^rq:worker:w1: Processing tasks.facts from default since \d+\.\d+$")


class Results(Jobs):
    def test_the_report_of_a_value(self):
        head, body = self.run_data(payload("tasks.add", 1, y=2))

        self.assertEqual(pickle.loads(body), 3)
        self.assertEqual(body[:2], bytes([0x80, pickle.HIGHEST_PROTOCOL]))
        self.assertEqual((head["none"], head["unserializable"], head["repr"]), (False, None, "3"))
        self.assertLessEqual(head["started_at"], head["ended_at"])
        self.assertEqual(self.last.phases, [
            {"report": "phase", "phase": "function", "func_name": "tasks.add"},
        ])

    def test_what_may_take_time_after_the_function_is_a_phase(self):
        self.run_data(payload("tasks.unpicklable"))

        self.assertEqual([phase["phase"] for phase in self.last.phases], ["function", "ending"])

    def test_none_has_no_body(self):
        head, body = self.run_data(payload("tasks.nothing"))

        self.assertEqual((head["kind"], head["none"], head["repr"], body), ("returned", True, None, b""))

    def test_what_cannot_be_serialized_succeeds_with_a_text(self):
        head, body = self.run_data(payload("tasks.unpicklable"))

        self.assertEqual((head["kind"], head["unserializable"]), ("returned", "TypeError: never"))
        self.assertEqual(pickle.loads(body), "Unserializable return value")
        self.assertEqual(head["repr"], "<secretive>")

    def test_fifty_megabytes_come_through(self):
        head, body = self.run_data(payload("tasks.big", 50_000_000))

        self.assertEqual(len(pickle.loads(body)), 50_000_000)
        self.assertLessEqual(len(head["repr"]), 1000)

    def test_a_repr_that_raises_harms_nothing(self):
        head, body = self.run_data(payload("tasks.bad_repr"))

        self.assertEqual((head["kind"], head["repr"]), ("returned", "<unrepresentable BadRepr object>"))

    def test_frozen_time_does_not_reach_the_report(self):
        head, _ = self.run_data(payload("tasks.freeze_time"))

        self.assertGreater(head["ended_at"], 1_000_000_000)


class Large(Jobs):
    def prepare(self, **options):
        self.server = self.daemon(**options)
        self.server.settings()
        report = self.server.prepare(max_result_size=1000)
        self.assertEqual(report["report"], "prepared", report)
        self.number = 0

    def test_what_is_too_large_is_an_exception_of_ours(self):
        for name, size in ("tasks.big", "at least 2000"), ("tasks.big_list", "20[0-9][0-9]"):
            head, body = self.run_data(payload(name, 2000))

            self.assertEqual((head["kind"], head["exception"]), ("raised", "rqd.ResultTooLarge"))
            self.assertRegex(head["message"], "^the result takes %s bytes when it is serialized, and "
                             "horse.max_result_size allows 1000$" % size)
            self.assertIn(head["message"].encode(), body)

    def test_what_nobody_keeps_may_be_of_any_size(self):
        head, body = self.run_data(payload("tasks.big_list", 2000), keeps_result=False)

        self.assertEqual((head["kind"], head["none"], body), ("returned", True, b""))
        self.assertTrue(head["repr"].startswith("[b'xxx"), head["repr"])


class JsonResults(Jobs):
    serializer = "json"

    def test_json_is_spoken_both_ways(self):
        data = zlib.compress(json.dumps(["tasks.add", None, [1], {"y": 2}]).encode())
        head, body = self.run_data(data)

        self.assertEqual(body, b"3")

    def test_what_json_cannot_hold_is_a_json_text(self):
        data = zlib.compress(json.dumps(["tasks.unpicklable", None, [], {}]).encode())
        head, body = self.run_data(data)

        self.assertEqual(body, b'"Unserializable return value"')
        self.assertIn("TypeError", head["unserializable"])


class Shadows(Case):
    def test_modules_of_the_project_do_not_replace_the_library(self):
        names = ("queue", "json", "socket", "struct", "select", "signal", "pickle", "zlib", "traceback", "types",
                 "linecache", "re", "random", "fcntl", "faulthandler", "contextlib", "string", "enum", "threading")
        folder = self.folder(work="def done(): return 'done'", **{name: "1 / 0" for name in names})
        for environment in ({}, {"PYTHONPATH": folder}, {"PYTHONPATH": ""}):
            with self.subTest(environment):
                server = self.daemon(cwd=folder, env=environment)
                server.settings()
                self.assertEqual(server.prepare()["report"], "prepared")
                horse = server.fork()
                horse.run(payload("work.done"))
                self.assertEqual(pickle.loads(horse.ended()[1]), "done")


if __name__ == "__main__":
    unittest.main()
