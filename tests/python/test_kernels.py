"""The kernels against plain Python and against rows that the official code made."""

import math
import os
import random
import unittest

import oracles
import support
from support import needs_numpy, numpy, vocabulary

import ptakernels
from ptakernels import (
    Tape, cost_matrices, cost_matrix, edit_distances, find_alignment_path, find_nearest_tokens, find_official_map, solve_transport,
)


def golden(name):
    return support.read_lines(os.path.join(support.GOLDEN, name + ".jsonl.gz"))


def numbers(value):
    """Lists in which NaN is a string, as the golden files have it."""
    return [numbers(v) for v in value] if isinstance(value, list) else float(value)


def random_words(random, count, longest=9):
    return ["".join(random.choice("ab\u00e9\u4e2d\U0001f600") for _ in range(random.randrange(longest))) for _ in range(count)]


class TestDistances(unittest.TestCase):
    def test_golden_pairs(self):
        rows = golden("editdistance")
        for row in rows if not support.SHORT else rows[::10]:
            self.assertEqual(cost_matrix([row["a"]], [row["b"]], dtype="uint16").tolist(), [[row["d"]]])

    def test_random_words(self):
        generator = random.Random(1)
        a, b = random_words(generator, 30), random_words(generator, 41)
        expected = [[oracles.levenshtein(x, y) for y in b] for x in a]
        self.assertEqual(edit_distances(a, b).tolist(), expected)
        self.assertEqual(cost_matrix(Tape(a), Tape(b), dtype="uint16").tolist(), expected)
        rows, columns = [3, 3, 0, 29], [40, 1]
        self.assertEqual(cost_matrix(a, b, rows, columns).tolist(), [[expected[i][j] for j in columns] for i in rows])

    def test_bytes_that_are_no_text(self):
        self.assertEqual(edit_distances([b"\xc3\xa9", b"\xc3", b""], ["\u00e9", b"\xc3", "\ud800"]).tolist(), [[0, 1, 1], [1, 0, 1], [1, 1, 1]])

    def test_long_distances(self):
        self.assertEqual(edit_distances(["a" * 300], ["b"]).tolist(), [[300]])
        with self.assertRaisesRegex(OverflowError, "a distance is over 254; use dtype uint16, or saturate=True"):
            cost_matrix(["a" * 300], ["b"], dtype="uint8")
        self.assertEqual(cost_matrix(["a" * 300, "b"], ["b"], dtype="uint8", saturate=True).tolist(), [[255], [0]])

    def test_outputs(self):
        import array

        for kind in ("B", "H"):
            flat = array.array(kind, [9] * 6)
            out = memoryview(flat).cast("B").cast(kind, [2, 3])
            self.assertIs(cost_matrix(["a", "bc"], ["a", "b", "c"], out=out), out)
            self.assertEqual(flat.tolist(), [0, 1, 1, 2, 1, 1])
        with self.assertRaisesRegex(ValueError, r"out has shape \[6\]; expected \[2, 3\]"):
            cost_matrix(["a", "bc"], ["a", "b", "c"], out=flat)
        with self.assertRaisesRegex(ValueError, "dtype is 'int8'"):
            cost_matrix(["a"], ["b"], dtype="int8")

    def test_roles(self):
        tape = Tape(["<s>", "</s>", "<x>", "a"], [3, 5, 1, 0])
        other = Tape(["[BOS]", "<x>", "a"], [3, 1, 0])
        self.assertEqual(cost_matrix(tape, other).tolist(), [[0, 64, 64], [64, 64, 64], [64, 0, 64], [64, 64, 0]])

    def test_small_matrices(self):
        words = random_words(random.Random(2), 20)
        rows, columns = [[0, 1, 2], [3, 4, 5]], [[6, 7], [19, 0]]
        expected = [[[oracles.levenshtein(words[i], words[j]) for j in c] for i in r] for r, c in zip(rows, columns)]
        self.assertEqual(cost_matrices(words, words, rows, columns).tolist(), expected)
        with self.assertRaisesRegex(ValueError, r"target_tokens has shape \[1, 2\]; expected \[2, any\]"):
            cost_matrices(words, words, rows, [[1, 2]])

    def test_wrong_tokens(self):
        with self.assertRaisesRegex(ValueError, "source_tokens"):
            cost_matrix(["a"], ["b"], [1])
        with self.assertRaisesRegex(TypeError, "source is a str; expected a Tape"):
            cost_matrix("word", ["b"])
        with self.assertRaisesRegex(TypeError, "token 1 is a int; expected str or bytes"):
            Tape(["a", 1])
        with self.assertRaisesRegex(ValueError, r"roles has shape \[1\]; expected \[2\]"):
            Tape(["a", "b"], [0])

    def test_nothing(self):
        self.assertEqual(len(Tape([])), 0)
        self.assertEqual(cost_matrix(["a"], ["b"], [], []).shape, (0, 0) if numpy is not None else (0,))


