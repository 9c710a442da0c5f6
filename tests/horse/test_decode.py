"""Decoding what a job holds, for `rq job show --decode`."""
import base64
import json
import pickle
import tempfile
import unittest
import zlib

from standin import Daemon


class Decode(unittest.TestCase):
    def decode(self, values, serializer=None):
        """The texts for these values."""
        with tempfile.TemporaryDirectory() as folder:
            daemon = Daemon(cwd=folder)
            self.addCleanup(daemon.close)
            daemon.settings()
            fields = [[name, len(value)] for name, value in values.items()]
            order = {"order": "decode", "serializer": serializer, "key_prefix": "rq", "fields": fields}
            daemon.control.send(order, b"".join(values.values()))
            report = daemon.control.receive()[0]
            self.assertEqual(report["report"], "decoded", report)
            return report["values"]

    def test_call_meta_and_results_are_told_as_python_writes_them(self):
        call = zlib.compress(pickle.dumps(("app.send", None, (1, "a"), {"to": None})))
        values = {"data": call, "meta": pickle.dumps({"k": 1}), "result 1-0": base64.b64encode(pickle.dumps([2]))}

        told = self.decode(values)

        expected = {"function": "'app.send'", "args[0]": "1", "args[1]": "'a'", "to=": "None"}
        self.assertEqual(told, dict(expected, **{"meta": "{'k': 1}", "result 1-0": "[2]"}))

    def test_the_serializer_of_the_configuration_counts(self):
        call = zlib.compress(json.dumps(["app.send", None, [1], {}]).encode())

        self.assertEqual(self.decode({"data": call}, "json"), {"function": "'app.send'", "args[0]": "1"})

    def test_what_cannot_be_decoded_says_why_and_keeps_nothing_else_back(self):
        told = self.decode({"data": b"junk", "meta": pickle.dumps(1)})

        self.assertIn("cannot be decoded: rq.exceptions.DeserializationError", told["call"])
        self.assertEqual(told["meta"], "1")


if __name__ == "__main__":
    unittest.main()
