"""Options, and several sources of one document."""

import math
import unittest

import support
from support import pair, rows_of, sample_documents

from ptakernels import Options, align_batch, align_sources, fold, merge

RENORMALISED = Options.preset("fusion", mass="renormalised")


class TestOptions(support.TestCase):
    def test_what_has_no_form_is_refused_by_name(self):
        for preset, overrides, sentence in (
            ("paper", {"transport": "exact"}, "transport exact is not preset paper's"),
            ("reference", {"projection": "topk"}, "projection topk is not preset reference's"),
            ("fusion", {"solver": "greenkhorn"}, "solver greenkhorn solves transport balanced, not semi-relaxed"),
            ("fusion", {"transport": "unbalanced"}, "projection byte has no costs that transport unbalanced could read"),
            ("fusion", {"rho": 0}, "rho is 0; it must be a number over 0"),
            ("fusion", {"projection_columns": 65}, "projection_columns is 65"),
            ("fusion", {"transport": "balanced", "columns": "target-topk", "projection": "top1"}, "are not preset|is not preset"),
            ("reference", {"transfer": "string-hard"}, "transfer string-hard is not preset reference's"),
            ("fusion", {"temperature": 2.0}, "mass tail needs the log-sum-exp at the same temperature"),
            ("paper", {"sources": "independent"}, "sources independent needs a choice"),
            ("fusion", {"sources": "recursive"}, "would let the last source overwrite the better ones"),
            ("fusion", {"fusion_function": "avg-ce"}, "avg-ce is pta align's"),
            ("fusion", {"epsilon": 0}, "epsilon is 0; it must be a number over 0"),
            ("fusion", {"window": 65}, "window is 65; it must be a whole number 0..64"),
            ("fusion", {"byte_tail": -1}, "byte_tail is -1"),
            ("fusion", {"mass": "half"}, r"mass is 'half'; expected official \| renormalised \| tail"),
        ):
            with self.subTest(overrides), self.assertRaisesRegex(ValueError, sentence):
                Options.preset(preset, **overrides)
        with self.assertRaisesRegex(TypeError, "no_such is no switch"):
            Options.preset("fusion", no_such=1)

    def test_forms(self):
        self.assertEqual([Options.preset(name).form for name in ("reference", "paper", "fusion")], ["reference", "paper", "fusion"])
        self.assertEqual(Options(), Options.preset("fusion"))
        self.assertEqual(Options.preset("fusion", transport="unbalanced", projection="barycentric").form, "fusion")
        self.assertEqual(Options.preset("paper", solver="greenkhorn", projection="topk").form, "paper")
        self.assertEqual(Options.preset("fusion", transfer="boundary", projection="top1", mass="renormalised").form, "fusion")


class TestSeveralSources(support.TestCase):
    def setUp(self):
        self.documents = sample_documents(most=3)
        self.target = self.documents[0][1]
        self.own = align_batch(pair("spA"), [(self.target, self.target)], RENORMALISED)[0]
        self.gpt2 = align_batch(pair(), self.documents[:1], RENORMALISED)[0]

    def test_the_smallest_score_wins_and_ties_go_by_order(self):
        for scores, order, winner in (([1.0, 2.0], None, 0), ([2.0, 1.0], None, 1), ([1.0, 1.0], None, 0), ([1.0, 1.0], [1, 0], 1)):
            merged = merge([self.gpt2, self.own], scores, order=order, options=RENORMALISED)
            chosen = (self.gpt2, self.own)[winner]
            self.assertEqual((rows_of(merged), merged.rows.letters), (rows_of(chosen), chosen.rows.letters))
            self.assertEqual(merged.sources.tolist(), [winner if letter != "." else -1 for letter in chosen.rows.letters])

    def test_fill(self):
        merged = merge([self.gpt2, self.own], [1.0, 2.0], fill=True, options=RENORMALISED)
        for t, letter in enumerate(self.gpt2.rows.letters):
            source = self.gpt2 if letter != "." else self.own
            self.assertEqual(merged[t][0].tolist(), source[t][0].tolist())
        self.assertIn(1, merged.sources.tolist())

    def test_the_fold(self):
        paper = align_batch(pair(), self.documents[:1], "paper")[0]
        folded = fold(self.target, paper)
        for t, letter in enumerate(paper.rows.letters):
            self.assertEqual(folded.rows.letters[t], "G" if letter == "G" else "T")
            self.assertAlmostEqual(sum(folded[t][1].tolist()), 1, 12)
        again = fold(self.target, align_batch(pair("spA"), [(self.target, self.target, folded)], "paper")[0], folded, source=1)
        self.assertEqual(set(again.sources.tolist()) - {0, 1, -1}, set())
        self.assertIn(1, again.sources.tolist())

    def test_what_is_refused(self):
        for call, sentence in (
            (lambda: merge([self.gpt2], [1.0, 2.0]), "2 scores for 1 aligned documents"),
            (lambda: merge([self.gpt2], [math.nan]), r"scores\[0\] is nan"),
            (lambda: merge([self.gpt2, self.own], [1, 2], order=[0, 0]), r"order is \[0, 0\]; it must name each of 2 sources once"),
            (lambda: merge([self.gpt2], [1], options=Options.preset("fusion", fallback="label")), "target is None, which fallback label reads"),
            (lambda: align_sources([pair()], [(self.target, [])]), "0 source views for 1 pairs"),
            (lambda: align_sources([pair()] * 2, [(self.target, [self.target] * 2)]), "scores are needed"),
            (lambda: align_sources([pair()], [], "reference"), "output official keeps each source's rows"),
        ):
            with self.assertRaisesRegex(ValueError, sentence):
                call()

if __name__ == "__main__":
    unittest.main()
