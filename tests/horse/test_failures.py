"""Jobs that raise or overrun their limit, and what is told of it."""
import os
import pickle
import sys
import traceback
import unittest

import standin
from standin import pack, payload
from test_jobs import Jobs

sys.path.append(standin.APPLICATION)
import tasks  # noqa: E402


def expected(function, *args, **kwargs):
    """The traceback text of a function that raises, without this file's frames."""
    try:
        function(*args, **kwargs)
    except BaseException as error:
        options = {"compact": True} if sys.version_info >= (3, 10) else {}
        whole = traceback.TracebackException(type(error), error, error.__traceback__, **options)
        whole.stack[:] = [frame for frame in whole.stack if frame.filename != __file__]
        return "".join(whole.format())


class Raised(Jobs):
    def failure(self, name, *args, **order):
        head, body = self.run_data(payload(name, *args), **order)
        self.assertEqual(head["kind"], "raised")
        self.assertFalse(head["timed_out"])
        self.assertNotIn("<rqd>", body.decode())
        return head, body.decode()

    def same_text(self, name, *args):
        """The report's text is what Python prints of the same call made here."""
        head, text = self.failure("tasks." + name, *args)
        wanted = expected(getattr(tasks, name), *args)
        where = os.path.join(standin.APPLICATION, "tasks.py")
        self.assertEqual(text.replace(where.replace("tasks.py", "./tasks.py"), where), wanted)
        return head, text

    def test_the_text_is_what_python_prints(self):
        head, text = self.same_text("fail")

        self.assertEqual((head["exception"], head["message"], head["func_name"]), ("ValueError", "no good", "tasks.fail"))
        self.assertTrue(text.startswith("Traceback (most recent call last):\n  File "))
        self.assertNotIn("evidence", head)

    def test_chains_keep_all_their_parts(self):
        _, text = self.same_text("chain")

        self.assertEqual(text.count("Traceback (most recent call last)"), 3)
        self.assertIn("direct cause", text)
        self.assertIn("During handling", text)

    def test_deep_recursion_is_told_in_short(self):
        head, body = self.run_data(payload("tasks.deep", 1))

        self.assertEqual(head["exception"], "RecursionError")
        self.assertRegex(body.decode(), r"\[Previous line repeated \d+ more times\]")

    def test_a_low_recursion_limit_is_survived(self):
        self.assertEqual(self.failure("tasks.low_recursion")[0]["message"], "shallow")

    @unittest.skipIf(sys.version_info < (3, 11), "this Python has no exception groups")
    def test_groups_are_printed_as_python_does(self):
        self.same_text("group")

    def test_every_exception_is_a_failure(self):
        for name, args, kind, message in (
            ("tasks.leave", (), "SystemExit", ""), ("tasks.leave", (3,), "SystemExit", "3"),
            ("tasks.interrupt", (), "KeyboardInterrupt", ""),
            ("tasks.odd", (), "tasks.Odd", "<unprintable Odd object>"),
        ):
            head, text = self.failure(name, *args)
            self.assertEqual((head["exception"], head["message"]), (kind, message))
            self.assertIn(kind, text)

    def test_surrogates_are_written_out(self):
        head, text = self.failure("tasks.surrogates")

        self.assertEqual(head["message"], "byte \\udcff here")
        self.assertIn("ValueError: byte \\udcff here", text)

    def test_a_gigantic_text_keeps_head_and_tail(self):
        head, text = self.failure("tasks.gigantic", 40_000_000)

        self.assertEqual(len(head["message"]), 10_000)
        self.assertLess(len(text), 16 * 1024 * 1024 + 100)
        self.assertTrue(text.startswith("Traceback"))
        self.assertTrue(text.endswith("xxz\n"))
        self.assertIn("bytes left out", text)

    def test_a_call_that_does_not_fit_has_no_frames(self):
        head, text = self.failure("tasks.add")

        self.assertEqual(text, "TypeError: %s\n" % head["message"])

    def test_a_name_that_is_nowhere_says_what_rq_says(self):
        _, text = self.failure("nope")

        self.assertEqual(text, "KeyError: 'nope'\n\nDuring handling of the above exception, another exception occurred:\n\n"
                               "ValueError: Invalid attribute name: nope\n")

    def test_a_payload_that_cannot_be_read(self):
        cases = [(b"junk", "UnpicklingError"), (b"", "EOFError"), (pack((1, 2)), "not enough values"),
                 (pack(("tasks.add", tasks.BadState(), (), {})), "ValueError: bad state")]
        for data, text in cases:
            head, body = self.run_data(data)
            self.assertEqual((head["kind"], head["exception"], head["func_name"]),
                             ("raised", "rq.exceptions.DeserializationError", None))
            self.assertEqual(self.last.phases[0], {"report": "phase", "phase": "function", "func_name": None})
            self.assertIn(text, body.decode())
            self.assertIn("direct cause", body.decode())

    def test_a_job_that_breaks_the_interpreter_is_still_reported(self):
        head, body = self.run_data(payload("tasks.break_things"))

        self.assertEqual((head["exception"], head["message"]), ("ValueError", "broken"))
        self.assertIn(b"ValueError: broken", body)
        self.assertIn(b"in break_things", body)


