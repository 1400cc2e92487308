"""The official functions: golden documents, every path to the same answer, wrong arguments, and what is kept of tokenizers."""

import gc
import inspect
import math
import os
import random
import unittest
import warnings

from fusellm_cases import (
    GPTNeoXTokenizerFast, LlamaTokenizer, PER_DOCUMENT, batch_arguments, golden_documents, numbers, ot_arguments, soft_arguments,
)
from support import GOLDEN, needs_numpy, numpy, read_lines

from ptakernels import DataError, fusellm
from ptakernels.fusellm import packing, tokenizers, vocab_mapping

TIES = 0.002
"""Share of rows that may choose another of several equal maxima (SPEC A4)."""


def differing(actual, expected, tolerance=0.0):
    """Rows of (logits, indices) that differ."""
    if len(actual[0]) != len(expected[0]) or len(actual[1]) != len(expected[1]):
        return math.inf
    return sum(
        ids != wanted_ids or len(values) != len(wanted) or any(not (a == b or a != a and b != b or abs(a - b) <= tolerance) for a, b in zip(values, wanted))
        for values, ids, wanted, wanted_ids in zip(*actual, *expected)
    )


class GoldenTests(unittest.TestCase):
    def test_hard_and_soft_are_the_official_ones(self):
        for row in golden_documents()[::2]:
            arguments = soft_arguments(row)
            self.assertEqual(differing(fusellm.transform_step_logits(**arguments), (numbers(row["soft"]["logits"]), row["soft"]["indices"])), 0, row["id"])
            hard = fusellm.transform_step_logits(**dict(arguments, vocab_align_type="hard", blending_to_base_mapping=None))
            self.assertEqual(differing(hard, (numbers(row["hard"]["logits"]), row["hard"]["indices"])), 0, row["id"])

    def test_ot_is_the_official_one(self):
        rows = wrong = 0
        for row in golden_documents():
            rows += len(row["target_ids"])
            wrong += differing(fusellm.transform_step_logits_ot(**ot_arguments(row)), (numbers(row["ot"]["logits"]), row["ot"]["indices"]), 1e-12)
        self.assertLessEqual(wrong, TIES * rows)

    def test_ot_in_hard_mode_is_hard(self):
        row = golden_documents()[0]
        found = fusellm.transform_step_logits_ot(**dict(ot_arguments(row), vocab_align_type="hard", blending_to_base_mapping=None))
        self.assertEqual(differing(found, (numbers(row["hard"]["logits"]), row["hard"]["indices"])), 0)

    def test_results_are_plain_lists(self):
        logits, indices = fusellm.transform_step_logits_ot(**ot_arguments(golden_documents()[0]))
        self.assertEqual({type(x) for rows in (logits, indices) for x in (rows, *rows)}, {list})
        self.assertEqual(({type(x) for row in logits for x in row}, {type(x) for row in indices for x in row}), ({float}, {int}))

    def test_packing(self):
        for row in read_lines(os.path.join(GOLDEN, "packing.jsonl.gz")):
            given = {name: list(values) for name, values in row["input"].items()}
            self.assertEqual(packing.packing_dataset(row["input"], row["block_size"]), row["output"])
            self.assertEqual(row["input"], given)


class SignatureTests(unittest.TestCase):
    """Names, order and defaults of the official functions."""

    FUSELLM = [
        "base_model_tokenizer", "blending_model_tokenizer", "base_model_vocab", "base_model_input_ids", "blending_model_input_ids", "blending_model_per_step_logits",
        "blending_model_per_step_indices", "vocab_align_type='hard'", "blending_to_base_mapping=None",
    ]
    OT = FUSELLM[:6] + [
        "base_model_per_step_logits", "base_model_per_step_indices", "blending_model_per_step_indices", *FUSELLM[7:], "epsilon_input=1e-05", "logits_number=10",
    ]

    def parameters(self, function):
        kinds = inspect.signature(function).parameters.values()
        return [p.name if p.default is p.empty else f"{p.name}={p.default!r}" for p in kinds if p.kind == p.POSITIONAL_OR_KEYWORD]

    def test_signatures(self):
        self.assertEqual(self.parameters(fusellm.transform_step_logits), self.FUSELLM)
        for function in (fusellm.transform_step_logits_ot, fusellm.transform_step_logits_ot_batch):
            self.assertEqual(self.parameters(function), self.OT)
        self.assertEqual(self.parameters(fusellm.compute_optimal_transport), ["M", "r", "c", "lam", "epsilon=1e-05"])
        self.assertEqual(self.parameters(fusellm.return_pair) + self.parameters(fusellm.merge_lists), ["arr", "a", "b"])
        self.assertEqual(list(inspect.signature(fusellm.dtw).parameters), ["series_1", "series_2", "norm_func"])
        self.assertEqual(
            self.parameters(vocab_mapping.find_best_mapping), ["x", "base_tokens", "blending_model_special_token", "base_model_special_token", "best_one=True"],
        )

    @needs_numpy
    def test_the_default_norm_is_numpys(self):
        self.assertIs(inspect.signature(fusellm.dtw).parameters["norm_func"].default, numpy.linalg.norm)


