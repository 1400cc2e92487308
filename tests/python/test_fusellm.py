"""The official functions: golden documents, every path to the same answer, wrong arguments, and what is kept of tokenizers."""

import gc
import inspect
import math
import multiprocessing
import os
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor

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
        "base_model_tokenizer", "blending_model_tokenizer", "base_model_vocab", "base_model_input_ids", "blending_model_input_ids",
        "blending_model_per_step_logits", "blending_model_per_step_indices", "vocab_align_type='hard'", "blending_to_base_mapping=None",
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


def _align(row):
    return fusellm.transform_step_logits_ot(**ot_arguments(row))


class ProcessTests(unittest.TestCase):
    def test_worker_processes_align_with_what_the_parent_kept(self):
        rows = golden_documents()[:4]
        expected = [_align(row) for row in rows]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking where threads have run
            with multiprocessing.get_context("fork").Pool(2) as pool:
                self.assertEqual(pool.map(_align, rows), expected)

    def test_threads(self):
        rows = golden_documents()[:12]
        expected = [_align(row) for row in rows]
        fusellm.clear_cache()
        with ThreadPoolExecutor(4) as pool:
            self.assertEqual(list(pool.map(_align, rows)), expected)


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
        expected = "^Special is none of the tokenizer classes .*LlamaTokenizer, GPTNeoXTokenizerFast.*register_tokenizer\\('Special'"
        self.assertRegex(str(caught.exception), expected)
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
        logits = [[float(10 - i) for i in range(10)]]
        arguments = dict(
            base_model_tokenizer=base, blending_model_tokenizer=blending, base_model_vocab=base.get_vocab(), base_model_input_ids=[0],
            blending_model_input_ids=[0], blending_model_per_step_logits=logits, base_model_per_step_logits=logits,
            base_model_per_step_indices=rows, blending_model_per_step_indices=[list(range(1, 11))], vocab_align_type="soft", blending_to_base_mapping=entries,
        )
        with self.assertRaisesRegex(DataError, "source token 10 is not in the vocabulary map"):
            fusellm.transform_step_logits_ot(**arguments)
        entries["K"] = "k"
        [[*masses]], _ = fusellm.transform_step_logits_ot(**arguments)
        self.assertTrue(0 < sum(masses) < 1 + 1e-9)


class BadInputTests(unittest.TestCase):
    def setUp(self):
        rows = (row for row in golden_documents() if row["mode"] == "default" and len(row["target_ids"]) > 20 and "S" in row["step_kind"])
        self.arguments = ot_arguments(next(rows))

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
class DistillTests(unittest.TestCase):
    def test_equal_rewards(self):
        from ptakernels.fusellm import distill

        rows = [distill.SparseRows(numpy.array([0, 1]), numpy.array([token]), numpy.ones(1, "f4")) for token in range(3)]
        for with_base, winner in ((True, 0), (False, 1)):
            taught, reward = distill.fuse(rows, [1.0, 1.001, 1.5], with_base, weighted=False)  # bfloat16 makes the first two one
            self.assertEqual((taught.ids.tolist(), reward), ([winner], distill.reward_of(1.0)))

    def test_duplicates_of_a_token_count_once(self):
        from ptakernels.fusellm import distill

        feature = {"per_step_indices": [[4, 4]], "per_step_logits": [[1.0, 1.0]]}
        collated = distill.collate([feature], distill.DistillArguments(), max_length=2, pad_id=7)
        [rows] = collated["base_target_dist"]
        self.assertEqual([[list(map(float, part)) for part in rows.row(t)] for t in range(2)], [[[4.0], [0.5]], [[7.0], [1.0]]])


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
