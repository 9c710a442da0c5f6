"""The bill of materials and the terms that every package carries: valid, and neither too long nor too short."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from machine import BUILD, ROOT

JUDGES = BUILD / "venv" / "package-judges" / "bin"
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read())
sys.exit(str(wrong) if wrong else 0)
"""


class Bill(unittest.TestCase):
    """What scripts/write-licences writes."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        subprocess.run([ROOT / "scripts" / "write-licences", folder.name], check=True)
        cls.file = pathlib.Path(folder.name) / "rqd.cdx.json"
        cls.bill = json.loads(cls.file.read_text())
        cls.copyright = (pathlib.Path(folder.name) / "copyright").read_text()

    def crates(self):
        return {"%s-%s" % (component["name"], component["version"]) for component in self.bill["components"]}

    def judged(self, file):
        return subprocess.run([JUDGES / "python", "-c", VALIDATE, file], stderr=subprocess.PIPE, text=True, check=False)

    def test_it_is_valid(self):
        judged = self.judged(self.file)
        self.assertEqual(judged.returncode, 0, judged.stderr)

        self.file.write_text(json.dumps(dict(self.bill, components=[{"name": "of no type"}])))
        self.assertNotEqual(self.judged(self.file).returncode, 0, "the judge takes anything")
        self.file.write_text(json.dumps(self.bill))

    def test_it_has_the_crates_of_the_tree_and_no_other(self):
        tree = subprocess.run(["cargo", "tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"], cwd=ROOT, check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        lines = [line.split() for line in tree.splitlines() if line]
        wanted = {"%s-%s" % (line[0], line[1][1:]) for line in lines if line[0] != "rqd"}

        self.assertEqual(self.crates(), wanted)

    def test_it_has_every_crate_that_the_executable_names(self):
        # Places of sources in messages of panics.
        named = re.findall(rb"registry/src/[^/]+/([A-Za-z0-9_+.-]+)/", pathlib.Path(os.environ["BINARY"]).read_bytes())
        named = {name.decode() for name in named}

        self.assertGreater(len(named), 20)
        self.assertEqual(named - self.crates(), set())

    def test_every_crate_has_a_digest_its_terms_and_its_place_in_the_tree(self):
        known = {component["bom-ref"] for component in self.bill["components"]} | {self.bill["metadata"]["component"]["bom-ref"]}
        for component in self.bill["components"]:
            name = "%s-%s" % (component["name"], component["version"])
            self.assertIn("hashes", component, name)
            self.assertIn("Files: vendor/%s/*\n" % name, self.copyright)
        self.assertEqual({entry["ref"] for entry in self.bill["dependencies"]}, known)
        for entry in self.bill["dependencies"]:
            self.assertLessEqual(set(entry["dependsOn"]), known)


if __name__ == "__main__":
    unittest.main()