class PathTests(unittest.TestCase):
    """A document takes the native path where its shape allows; every path gives the same rows."""

    def setUp(self):
        self.row = next(row for row in golden_documents() if row["mode"] == "default" and set("OSXM") <= set(row["step_kind"]))
        self.arguments = ot_arguments(self.row)
        self.expected = fusellm.transform_step_logits_ot(**self.arguments)

    def same(self, tolerance=0.0, **changes):
        self.assertEqual(differing(fusellm.transform_step_logits_ot(**dict(self.arguments, **changes)), self.expected, tolerance), 0)

    @needs_numpy
    def test_the_plain_steps(self):
        vocabulary = dict(self.arguments["base_model_vocab"], another=10**6)  # no longer the tokenizer's own: the native path does not apply
        self.same(base_model_vocab=vocabulary, tolerance=1e-15)

    @needs_numpy
    def test_rows_of_different_lengths(self):
        logits, indices = ([list(r) for r in self.arguments["blending_model_per_step_" + what]] for what in ("logits", "indices"))
        unused = self.row["step_kind"].index("M")
        self.assertEqual(self.row["step_kind"][unused], "M")
        base_logits, base_indices = ([list(r) for r in self.arguments["base_model_per_step_" + what]] for what in ("logits", "indices"))
        base_logits[unused].append(0.0)
        base_indices[unused].append(0)
        self.same(base_model_per_step_logits=base_logits, base_model_per_step_indices=base_indices, tolerance=1e-15)
        self.same(blending_model_per_step_logits=logits, blending_model_per_step_indices=indices)

    def test_padded_rows_are_not_read(self):
        changes = {}
        for name in PER_DOCUMENT:
            if "per_step" in name:
                changes[name] = self.arguments[name] + [[0.0 if "logits" in name else 10**9] * 10]
        self.same(**changes)

    @needs_numpy
    def test_arrays(self):
        changes = {n: numpy.array(self.arguments[n], "f2" if "logits" in n else "i8") for n in PER_DOCUMENT}
        self.same(**changes)
        self.same(base_model_vocab=dict(self.arguments["base_model_vocab"], another=10**6), tolerance=1e-15, **changes)

    def test_a_window_wider_than_the_candidates_leaves_the_soft_rows(self):
        soft = fusellm.transform_step_logits(**soft_arguments(self.row))
        self.assertEqual(differing(fusellm.transform_step_logits_ot(**dict(self.arguments, logits_number=11)), soft), 0)

    def test_fewer_than_ten_candidates(self):
        few = {n: [row[:5] for row in self.arguments[n]] for n in PER_DOCUMENT if "per_step" in n}
        found = fusellm.transform_step_logits_ot(**dict(self.arguments, logits_number=4, **few))
        transported = sum(0 < sum(row) < 1 for row in found[0])
        self.assertGreater(transported, 0)

    def test_batches(self):
        rows = [row for row in golden_documents() if (row["source"], row["target"], row["mode"]) == ("gpt2", "spA", "default")][:6]
        arguments = batch_arguments(rows)
        single = [fusellm.transform_step_logits_ot(**ot_arguments(row)) for row in rows]
        for threads in (1, 2, 0):
            logits, indices = fusellm.transform_step_logits_ot_batch(**arguments, threads=threads)
            self.assertEqual((logits, indices), ([s[0] for s in single], [s[1] for s in single]))
        self.assertEqual(fusellm.transform_step_logits_ot_batch(**dict(arguments, **{n: [] for n in PER_DOCUMENT})), ([], []))

    def test_the_first_token_of_a_byte_level_source(self):
        source, target = GPTNeoXTokenizerFast(["The", "\u0120end", "x"]), LlamaTokenizer(["\u2581The", "\u2581end", "y"])
        arguments = (target, source, target.get_vocab(), [0, 1], [0, 1], [[3.0, 2.0], [1.0, 0.0]], [[1, 0], [0, 2]])
        logits, indices = fusellm.transform_step_logits(*arguments)
        # "The" is no base token without its marker, so only the candidate "end" of the first row remains; the second row has no candidate that the base has.
        self.assertEqual((logits, indices), ([[3.0], []], [[1], []]))
        reversed_roles = (source, target, source.get_vocab(), [0, 1], [0, 1], [[3.0, 2.0], [1.0, 0.0]], [[1, 0], [0, 2]])
        self.assertEqual(fusellm.transform_step_logits(*reversed_roles)[1], [[0], []])


