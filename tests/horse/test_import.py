"""Importing the functions of waiting jobs, for `rq doctor`."""
import os
import tempfile
import unittest

from standin import Daemon


class Import(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in (
            ("tasks.py", "class Mail:\n    def send(self):\n        pass\n\ndef send():\n    pass\n\nnumber = 1\n"),
            ("broken.py", "import not_installed_anywhere\n"),
            ("loud.py", "raise RuntimeError('no configuration')\n"),
        ):
            with open(os.path.join(folder.name, name), "w") as file:
                file.write(text)
        self.daemon = Daemon(cwd=folder.name)
        self.addCleanup(self.daemon.close)
        self.daemon.settings(path=["."])

    def imported(self, function):
        """The report about a function."""
        self.daemon.control.send({"order": "import", "function": function, "key_prefix": "rq"})
        report = self.daemon.control.receive()[0]
        self.assertEqual(report["report"], "imported", report)
        return report

    def test_functions_and_methods_are_found_without_being_called(self):
        for name in ("tasks.send", "tasks.Mail.send", "tasks.Mail"):
            self.assertIsNone(self.imported(name)["trouble"], name)

    def test_what_stands_in_the_way_is_told_with_the_nearest_name(self):
        for name, reason, near in (
            ("tasks.sned", "ValueError: Invalid attribute name: ", "tasks.send"),
            ("tsks.send", "ValueError: Invalid attribute name: ", "tasks.send"),
            ("broken.f", "ModuleNotFoundError: No module named 'not_installed_anywhere'", None),
            ("loud.f", "RuntimeError: no configuration", None),
            ("tasks.number", "it is no function, but int", None),
        ):
            trouble = self.imported(name)["trouble"]
            self.assertIn(reason, trouble["reason"], name)
            self.assertEqual(trouble["near"], near, name)

    def test_the_libraries_are_told_without_a_function(self):
        report = self.imported(None)

        self.assertIsNone(report["trouble"])
        self.assertEqual(set(report["libraries"]), {"rq", "redis"})


if __name__ == "__main__":
    unittest.main()
