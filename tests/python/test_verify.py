"""python -m ptakernels: golden files pass, as pta says line by line, and what is broken in one fails by name."""

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

from pta_program import needs_pta, program
from support import GOLDEN, PACKAGE, SAMPLES, long_test, needs_numpy, numpy, read_lines

from ptakernels import verify as package
from ptakernels.__main__ import main
from ptakernels.verify.documents import _reaches
from ptakernels.verify.golden import Result, difference

VOCABULARIES = os.path.join(SAMPLES, "vocab")


def run(*arguments):
    """Exit status, standard output and standard error of main."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = main(list(arguments))
        except SystemExit as exit:
            status = exit.code
    return status, output.getvalue(), errors.getvalue()


def changed(row, path, value):
    """A copy of a row with the value at a path replaced."""
    copy = json.loads(json.dumps(row))
    at = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value(at[path[-1]]) if callable(value) else value
    return copy


class GoldenFolderTests(unittest.TestCase):
    @long_test
    @needs_pta
    def test_the_lines_are_those_of_pta(self):
        done, found = (
            subprocess.run(
                [*command, GOLDEN, "--vocab", VOCABULARIES, "--sample", "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False,
                env=dict(os.environ, PYTHONPATH=PACKAGE),
            )
            for command in ((program(), "verify", "--backend", "native", "--golden"), (sys.executable, "-m", "ptakernels", "verify"))
        )
        if numpy is not None:
            self.assertEqual((found.stdout, found.returncode), (done.stdout, done.returncode), found.stderr + done.stderr)
            return
        # Without NumPy collator_loss is skipped.
        expected, lines = ([line for line in text.splitlines()[:-1] if "collator" not in line] for text in (done.stdout, found.stdout))
        self.assertEqual((lines, found.returncode), (expected, 3), found.stderr + done.stderr)

    def test_every_file_passes(self):
        status, output, errors = run("verify", GOLDEN, "--vocab", VOCABULARIES, "--sample", "5", "--allow-skips")
        lines = output.splitlines()
        self.assertEqual((status, len(lines)), (0, 16), errors)
        for line in lines[:-1]:
            self.assertRegex(line, "^[a-z_]+\\.[-.a-zA-Z0-9]+ native [0-9]+ passed, 0 failed, [0-9]+ skipped$")
        self.assertRegex(lines[-1], "^[0-9]+ passed, 0 failed" + ("$" if numpy is not None else ", 5 skipped$"))

    def test_no_vocabularies(self):
        status, output, errors = run("verify", GOLDEN, "--sample", "100")
        self.assertEqual(status, 3)
        self.assertRegex(output, "(?m)^align.gpt2-spA.jsonl.gz native 0 passed, 0 failed, 1 skipped$")
        self.assertRegex(output, "(?m)^[0-9]+ passed, 0 failed, [0-9]+ skipped\n\\Z")
        self.assertRegex(errors, "align.gpt2-spA.jsonl.gz: needs the vocabularies gpt2 and spA in .*golden.vocab\n")
        self.assertRegex(errors, "[0-9]+ rows were skipped; add --allow-skips to accept that")
        self.assertEqual(run("verify", GOLDEN, "--sample", "100", "--allow-skips")[0], 0)

    def test_wrong_use(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, sentence in (
                ((os.path.join(folder, "none"),), "no such folder"), ((folder,), "holds no golden files"),
                ((GOLDEN, "--sample", "0"), "--sample is 0; it must be 1 or more"), ((GOLDEN, "--sample", "x"), "invalid int value"), ((), "required"),
            ):
                status, output, errors = run("verify", *arguments)
                self.assertEqual((status, output), (2, ""))
                self.assertRegex(errors, sentence)

    def test_other_verbs(self):
        status, output, _ = run()
        self.assertEqual(status, 0)
        self.assertRegex(output, "verify .*(?s:.)*info")
        status, output, _ = run("info")
        self.assertRegex(output, "ptakernels [0-9.]+, instruction set (portable|avx2|avx512)\nlibrary .*libptakernels.so\nPython 3.*NumPy ")
        self.assertEqual((status, run("dance")[0]), (0, 2))


class BrokenRowTests(unittest.TestCase):
    """Each check fails where its golden row is wrong, and only there."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def verify(self, name, rows):
        for other in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, other))
        with gzip.open(os.path.join(self.folder, name), "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        return run("verify", self.folder, "--vocab", VOCABULARIES)

    def check(self, name, choose, path, value, sentence):
        row = next(r for r in read_lines(os.path.join(GOLDEN, name)) if choose(r))
        status, output, errors = self.verify(name, [row, changed(row, path, value), row])
        self.assertEqual((status, output), (1, f"{name} native 2 passed, 1 failed, 0 skipped\n2 passed, 1 failed\n"), errors)
        self.assertRegex(errors, f"^{name} row 2: .*{sentence}")

    def test_kernels(self):
        def always(row):
            return True

        self.check("editdistance.jsonl.gz", always, ["d"], lambda d: d + 1, "distance [0-9]+, expected")
        self.check("dtw.jsonl.gz", always, ["cost"], lambda c: c + 1, "path cost")
        self.check("dtw.jsonl.gz", lambda r: len(r["matches"]) > 3, ["matches", 1], [0, 0], "part at step 1")
        self.check("dtw.jsonl.gz", always, ["target_to_source", 0], [99], "target_to_source differs")
        self.check("sinkhorn.jsonl.gz", always, ["iterations"], lambda i: i + 1, "iterations, expected")
        plain = ["P", 0, 0]
        self.check("sinkhorn.jsonl.gz", lambda r: isinstance(r["P"][0][0], float), plain, lambda p: p + 1e-11, "plan differs by 1e-11, allowed 1e-12")
        self.check("sinkhorn.jsonl.gz", lambda r: isinstance(r["dist"], float), ["dist"], lambda d: d + 1e-8, "transport cost")
        self.check("exact_ot.jsonl.gz", always, ["optimum"], lambda o: o + 1e-5, "exact cost")
        plan = ["entropic_plan", "1.0", 0, 0]
        self.check("exact_ot.jsonl.gz", lambda r: "entropic_plan" in r, plan, lambda p: p + 1e-8, "balanced at epsilon 1: plan differs")

    def test_maps(self):
        self.check("vocab_map.jsonl.gz", lambda r: True, ["distance"], lambda d: d + 1, "maps to .* expected .* at")
        self.check("vocab_map.jsonl.gz", lambda r: True, ["source_token"], "no such token", "has no token 'no such token'")

    def test_a_mapping_file(self):
        name = "align_mapping.gpt2-spA.json.gz"
        with gzip.open(os.path.join(GOLDEN, name), "rt", encoding="utf-8") as file:
            entries = dict(list(json.load(file).items())[:20])
        entries[list(entries)[3]] = "</s>"
        entries["none such"] = "</s>"
        with gzip.open(os.path.join(self.folder, name), "wt", encoding="utf-8") as file:
            json.dump(entries, file)
        status, output, errors = run("verify", self.folder, "--vocab", VOCABULARIES)
        self.assertEqual((status, output), (1, f"{name} native 19 passed, 2 failed, 0 skipped\n19 passed, 2 failed\n"))
        self.assertRegex(errors, "row 4: .*expected '</s>'\n.*row 21: no gpt2 token has the key 'none such'")

    def test_documents(self):
        name = "align.gpt2-spA.jsonl.gz"

        def has(row):
            return row["mode"] == "default" and set("OX") <= set(row["step_kind"]) and len(row["target_ids"]) < 60

        row = next(r for r in read_lines(os.path.join(GOLDEN, name)) if has(r))
        o, x = row["step_kind"].index("O"), row["step_kind"].index("X")
        wrong = (
            (["step_kind"], lambda kinds: kinds.replace("O", "S", 1), "step kinds"),
            (["hard", "indices", x], [1, 2], f"hard row {x} \\(X\\) has the ids"),
            (["soft", "logits", o, 0], lambda v: v + 1e-6, f"soft row {o} \\(O\\) differs by 1e-06"),
            (["ot", "logits", o, 0], lambda v: v + 1e-6, f"ot row {o} \\(O\\) differs by 1e-06"),
            (["ot", "indices", o, 0], 5, f"ot row {o} \\(O\\) has the ids"),
        )
        status, output, errors = self.verify(name, [row, *(changed(row, path, value) for path, value, _ in wrong)])
        self.assertEqual((status, output.splitlines()[-1]), (1, "1 passed, 5 failed"), errors)
        for n, (line, (_, _, sentence)) in enumerate(zip(errors.splitlines(), wrong), 2):
            self.assertRegex(line, f"^{name} row {n}: .*{sentence}")

    @needs_numpy
    def test_training(self):
        mass = ["collated", "base_target_dist", 0, 1, 0, 1]
        self.check("collator_loss.jsonl.gz", lambda r: True, mass, lambda m: m * 1.05, "sample 0, position 1: base_target_dist differs")
        self.check("collator_loss.jsonl.gz", lambda r: True, ["clm_loss"], lambda v: v * 1.00001, "next-token loss")
        self.check("collator_loss.jsonl.gz", lambda r: True, ["loss"], lambda v: v * 1.01, "loss .* within")

    def test_packing(self):
        self.check("packing.jsonl.gz", lambda r: True, ["output", "metric_ce", 0], lambda m: m + 1e-9, "block 0 differs in metric_ce")
        self.check("packing.jsonl.gz", lambda r: True, ["output", "input_ids", 0, 0], lambda i: i + 1, "block 0 differs in input_ids")

    def test_damaged_rows_and_files(self):
        status, output, errors = self.verify("editdistance.jsonl.gz", [{"a": "x"}, {"a": "x", "b": "y", "d": 1}, 5])
        self.assertEqual((status, output.splitlines()[0]), (1, "editdistance.jsonl.gz native 1 passed, 2 failed, 0 skipped"))
        self.assertRegex(errors, "row 1: KeyError: 'b'")
        with open(os.path.join(self.folder, "editdistance.jsonl.gz"), "r+b") as file:
            file.truncate(30)
        status, output, errors = run("verify", self.folder)
        self.assertEqual((status, output.splitlines()[0]), (1, "editdistance.jsonl.gz native 0 passed, 1 failed, 0 skipped"))
        self.assertRegex(errors, "cannot be read")
        self.assertRegex(self.verify("editdistance.jsonl.gz", [])[2], "holds no rows")

    def test_only_the_first_failures_are_shown(self):
        _, output, errors = self.verify("editdistance.jsonl.gz", [{"a": "x", "b": "y", "d": 2}] * 9)
        self.assertRegex(output, "0 passed, 9 failed, 0 skipped")
        self.assertEqual(len(errors.splitlines()), 5)


class TieTests(unittest.TestCase):
    def test_a_row_that_another_maximum_gives(self):
        nearly = 0.25 + 2**-53
        plan = [[0.25, nearly, 0.1], [0.0, 0.1, 0.4]]
        self.assertTrue(_reaches(plan, [7, 8, 9], {}, ([8, 9], [0.25, 0.4])))
        self.assertTrue(_reaches(plan, [7, 8, 9], {}, ([7, 9], [0.25, 0.4])))
        self.assertFalse(_reaches(plan, [7, 8, 9], {}, ([9], [0.5])))
        self.assertTrue(_reaches(plan, [7, 8, 8], {}, ([8], [0.65])))

    def test_too_many_ties_fail(self):
        few, many = [Result(ties=1, steps=499), Result(steps=501)], [Result(ties=3, steps=499), Result(steps=501)]
        errors = io.StringIO()
        self.assertEqual(package._with_ties_judged("f", few, errors), few)
        self.assertRegex(errors.getvalue(), "f: 1 of 1000 steps differ by an argmax tie of at most 8 ulp")
        self.assertEqual([r.verdict for r in package._with_ties_judged("f", many, errors)], ["failed", "passed"])

    def test_difference(self):
        nan, inf = float("nan"), float("inf")
        self.assertEqual([difference(*p) for p in (([1, nan], [1, nan]), ([inf], [inf]), ([1], [1.5]))], [0, 0, 0.5])
        self.assertEqual([difference(*p) for p in (([1], [nan]), ([1], [1, 2]), ([inf], [-inf]), ([nan], [1]))], [inf] * 4)


if __name__ == "__main__":
    unittest.main()