class TokenizerTests(unittest.TestCase):
    def setUp(self):
        self.addCleanup(fusellm.clear_cache)
        known = dict(fusellm.TOKENIZER_TO_SPECIAL_TOKEN)
        self.addCleanup(lambda: (fusellm.TOKENIZER_TO_SPECIAL_TOKEN.clear(), fusellm.TOKENIZER_TO_SPECIAL_TOKEN.update(known)))

    def test_other_classes(self):
        class Special(LlamaTokenizer):
            pass

        base = Special(["a", "\u2581b"])
        arguments = (base, base, base.get_vocab(), [0, 1], [0, 1], [[1.0], [2.0]], [[1], [0]])
        with self.assertRaises(KeyError) as caught:
            fusellm.transform_step_logits(*arguments)
        self.assertRegex(str(caught.exception), "^Special is none of the tokenizer classes .*LlamaTokenizer, GPTNeoXTokenizerFast.*register_tokenizer\\('Special'")
        for name in (Special, "Special"):
            fusellm.register_tokenizer(name, "\u2581")
            self.assertEqual(fusellm.transform_step_logits(*arguments), ([[1.0], [2.0]], [[1], [0]]))
            del fusellm.TOKENIZER_TO_SPECIAL_TOKEN[name]
            fusellm.clear_cache()
        for kind, marker, error in ((3, "x", TypeError), ("Special", "", ValueError)):
            with self.assertRaises(error):
                fusellm.register_tokenizer(kind, marker)

    def test_added_tokens_are_noticed(self):
        base, blending = LlamaTokenizer(["a", "b"]), LlamaTokenizer(["a", "b"])
        arguments = (base, blending, base.get_vocab(), [0], [0], [[1.0, 0.5]], [[1, 0]])
        self.assertEqual(fusellm.transform_step_logits(*arguments)[1], [[1, 0]])
        blending.tokens.append("c")
        with self.assertRaisesRegex(DataError, "id 3 has no token in its vocabulary of 3 ids"):
            fusellm.transform_step_logits(*arguments[:6], [[2, 3]])
        self.assertEqual(fusellm.transform_step_logits(*arguments[:6], [[2, 1]])[1], [[1]])

    def test_views_die_with_their_tokenizers(self):
        fusellm.clear_cache()
        base = LlamaTokenizer(["a"])
        self.assertIs(tokenizers.view_of(base), tokenizers.view_of(base))
        del base
        gc.collect()
        self.assertEqual(len(tokenizers._views), 0)

    def test_few_pairs_are_kept(self):
        fusellm.clear_cache()
        base, blending = LlamaTokenizer(["a"]), LlamaTokenizer(["b"])
        for _ in range(tokenizers._MOST_PAIRS + 2):
            rows = [[1.0]], [[1.0]], [[0]], [[0]]
            found = fusellm.transform_step_logits_ot(base, blending, base.get_vocab(), [0], [0], *rows, "soft", {"b": "a"}, logits_number=1)
            self.assertEqual(found, ([[1.0]], [[0]]))
        self.assertEqual(len(tokenizers._pairs), tokenizers._MOST_PAIRS)

    def test_a_map_that_grows_is_noticed(self):
        base, blending = LlamaTokenizer(list("abcdefghijk")), LlamaTokenizer(list("ABCDEFGHIJK"))
        entries = {"A": "a", **{c.upper(): c for c in "bcdefghij"}}
        rows = [list(range(10))]
        arguments = dict(
            base_model_tokenizer=base, blending_model_tokenizer=blending, base_model_vocab=base.get_vocab(), base_model_input_ids=[0], blending_model_input_ids=[0],
            blending_model_per_step_logits=[[float(10 - i) for i in range(10)]], base_model_per_step_logits=[[float(10 - i) for i in range(10)]],
            base_model_per_step_indices=rows, blending_model_per_step_indices=[list(range(1, 11))], vocab_align_type="soft", blending_to_base_mapping=entries,
        )
        with self.assertRaisesRegex(DataError, "source token 10 is not in the vocabulary map"):
            fusellm.transform_step_logits_ot(**arguments)
        entries["K"] = "k"
        [[*masses]], _ = fusellm.transform_step_logits_ot(**arguments)
        self.assertTrue(0 < sum(masses) < 1 + 1e-9)