class TestNearestTokens(unittest.TestCase):
    def test_golden_rows(self):
        compared = 0
        for source, target in (("gpt2", "spA"), ("spB", "spA")):
            rows = [row for row in golden("vocab_map") if (row["source"], row["target"]) == (source, target)]
            rows = rows[:: 4 if support.SHORT else 1]
            a, b = vocabulary(source), vocabulary(target)
            found = find_official_map(a, b, [a.find(row["source_token"]) for row in rows])
            for row, nearest, distance in zip(rows, found.nearest.tolist(), found.distance.tolist()):
                self.assertEqual((b.string(nearest), distance), (row["mapped"], row["distance"]), row["key"])
                compared += 1
        self.assertGreater(compared, 40)

    def test_plain_search(self):
        generator = random.Random(3)
        a, b = random_words(generator, 20, 6), random_words(generator, 50, 6)
        found = find_nearest_tokens(a, b)
        for word, nearest, distance in zip(a, found.nearest.tolist(), found.distance.tolist()):
            distances = [oracles.levenshtein(word, other) for other in b]
            self.assertEqual((nearest, distance), (distances.index(min(distances)), min(distances)))

    def test_specials_of_vocabularies(self):
        source, target = vocabulary("gpt2"), vocabulary("spA")
        found = find_nearest_tokens(source, target, [50256, source.find("\u0120the")])
        self.assertEqual([target.string(n) for n in found.nearest.tolist()], ["</s>", "\u2581the"])
        self.assertEqual(find_nearest_tokens(target, source, [0]).nearest.tolist(), [-1])


class TestPaths(unittest.TestCase):
    def test_golden_paths(self):
        compared = 0
        for row in golden("dtw"):
            source, target = ([token.replace(row[side + "_special"], "") for token in row[side + "_tokens"]] for side in ("source", "target"))
            if max(len(source), len(target)) > (300 if support.SHORT else 1200):
                continue
            distinct_source, distinct_target = sorted(set(source)), sorted(set(target))
            cost = cost_matrix(distinct_source, distinct_target)
            places = [{token: i for i, token in enumerate(distinct)} for distinct in (distinct_source, distinct_target)]
            path = find_alignment_path([places[0][t] for t in source], [places[1][t] for t in target], cost)
            self.assertEqual((path.steps.tolist(), path.cost), ([list(m) for m in row["matches"]], row["cost"]), row["id"])
            compared += 1
        self.assertGreater(compared, 20)

    def test_random_costs(self):
        generator = random.Random(4)
        for dtype, largest in (("B", 3), ("H", 900)):
            import array

            for n, m in ((1, 1), (1, 5), (6, 1), (17, 23)):
                flat = array.array(dtype, [generator.randrange(largest) for _ in range(12)])
                matrix = memoryview(flat).cast("B").cast(dtype, [3, 4])
                source, target = [generator.randrange(3) for _ in range(n)], [generator.randrange(4) for _ in range(m)]
                path = find_alignment_path(source, target, matrix)
                self.assertEqual((path.steps.tolist(), path.cost), oracles.warp(n, m, lambda i, j: flat[4 * source[i] + target[j]]))

    def test_wrong_arguments(self):
        cost = cost_matrix(["a"], ["b"])
        for call, kind, sentence in (
            (lambda: find_alignment_path([], [0], cost), ValueError, "source or target is empty"),
            (lambda: find_alignment_path([1], [0], cost), ValueError, "source"),
            (lambda: find_alignment_path([0], [0], [[0.5]]), TypeError, "cost holds 0.5; expected whole numbers"),
            (lambda: find_alignment_path([0], [0], [0]), ValueError, "cost has 1 dimensions; expected 2"),
        ):
            with self.assertRaisesRegex(kind, sentence):
                call()


