"""What is told of an exception for reports, beside its text."""
import os
import sys
import unittest

import standin
from standin import payload
from test_jobs import Jobs

WISH = {"variables": False, "arguments": False}


class Evidence(Jobs):
    def evidence(self, name, *args, **wish):
        head, _ = self.run_data(payload(name, *args), report=dict(WISH, **wish))
        return head["evidence"]

    def types(self, found):
        return [one["type"] for one in found["exceptions"]]

    def test_it_is_told_only_where_it_is_wanted(self):
        head, _ = self.run_data(payload("tasks.fail"))

        self.assertNotIn("evidence", head)

    def test_a_chain_is_told_from_its_first_cause_on(self):
        found = self.evidence("tasks.chain")

        self.assertEqual(self.types(found), ["ValueError", "KeyError", "RuntimeError"])
        self.assertEqual([one["id"] for one in found["exceptions"]], [None] * 3)
        frame = found["exceptions"][0]["frames"][-1]
        self.assertEqual((frame["function"], frame["module"], frame["filename"]), ("fail", "tasks", "tasks.py"))
        self.assertEqual(frame["context_line"], '    raise ValueError("no good")')
        self.assertEqual([len(frame["pre_context"]), len(frame["post_context"])], [5, 5])
        self.assertNotIn("vars", frame)
        self.assertEqual(found["python"]["version"], "%d.%d.%d" % sys.version_info[:3])
        self.assertIn(os.path.dirname(os.__file__), found["path"])

    @unittest.skipIf(sys.version_info < (3, 11), "this Python has no exception groups")
    def test_a_group_is_told_as_a_tree(self):
        found = self.evidence("tasks.group")["exceptions"]

        told = [(one["type"], one["id"], one["parent"], one["source"], one["group"]) for one in found]
        self.assertEqual(told, [("TypeError", 2, 0, "exceptions[1]", False), ("ValueError", 1, 0, "exceptions[0]", False),
                                ("ExceptionGroup", 0, None, None, True)])

    def test_deep_recursion_is_bounded(self):
        found = self.evidence("tasks.deep", 1, variables=True)["exceptions"]

        self.assertEqual([len(one["frames"]) for one in found], [100])

    def test_variables_and_arguments_are_bounded_in_every_direction(self):
        found = self.evidence("tasks.crowded", variables=True)
        told = found["exceptions"][0]["frames"][-1]["vars"]

        self.assertEqual(len(told["many"]), 10)
        self.assertEqual(told["long"], repr("x" * 1000)[:1000])
        self.assertEqual(told["deep"][0][0][0][0], "[[[[[]]]]]")
        self.assertEqual(told["odd"], "<broken repr>")
        self.assertEqual(told["table"], {"1": "None", "b": "True"})
        found = self.evidence("tasks.sleep", "no number", arguments=True)
        self.assertEqual((found["args"], found["kwargs"]), (["no number"], {}))

    def test_surrogates_are_written_out(self):
        self.assertEqual(self.evidence("tasks.surrogates")["exceptions"][0]["value"], "byte \\udcff here")

    def test_a_gigantic_text_is_cut(self):
        self.assertEqual(len(self.evidence("tasks.gigantic", 1_000_000)["exceptions"][0]["value"]), 8192)

    def test_a_payload_that_cannot_be_read_has_evidence_too(self):
        head, _ = self.run_data(b"junk", report=WISH)

        self.assertEqual(self.types(head["evidence"]), ["UnpicklingError", "DeserializationError"])
        self.assertNotIn("<rqd>", str(head["evidence"]))

    def test_a_job_that_breaks_the_interpreter_is_still_reported(self):
        head, body = self.run_data(payload("tasks.break_things"), report=WISH)

        self.assertEqual(head["exception"], "ValueError")
        self.assertIn(b"ValueError: broken", body)

    def test_exceptions_without_end_are_bounded(self):
        found = self.evidence("tasks.endless_causes")["exceptions"]

        self.assertEqual(len(found), 50)
        self.assertEqual(found[-1]["value"], "0")


if __name__ == "__main__":
    unittest.main()
