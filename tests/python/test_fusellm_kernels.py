"""The official functions that stand alone: warping, transport and the vocabulary map, against plain oracles and golden rows."""

import math
import os
import random
import sys
import types
import unittest
import warnings

from fusellm_cases import GPTNeoXTokenizerFast, LlamaTokenizer
from support import GOLDEN, needs_numpy, numpy, read_lines

from ptakernels import fusellm
from ptakernels.fusellm import tokenizers, vocab_mapping


@needs_numpy
class DtwTests(unittest.TestCase):
    def oracle(self, a, b, cost):
        """Cell by cell, from the definition (SPEC B 3b.1)."""
        table = {}
        for i in range(len(a)):
            for j in range(len(b)):
                before = [table[c] for c in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if c in table]
                table[i, j] = cost(a[i], b[j]) + min(before, default=0)
        i, j = len(a) - 1, len(b) - 1
        path = [(i, j)]
        while (i, j) != (0, 0):
            steps = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
            i, j = min((s for s in steps if s in table), key=lambda s: (table[s], steps.index(s)))
            path.append((i, j))
        return path[::-1], [[table[i, j] for j in range(len(b))] for i in range(len(a))]

    def check(self, found, expected):
        path, table = expected
        self.assertEqual(found[0], path)
        self.assertEqual(found[1], table[-1][-1])
        self.assertEqual(found[2], [sorted(j for i, j in path if i == k) for k in range(len(table))])
        self.assertEqual(found[3], [sorted(i for i, j in path if j == k) for k in range(len(table[0]))])
        self.assertEqual((found[4].tolist(), found[4].dtype), (table, numpy.float64))

    def test_golden(self):
        for row in read_lines(os.path.join(GOLDEN, "dtw.jsonl.gz")):
            if len(row["source_tokens"]) * len(row["target_tokens"]) > 100_000:
                continue
            distance = fusellm.token_distance(row["source_special"], row["target_special"])
            matches, cost, _, base_to_blending, matrix = fusellm.dtw(row["source_tokens"], row["target_tokens"], norm_func=distance)
            self.assertEqual((cost, [list(m) for m in matches], base_to_blending), (row["cost"], row["matches"], row["target_to_source"]))
            self.assertEqual(matrix.shape, (len(row["source_tokens"]), len(row["target_tokens"])))

    def test_every_path_gives_what_the_definition_says(self):
        random.seed(1)
        distance = fusellm.token_distance("_", "#")
        for _ in range(40):
            a, b = (["".join(random.choice("ab" + marker) for _ in range(random.randrange(5))) for _ in range(random.randrange(1, 9))] for marker in "_#")
            expected = self.oracle(a, b, distance)
            self.check(fusellm.dtw(a, b, distance), expected)
            self.check(fusellm.dtw(a, b, lambda x, y: distance(x, y)), expected)

    def test_real_costs_of_anything(self):
        random.seed(2)
        for _ in range(40):
            a, b = ([random.random() * 3 for _ in range(random.randrange(1, 9))] for _ in range(2))
            self.check(fusellm.dtw(a, b, lambda x, y: abs(x - y) ** 0.5), self.oracle(a, b, lambda x, y: abs(x - y) ** 0.5))

    def test_vectors(self):
        a, b = numpy.array([[0.0, 0.0], [3.0, 4.0]]), numpy.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
        self.check(fusellm.dtw(a, b, lambda x, y: numpy.linalg.norm(x - y)), self.oracle(a, b, lambda x, y: float(numpy.linalg.norm(x - y))))

    def test_infinite_and_missing_costs(self):
        for value in (math.inf, math.nan):
            matches = fusellm.dtw("ab", "ab", lambda x, y: value)[0]
            self.assertEqual((matches[0], matches[-1]), ((0, 0), (1, 1)))

    def test_a_known_package_is_recognised(self):
        package = types.ModuleType("editdistance")
        package.eval = lambda a, b: self.fail("the native path does not call it")
        before = sys.modules.get("editdistance")
        sys.modules["editdistance"] = package
        try:
            self.assertEqual(fusellm.dtw(["ab", "c"], ["ab"], package.eval)[1], 2)
        finally:
            sys.modules.pop("editdistance")
            if before is not None:
                sys.modules["editdistance"] = before

    def test_empty(self):
        for a, b, name in (([], ["a"], 1), (["a"], [], 2)):
            with self.assertRaisesRegex(ValueError, f"series_{name} is empty"):
                fusellm.dtw(a, b, fusellm.token_distance())


