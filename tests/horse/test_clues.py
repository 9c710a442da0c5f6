"""What a horse finds out about functions that are missing and payloads that cannot be read."""
import json
import os
import pickle
import sys
import unittest
import zlib

from standin import APPLICATION, payload
from test_jobs import Jobs


class Failing(Jobs):
    """Jobs that raise."""

    def head(self, data, **order):
        head, self.body = self.run_data(data, **order)
        self.assertEqual(head["kind"], "raised")
        return head


class Clues(Failing):
    def near(self, name):
        head = self.head(payload(name))
        self.assertEqual(head["cause"], "import", self.body)
        return head["missing"]["near"]

    def test_an_exception_of_the_job_is_its_own(self):
        self.assertEqual(self.head(payload("tasks.fail"))["cause"], "code")

    def test_an_import_error_of_running_code_is_the_jobs_own(self):
        self.assertEqual(self.head(payload("importlib.import_module", "surely_not_there"))["cause"], "code")

    def test_the_nearest_name_is_found(self):
        cases = [
            ("tasks.slep", "tasks.sleep"), ("taskz.sleep", "tasks.sleep"), ("tasks.Outer.statik", "tasks.Outer.static"),
            ("wholly.unlike.anything", None), ("x" * 2000, None), ("...", None),
        ]

        for name, near in cases:
            self.assertEqual(self.near(name), near, name)

    def test_modules_that_were_never_loaded_are_not_loaded_for_it(self):
        mark = os.path.join(self.folder(), "imported")
        self.prepare(env={"RQD_TEST_IMPORTED": mark})

        self.assertEqual(self.near("mailing.send_mail"), "shop.mailing.send_mail")
        self.assertEqual(self.near("shop.mailings.send_mail"), "shop.mailing.send_mail")
        self.assertFalse(os.path.exists(mark))

    def test_where_a_function_was_looked_for_is_told(self):
        missing = self.head(payload("nowhere.work"))["missing"]

        self.assertEqual((missing["name"], missing["interpreter"]), ("nowhere.work", sys.executable))
        self.assertTrue(os.path.samefile(missing["directory"], APPLICATION))
        self.assertIsInstance(missing["path"], list)
        self.assertEqual(missing["tried"], [])

    def test_a_module_that_cannot_be_imported_is_told_with_its_reason(self):
        missing = self.head(payload("halved.work"))["missing"]

        (module, error), = missing["tried"]
        self.assertEqual(module, "halved")
        self.assertRegex(error, "^ModuleNotFoundError: No module named 'surely_not_installed' .*halved.py:2")

    def test_a_method_that_is_missing_is_told_without_a_search(self):
        call = zlib.compress(pickle.dumps(("nothing_like_it", ValueError("x"), (), {})))

        self.assertEqual((self.head(call)["cause"], self.head(call)["missing"]), ("import", None))

    def test_want_of_memory_is_told_apart(self):
        self.assertEqual(self.head(payload("builtins.bytearray", 1 << 62))["cause"], "memory")

    def test_a_limit_is_told_apart(self):
        self.assertEqual(self.head(payload("tasks.sleep", 600), timeout=1)["cause"], "time_limit")

    def test_a_class_that_is_gone_is_told_with_the_one_that_comes_nearest(self):
        data = zlib.compress(pickle.dumps(("len", None, (Gone(),), {})).replace(b"test_clues", b"stillx_all"))
        told = self.head(data)["payload"]

        self.assertEqual((told["serializer"], told["looks_like"]), ("pickle", "pickle"))
        self.assertEqual(told["protocol"], pickle.DEFAULT_PROTOCOL)
        self.assertEqual((told["names"], told["missing"]), (["stillx_all.Gone"], "stillx_all.Gone"))

    def test_an_attribute_that_is_gone_has_a_nearest_one(self):
        data = pickle.dumps(("len", None, (), {}), 0).replace(b"Vlen", b"ctasks\nOuther\nVlen")
        told = self.head(data)["payload"]

        self.assertEqual((told["missing"], told["near"], told["protocol"]), ("tasks.Outher", "tasks.Outer", None))

    def test_other_bytes_are_told_by_what_they_seem_to_be(self):
        text = json.dumps(["len", None, [[1]], {}]).encode()
        cases = [(text, "json"), (b"", "empty"), (b"\x00\x01", "unknown"), (b"\x80\x04", "pickle")]

        for data, looks_like in cases:
            told = self.head(data)["payload"]
            self.assertEqual((told["looks_like"], told["missing"]), (looks_like, None), data)


class Gone:
    """Pickled by reference."""


class JsonClues(Failing):
    serializer = "json"

    def test_a_pickle_is_told_by_what_it_is(self):
        told = self.head(payload("len", "x"))["payload"]

        self.assertEqual((told["serializer"], told["looks_like"]), ("json", "pickle"))


if __name__ == "__main__":
    unittest.main()
