"""The programs of samples/python run and print what they say."""

import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

import fusellm_cases
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

    def test_the_readmes_example(self):
        with open(os.path.join(support.REPOSITORY, "README.md"), encoding="utf-8") as file:
            example = file.read().split("```python\n", 1)[1].split("```", 1)[0]
        given = {}
        for who, name in (("teacher", "gpt2"), ("student", "spA")):
            row = support.sample_rows(name)[1]
            given[who + "_tokenizer"] = fusellm_cases.tokenizer(name)
            given[who + "_ids"], given[who + "_top_ids"], given[who + "_top_logits"] = row["input_ids"], row["per_step_indices"], row["per_step_logits"]
            given[who + "_log_sum_exps"] = [0.25 + math.log(sum(map(math.exp, logits))) for logits in row["per_step_logits"]]
        exec(compile(example, "README.md", "exec"), given)
        self.assertGreater(len(given["tokens"]), 1)
        self.assertAlmostEqual(sum(given["probabilities"]) + given["fused"].rows[7].missing, 1, 12)

    def test_they_are_short(self):
        folder = os.path.join(support.SAMPLES, "python")
        for name in ("align.py", "map.py", "transport.py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                self.assertLessEqual(len(file.readlines()), 45)


if __name__ == "__main__":
    unittest.main()