@needs_numpy
class TransportTests(unittest.TestCase):
    def oracle(self, cost, r, c, lam, epsilon):
        """SPEC B 3b.3, in lists."""
        plan = [[math.exp(-lam * x) for x in row] for row in cost]
        total = sum(map(sum, plan))
        plan = [[p / total for p in row] for row in plan]
        u = [0.0] * len(r)
        while max(abs(a - sum(row)) for a, row in zip(u, plan)) > epsilon:
            u = [max(sum(row), 1e-10) for row in plan]
            plan = [[p * a / s for p in row] for row, a, s in zip(plan, r, u)]
            v = [max(sum(column), 1e-10) for column in zip(*plan)]
            plan = [[p * b / s for p, b, s in zip(row, c, v)] for row in plan]
        return plan

    def test_shapes_that_are_native_and_that_are_not(self):
        generator = numpy.random.default_rng(3)
        for n, m in ((10, 10), (3, 5), (1, 1), (70, 3), (2, 65)):
            cost, r, c = generator.random((n, m)) * 2, generator.dirichlet(numpy.ones(n)), generator.dirichlet(numpy.ones(m))
            plan, distance = fusellm.compute_optimal_transport(cost, r, c, 3, 1e-6)
            expected = numpy.array(self.oracle(cost.tolist(), r, c, 3, 1e-6))
            self.assertLess(abs(plan - expected).max(), 1e-12)
            self.assertAlmostEqual(distance, float((expected * cost).sum()), 12)

    def test_rows_without_a_free_partner_starve(self):
        generator = numpy.random.default_rng(4)
        for n in (10, 70):  # the native loop and the other one
            cost, marginal = generator.integers(2, 5, (n, 5)).astype(float), numpy.full(n, 1 / n)
            cost[0] = 0
            plan, _ = fusellm.compute_optimal_transport(cost, marginal, [0.2] * 5, 30)
            self.assertLess(abs(plan - numpy.array(self.oracle(cost.tolist(), marginal, [0.2] * 5, 30, 1e-5))).max(), 1e-12)
            self.assertLess(plan[1:].sum(), 0.01)

    def test_costs_that_are_not_numbers_or_negative(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plan, distance = fusellm.compute_optimal_transport(numpy.full((2, 2), numpy.nan), [0.5, 0.5], [0.5, 0.5], 30)
        self.assertTrue(numpy.isnan(plan).all() and numpy.isnan(distance))
        shifted, _ = fusellm.compute_optimal_transport([[-1.0, 0.0], [0.0, -1.0]], [0.5, 0.5], [0.4, 0.6], 2)
        plain, _ = fusellm.compute_optimal_transport([[0.0, 1.0], [1.0, 0.0]], [0.5, 0.5], [0.4, 0.6], 2)
        self.assertLess(abs(shifted - plain).max(), 1e-12)

    def test_what_is_read_off_a_plan(self):
        pairs = fusellm.return_pair(numpy.array([[0.1, 0.3, 0.3], [0.5, 0.2, 0.0]]))
        self.assertEqual(pairs, [(1, 0.3), (0, 0.5)])
        self.assertEqual(fusellm.merge_lists(["b", "a", "b"], [1, 2, 3]), (["b", "a"], [4, 2]))


class MappingTests(unittest.TestCase):
    def levenshtein(self, a, b):
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            above, row[0] = row[0], i
            for j, y in enumerate(b, 1):
                above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
        return row[-1]

    def vocabularies(self, seed):
        random.seed(seed)
        sides = []
        for marker in "\u2581\u0120":
            tokens = list(dict.fromkeys("".join(random.choice("abc" + marker) for _ in range(random.randrange(1, 5))) for _ in range(60)))
            tokens[7] = None
            sides.append(tokens)
        return LlamaTokenizer(sides[0]), GPTNeoXTokenizerFast(sides[1])

    def test_the_map_is_the_official_one(self):
        for seed in range(3):
            base, blending = self.vocabularies(seed)
            tokens = [t for t in base.tokens if t is not None]
            expected = {}
            for token in blending.tokens:
                if token is not None:
                    key = token.replace("\u0120", "\u2581")
                    expected[key] = min(tokens, key=lambda t: self.levenshtein(key, t))
                    self.assertEqual(vocab_mapping.find_best_mapping(token, tokens, "\u0120", "\u2581"), (key, expected[key]))
                    ties = [t for t in tokens if self.levenshtein(key, t) == self.levenshtein(key, expected[key])]
                    many = vocab_mapping.find_best_mapping(token, tokens, "\u0120", "\u2581", best_one=False)
                    self.assertEqual(many, (key, key if key in tokens else ties))
            found = vocab_mapping.vocabulary_mapping(base, blending)
            self.assertEqual((found, list(found)), (expected, list(expected)))
        with self.assertRaisesRegex(ValueError, "base_tokens is empty"):
            vocab_mapping.find_best_mapping("a", [], "x", "y")

    @needs_numpy
    def test_co_occurrence_counts_as_the_official_code_does(self):
        from ptakernels.fusellm.co_occurrence import refine

        changed = 0
        for seed in range(6):
            base, blending = self.vocabularies(seed)
            corpora = [[[random.randrange(len(t.tokens)) for _ in range(random.randrange(30))] for _ in range(8)] for t in (blending, base)]
            for ids, t in zip(corpora, (blending, base)):
                for document in ids:
                    document[:] = [i for i in document if t.tokens[i] is not None]
            views = tokenizers.view_of(blending), tokenizers.view_of(base)
            found = vocab_mapping.find_nearest_strings(*views)
            changes = refine(*views, found, *corpora, window=3)
            self.assertEqual({b: after for b, (_, after) in changes.items()}, self.refined(base, blending, found, corpora, 3))
            changed += len(changes)
        self.assertGreater(changed, 5)

    def refined(self, base, blending, found, corpora, window):
        """Dense counts, cell by cell, of SPEC B 3a's co_occurrence mode."""
        dense = []
        for ids, t in zip(corpora, (blending, base)):
            counts = numpy.zeros((len(t.tokens), len(t.tokens)))
            for row in ids:
                for i in range(len(row)):
                    for j in range(max(0, i - window), min(i + window, len(row))):
                        if i != j:
                            counts[row[i], row[j]] += 1
                            counts[row[j], row[i]] += 1
            dense.append(counts)
        owner = {nearest: token for token, nearest in enumerate(found.nearest) if nearest >= 0}
        common = sorted(owner)
        x, y = dense[0][:, [owner[c] for c in common]], dense[1][:, common]
        changes = {}
        for token, nearest in enumerate(found.nearest):
            if nearest < 0 or found.distance[token] == 0:
                continue
            key = blending.tokens[token].replace("\u0120", "\u2581")
            tied = [i for i, t in enumerate(base.tokens) if t is not None and self.levenshtein(key, t) == found.distance[token]]
            scores = [x[token] @ y[i] / (numpy.linalg.norm(x[token]) * numpy.linalg.norm(y[i]) + 1e-6) for i in tied]
            best = tied[int(numpy.argmax(scores))]
            if best != nearest:
                changes[token] = best
        return changes


if __name__ == "__main__":
    unittest.main()
