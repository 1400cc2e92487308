"""The programs of samples/python run and print what they say."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import support


def run(name, *arguments, python=sys.executable, environment=None):
    """What a sample prints."""
    done = subprocess.run(
        [python, os.path.join(support.SAMPLES, "python", name), *arguments], capture_output=True, text=True, encoding="utf-8",
        env=dict(environment or os.environ, PYTHONPATH=support.PACKAGE, PYTHONIOENCODING="utf-8"), cwd=tempfile.gettempdir(),
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class TestSamples(unittest.TestCase):
    def test_align(self):
        printed = run("align.py")
        self.assertIn("34 documents, 3470 rows: {'.': 143, 'B': 3071, 'P': 256}", printed)
        self.assertIn("refused: document 13: the two decoded texts", printed)

    def test_transport(self):
        printed = run("transport.py")
        self.assertEqual(printed.count("converged"), 3)
        self.assertIn("certified: True", printed)

    @support.long_test
    def test_map(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "map.json")
            printed = run("map.py", path)
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
        self.assertIn("'\u0120the'           text '\u2581the' (0)   official '\u2581the' (0)", printed)
        compared = 0
        for row in support.read_lines(os.path.join(support.GOLDEN, "vocab_map.jsonl.gz")):
            if (row["source"], row["target"]) == ("gpt2", "spA"):
                self.assertEqual(found[row["key"]], row["mapped"])
                compared += 1
        self.assertGreater(compared, 50)

    def test_they_are_short(self):
        folder = os.path.join(support.SAMPLES, "python")
        for name in ("align.py", "map.py", "transport.py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                self.assertLessEqual(len(file.readlines()), 45)


if __name__ == "__main__":
    unittest.main()