class Limits(Jobs):
    TEXT = "Task exceeded maximum timeout value (1 seconds)"

    def setUp(self):
        # The import of the job's module counts too, as in RQ; here it must not.
        self.prepare(preload=["tasks", "asyncio"])

    def test_the_limit_raises_in_the_job(self):
        head, body = self.run_data(payload("tasks.sleep", 60), timeout=1)

        self.assertEqual((head["exception"], head["message"], head["timed_out"]),
                         ("rq.timeouts.JobTimeoutException", self.TEXT, True))
        self.assertGreaterEqual(head["ended_at"] - head["started_at"], 0.99)
        self.assertTrue(body.decode().endswith("rq.timeouts.JobTimeoutException: %s\n" % self.TEXT))
        self.assertNotIn(b"<rqd>", body)

    def test_a_fraction_of_a_second_is_a_limit(self):
        head, _ = self.run_data(payload("tasks.sleep", 60), timeout=0.05)

        self.assertEqual(head["message"], "Task exceeded maximum timeout value (0.05 seconds)")

    def test_user_code_may_swallow_it_and_goes_on_without_a_limit(self):
        head, body = self.run_data(payload("tasks.stubborn"), timeout=0.1)

        self.assertEqual(head["kind"], "returned")
        self.assertIn("JobTimeoutException", pickle.loads(body))

    def test_what_replaces_it_is_no_timeout(self):
        head, body = self.run_data(payload("tasks.wrapped_timeout"), timeout=0.1)
        self.assertEqual((head["message"], head["timed_out"]), ("wrapped", False))
        self.assertIn(b"direct cause", body)

        head, _ = self.run_data(payload("tasks.timeout_named_like_rq"), timeout=60)
        self.assertFalse(head["timed_out"])

    def test_no_limit_and_limits_out_of_reach(self):
        for limit in (None, -1, 0, 2**40):
            self.assertEqual(pickle.loads(self.run_data(payload("tasks.add", 1), timeout=limit)[1]), 1)

    def test_the_alarm_is_off_when_the_function_is_over(self):
        horse = self.horse()
        horse.run(payload("tasks.add", 1), timeout=0.1)
        horse.ended()
        horse.run(payload("tasks.sleep", 0.3), timeout=None)

        self.assertEqual(pickle.loads(horse.ended()[1]), "slept")

    def test_coroutines_have_limits(self):
        folder = self.folder(co="import asyncio\nasync def wait(): await asyncio.sleep(60)")
        self.prepare(cwd=folder)
        head, _ = self.run_data(payload("co.wait"), timeout=0.2)

        self.assertTrue(head["timed_out"])


if __name__ == "__main__":
    unittest.main()