class BadInputTests(unittest.TestCase):
    def setUp(self):
        self.arguments = ot_arguments(next(row for row in golden_documents() if row["mode"] == "default" and len(row["target_ids"]) > 20 and "S" in row["step_kind"]))

    def refused(self, sentence, error=DataError, **changes):
        for function in (fusellm.transform_step_logits_ot, fusellm.transform_step_logits):
            own = {n: v for n, v in dict(self.arguments, **changes).items() if function is fusellm.transform_step_logits_ot or n in SOFT_NAMES}
            if function is fusellm.transform_step_logits and not set(changes) <= SOFT_NAMES:
                continue
            with self.assertRaisesRegex(error, sentence):
                function(**own)

    def test_arguments(self):
        self.refused("vocab_align_type is 'middle'; expected 'hard' or 'soft'", ValueError, vocab_align_type="middle")
        self.refused("needs blending_to_base_mapping; the command vocab_mapping", ValueError, blending_to_base_mapping=None)
        self.refused("logits_number is 0; expected 1 or more", ValueError, logits_number=0)

    def test_documents(self):
        self.refused("blending has no tokens", blending_model_input_ids=[])
        self.refused("base has no tokens", base_model_input_ids=[])
        self.refused("base has 1 rows of candidates for", base_model_per_step_logits=[[1.0]])
        self.refused("blending has 0 rows of candidates", blending_model_per_step_indices=[])
        self.refused("id 99999999 has no token", base_model_input_ids=[99999999] + self.arguments["base_model_input_ids"][1:])
        empty = {key: value for key, value in self.arguments["blending_to_base_mapping"].items() if key == value}
        self.refused("is not in the vocabulary map; make the map from the same tokenizers", blending_to_base_mapping=empty)

    def test_a_batch_says_which_document(self):
        good = {n: self.arguments[n] for n in PER_DOCUMENT}
        for bad in (dict(good, blending_model_input_ids=[]), dict(good, base_model_input_ids=[10**8] + good["base_model_input_ids"][1:])):
            with self.assertRaisesRegex(DataError, "^document 1: ") as caught:
                fusellm.transform_step_logits_ot_batch(**dict(self.arguments, **{n: [good[n], bad[n], good[n]] for n in PER_DOCUMENT}))
            self.assertEqual(caught.exception.index, 1)
        with self.assertRaisesRegex(ValueError, "have 1 and 2 entries"):
            fusellm.transform_step_logits_ot_batch(**dict(self.arguments, **{n: [good[n]] * (1 + (n == PER_DOCUMENT[1])) for n in PER_DOCUMENT}))

    def test_a_mapped_token_that_the_base_lacks_is_left_out_and_said(self):
        base, blending = LlamaTokenizer(["a", "b"]), LlamaTokenizer(["a", "c"])
        with self.assertLogs("ptakernels.fusellm.steps", "WARNING") as logged:
            found = fusellm.transform_step_logits(base, blending, base.get_vocab(), [0], [0], [[2.0, 1.0]], [[1, 0]], "soft", {"a": "a", "c": "zz"})
        self.assertEqual((found, len(logged.output)), (([[1.0]], [[0]]), 1))


SOFT_NAMES = frozenset(soft_arguments(golden_documents()[0]))


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
        import sys
        import types

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


class PackingTests(unittest.TestCase):
    def test_bad_arguments(self):
        good = {"input_ids": [[1, 2]], "metric_ce": [1.0]}
        for arguments, sentence in (
            ((good, 2, "token"), "metric_level is 'token'"), ((good, 0), "block_size is 0"), (({"a": [[1]]},), "no column input_ids"),
            ((dict(good, labels=[[1]]),), "column labels has 1 entries for 2 tokens"),
        ):
            with self.assertRaisesRegex(ValueError, sentence):
                packing.packing_dataset(*arguments)


if __name__ == "__main__":
    unittest.main()