class TestTransports(unittest.TestCase):
    def test_golden_official_plans(self):
        rows = golden("sinkhorn")
        for row in rows if not support.SHORT else rows[::8]:
            cost, a, b, plan = (numbers(row[name]) for name in ("cost", "r", "c", "P"))
            found = solve_transport(cost, a, b, kind="official", epsilon=1 / row["lambda"], tolerance=row["epsilon"])
            self.assertEqual(found.outcomes.iterations, row["iterations"], row["id"])
            for x, y in zip((p for line in found.plan.tolist() for p in line), (p for line in plan for p in line)):
                self.assertTrue(abs(x - y) <= 1e-12 or math.isnan(x) and math.isnan(y), row["id"])

    def test_the_official_loop_in_plain_python(self):
        cost, a, b = [[0, 1, 4], [1, 0, 2], [3, 2, 0]], [0.5, 0.3, 0.2], [0.4, 0.35, 0.25]
        plan, bodies = oracles.sinkhorn(cost, a, b, 0.5, 1e-6)
        found = solve_transport(cost, a, b, kind="official", epsilon=0.5, tolerance=1e-6)
        self.assertEqual(found.outcomes.iterations, bodies)
        for x, y in zip(sum(found.plan.tolist(), []), sum(plan, [])):
            self.assertAlmostEqual(x, y, 13)
        stopped = solve_transport(cost, a, b, kind="official", epsilon=0.5, tolerance=1e-6, max_iterations=1)
        self.assertEqual((stopped.outcomes.names(), stopped.outcomes.iterations), (["iteration-limit"], 1))
        self.assertTrue(all(math.isnan(v) for v in (*found.f.tolist(), *found.g.tolist())))

    def test_balanced_plans_are_certified(self):
        generator = random.Random(5)
        for n, m, batch in ((3, 4, 5), (10, 10, 8), (1, 1, 1)):
            costs = [[[generator.randrange(6) for _ in range(m)] for _ in range(n)] for _ in range(batch)]
            a, b = ([self.marginal(generator, size) for _ in range(batch)] for size in (n, m))
            found = solve_transport(costs, a, b, epsilon=0.25)
            self.assertEqual(set(found.outcomes.names()), {"converged"})
            self.assertEqual(found.outcomes.status.tolist(), [0] * batch)
            for i in range(batch):
                self.assertTrue(oracles.is_certified(costs[i], a[i], b[i], found.plan.tolist()[i], found.f.tolist()[i], found.g.tolist()[i], 0.25))
            single = solve_transport(costs[0], a[0], b[0], epsilon=0.25)
            self.assertEqual(single.plan.tolist(), found.plan.tolist()[0])
            self.assertEqual((single.outcomes.status, single.outcomes.names()), (0, ["converged"]))

    @staticmethod
    def marginal(generator, size):
        """Eighths of thousandths, so that every sum is exactly 1."""
        cuts = sorted(generator.sample(range(1, 8192), size - 1))
        return [(high - low) / 8192 for low, high in zip([0, *cuts], [*cuts, 8192])]

    def test_other_kinds(self):
        cost, a, b = [[0, 2], [3, 1]], [0.75, 0.25], [0.5, 0.5]
        relaxed = solve_transport(cost, a, kind="semi-relaxed", epsilon=1).plan.tolist()
        for row, mass, costs in zip(relaxed, a, cost):
            weights = [math.exp(-c) for c in costs]
            for p, w in zip(row, weights):
                self.assertAlmostEqual(p, mass * w / sum(weights), 14)
        exact = solve_transport(cost, a, b, kind="exact")
        self.assertEqual(exact.plan.tolist(), [[0.5, 0.25], [0.0, 0.25]])
        unbalanced = solve_transport(cost, a, b, kind="unbalanced", rho=5.0, epsilon=0.5)
        for row, mass in zip(unbalanced.plan.tolist(), a):
            self.assertAlmostEqual(sum(row), mass, 9)

    def test_costs_of_both_types_agree(self):
        import array

        bytes_cost = memoryview(array.array("B", [0, 1, 2, 0])).cast("B", [2, 2])
        self.assertEqual(
            solve_transport(bytes_cost, [0.5, 0.5], [0.25, 0.75]).plan.tolist(), solve_transport([[0.0, 1], [2, 0]], [0.5, 0.5], [0.25, 0.75]).plan.tolist(),
        )

    def test_outputs(self):
        import array

        flat = array.array("d", [0] * 4)
        out = memoryview(flat).cast("B").cast("d", [2, 2])
        self.assertIs(solve_transport([[0, 1], [1, 0]], [0.5, 0.5], [0.5, 0.5], out=out).plan, out)
        self.assertAlmostEqual(sum(flat), 1, 12)

    def test_wrong_arguments(self):
        cost, half = [[0, 1], [1, 0]], [0.5, 0.5]
        for call, sentence in (
            (lambda: solve_transport(cost, half, half, kind="none"), "kind is 'none'; expected one of official, balanced"),
            (lambda: solve_transport(cost, half), "b is None; transport balanced needs"),
            (lambda: solve_transport(cost, half, half, kind="semi-relaxed"), "b is given, which transport semi-relaxed has no use for"),
            (lambda: solve_transport(cost, [1.0], half), r"a has shape \[1\]; expected \[2\]"),
            (lambda: solve_transport([0, 1], half, half), "cost has 1 dimensions"),
            (lambda: solve_transport(cost, half, half, epsilon=0), "epsilon"),
            (lambda: solve_transport([[0] * 65], [1.0], [1 / 65] * 65), "m"),
        ):
            with self.assertRaisesRegex(ValueError, sentence):
                call()

    def test_what_has_no_plan_is_an_outcome(self):
        for cost, a, b in (([[0, -1], [1, 0]], [0.5, 0.5], [0.5, 0.5]), ([[0, 1], [1, 0]], [0.5, math.nan], [0.5, 0.5])):
            found = solve_transport(cost, a, b)
            self.assertEqual(found.outcomes.names(), ["not-finite"])
            self.assertTrue(math.isnan(found.outcomes.marginal_error))
        uneven = solve_transport([[0, 1], [1, 0]], [0.5, 0.5], [0.3, 0.3]).outcomes
        self.assertEqual((uneven.names(), round(uneven.marginal_error, 12)), (["exact-fallback"], 0.4))

    def test_an_empty_batch(self):
        if numpy is None:
            self.skipTest("a memoryview has no shape with a zero in it")
        found = solve_transport(numpy.zeros((0, 2, 2)), numpy.zeros((0, 2)), numpy.zeros((0, 2)))
        self.assertEqual((found.plan.shape, found.outcomes.names()), ((0, 2, 2), []))


@needs_numpy
class TestNumpyResults(unittest.TestCase):
    def test_types(self):
        self.assertEqual((cost_matrix(["a"], ["b"]).dtype, edit_distances(["a" * 300], ["b"]).dtype), (numpy.uint8, numpy.uint16))
        self.assertEqual(find_alignment_path(None, None, cost_matrix(["a"], ["b"])).steps.dtype, numpy.int32)
        self.assertEqual(ptakernels.solve_transport(numpy.zeros((2, 3, 3), "u1"), numpy.full((2, 3), 1 / 3), numpy.full((2, 3), 1 / 3)).plan.shape, (2, 3, 3))


if __name__ == "__main__":
    unittest.main()
