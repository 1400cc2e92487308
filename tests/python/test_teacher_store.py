"""Teachers' stores: what is kept of logits, what is refused, and loops over fakes of a model and of a server."""

from __future__ import annotations

import itertools
import os
import sys
import types
import unittest

from pta_program import ROOT, InFolder

sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
except ImportError:
    np = None
else:
    from ptakernels import _store_format
    from ptakernels.errors import DataError
    from ptakernels.store import AlignedStore, StoreTokenizer, TeacherStore, TeacherStoreWriter, from_hugging_face, from_vllm

    TINY = StoreTokenizer("tiny", "0123456789abcdef", 40)

try:
    import torch
except ImportError:
    torch = None

needs_numpy = unittest.skipIf(np is None, "NumPy is not installed")
needs_torch = unittest.skipIf(np is None or torch is None, "torch is not installed")


@needs_numpy
class WriterTests(InFolder):
    def writer(self, name="s", tokenizer=None, **options):
        return TeacherStoreWriter(self.path(name), tokenizer or TINY, **{"k": 4, **options})

    def rows(self, length, seed=1):
        generator = np.random.default_rng(seed)
        return generator.integers(0, 40, length), np.round(generator.normal(0, 3, (length, 44)), 1).astype(np.float32)

    def test_the_best_k_of_the_models_own_rows(self):
        ids, logits = self.rows(9)
        logits[2] = 1  # ties, within and at the border
        logits[3, 5:] = -np.inf
        own = logits[:, :40].astype(np.float64)
        order = [sorted(range(40), key=lambda i: (-row[i], i)) for row in own]
        sums = np.log(np.exp(own).sum(1))
        inputs = [logits, logits.astype(np.float64)]
        if torch is not None:
            inputs += [torch.from_numpy(logits), torch.from_numpy(logits).double()]
        for given, k in itertools.product(inputs, (1, 4, 30, 40)):
            best = [row[:k] for row in order]
            with self.writer(k=k, value_kind="raw_logit", values="float32", replace=True) as store:
                store.add("d", ids, given)
            row = TeacherStore(self.path("s"))[0]
            self.assertEqual((row.id, row.input_ids.tolist(), row.candidates.tolist()), ("d", ids.tolist(), best))
            np.testing.assert_array_equal(row.values, np.take_along_axis(logits, np.array(best), 1))
            np.testing.assert_allclose(row.log_sum_exp, sums, rtol=1e-6)
            np.testing.assert_allclose(row.label_cross_entropy, (sums[:-1] - own[np.arange(8), ids[1:]]), rtol=1e-5)
            self.assertAlmostEqual(row.mean_cross_entropy, row.label_cross_entropy.mean(), 5)

    @needs_torch
    def test_narrow_types_and_log_probabilities(self):
        ids, logits = self.rows(6)
        for kind in (torch.float16, torch.bfloat16):
            narrow = torch.from_numpy(logits).to(kind)
            with self.writer(replace=True) as store:
                store.add(None, ids, narrow)
            row = TeacherStore(self.path("s"))[0]
            exact = torch.log_softmax(narrow[:, :40].double(), 1).numpy()
            np.testing.assert_array_equal(row.values, np.take_along_axis(exact, row.candidates.astype(np.int64), 1).astype(np.float16))
            self.assertEqual((row.id, row.values.dtype, row.log_sum_exp.tolist()), ("document 0", np.float16, [0.0] * 6))

    def test_ids_without_a_token_take_no_part(self):
        class Holes:
            name, fingerprint = "holes", "0123456789abcdef"

            def __len__(self):
                return 40

            def string(self, id):
                return None if id in (3, 7) else "x"

        logits = np.zeros((3, 40), np.float32)
        logits[:, [3, 7, 9]] = 50, 49, 1
        for given in [logits] if torch is None else [logits, torch.from_numpy(logits)]:
            with self.writer(tokenizer=Holes(), replace=True, values="float32") as store:
                store.add("d", [1, 2, 4], given)
                with self.assertRaisesRegex(DataError, r"document 1 \(e\), input_ids, row 1: 7 is no token of holes"):
                    store.add("e", [1, 7], logits[:2])
            row = TeacherStore(self.path("s"))[0]
            self.assertEqual(row.candidates.tolist(), [[9, 0, 1, 2]] * 3)
            np.testing.assert_allclose(row.values[0], np.array([1, 0, 0, 0]) - np.log(np.exp(1) + 37), rtol=1e-6)

    def test_bad_documents_are_refused_with_their_row_and_leave_nothing(self):
        ids, logits = self.rows(5)
        bad = {value: logits.copy() for value in (np.nan, np.inf, -np.inf)}
        for value, array in bad.items():
            array[3, slice(None) if value == -np.inf else 11] = value
        best = np.tile(np.arange(4), (5, 1))
        with self.writer() as store:
            store.add("first", ids, logits)
            for value, what in ((np.nan, "id 11 is NaN"), (np.inf, r"id 11 is \+Infinity"), (-np.inf, "every logit is -Infinity")):
                for given in [bad[value]] if torch is None else [bad[value], torch.from_numpy(bad[value])]:
                    with self.assertRaisesRegex(DataError, rf"document 1 \(x\): row 3: .*{what}"):
                        store.add("x", ids, given)
            for arguments, message in (
                ((ids, logits[:, :39]), "39 wide and the tokenizer has 40"), ((ids[:4], logits), "no rows for 4 tokens"), (([], logits[:0]), "no document"),
                (([1, 40], logits[:2]), "row 1: 40 is no token of tiny"), (([1.5], logits[:1]), "are no ids"),
            ):
                with self.assertRaisesRegex(DataError, message):
                    store.add("x", *arguments)
            for arguments, options, message in (
                ((best, np.zeros((5, 3))), {}, r"values have shape \(5, 3\)"), ((best + 37, np.zeros((5, 4))), {}, "candidates, row 0: 40 is no token"),
                ((best, np.tile([0., 1, 0, 0], (5, 1))), {}, "row 0: a value is NaN or .Infinity, or larger"), ((best, np.full((5, 4), np.nan)), {}, "row 0: a value is NaN"),
                ((best, np.full((5, 4), 1e6)), {}, "beyond float16"), ((best, np.zeros((5, 4))), {"log_sum_exp": np.zeros(4)}, "are not 5 numbers"),
                ((best, np.zeros((5, 4))), {"byte_offsets": [[0, 1]] * 4}, "byte_offsets have shape"), ((best, np.zeros((5, 4))), {"byte_offsets": [[0, 3]] * 5, "text": "ab"}, "outside of the text"),
                ((best, np.zeros((5, 4))), {"text": "\udc80"}, "no Unicode"),
            ):
                with self.assertRaisesRegex(DataError, message):
                    store.add_rows("x", ids, *arguments, **options)
            store.add("second", ids, logits)
        self.assertEqual([row.id for row in TeacherStore(self.path("s"))], ["first", "second"])

    def test_spans_and_texts(self):
        ids, logits = self.rows(3)
        with self.writer(keep_text=True) as store:
            store.add("chained", ids, logits, text="añb", byte_offsets=[[0, 1], [1, 3], [3, 4]])
            store.add("with gaps", ids, logits, text="a b c", byte_offsets=[[0, 1], [2, 3], [4, 5]])
            store.add("text alone", ids, logits, text="€")
            store.add("nothing", ids, logits)
        rows = list(TeacherStore(self.path("s")))
        self.assertEqual([None if r.spans is None else r.spans.tolist() for r in rows], [[[0, 1], [1, 3], [3, 4]], [[0, 1], [2, 3], [4, 5]], None, None])
        self.assertEqual([r.text_bytes for r in rows], [4, 5, 3, None])
        self.assertEqual([r.others for r in rows], [{"text": t} for t in ("añb", "a b c", "€", None)])

    def test_settings_out_of_range(self):
        for options, message in (
            ({"k": 0}, "k is 0"), ({"k": 41}, r"1\.\.40"), ({"value_kind": "probability"}, "value_kind"), ({"values": "int8"}, "values"), ({"ids": "u8"}, "ids"), ({"shard_tokens": 0}, "shard_tokens"),
            ({"tokenizer": StoreTokenizer("l", "f", 70000), "ids": "u16"}, "packed or u32"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                self.writer(**options)
        self.assertEqual(os.listdir(self.folder), [])

    def test_names_that_are_taken_and_writers_that_meet(self):
        ids, logits = self.rows(3)
        with self.writer() as store:
            store.add("d", ids, logits)
            with self.assertRaisesRegex(DataError, "another run is writing there"):
                self.writer(resume=True)
        with self.assertRaisesRegex(DataError, "exists already"):
            self.writer()
        os.makedirs(self.path("other", "thing"))
        with self.assertRaisesRegex(DataError, "is a folder but no store"):
            self.writer("other", replace=True)
        with self.assertRaisesRegex(DataError, "candidates of a model"):
            AlignedStore(self.path("s"))
        with self.assertRaisesRegex(DataError, "is no store"):
            TeacherStore(self.folder)
        self.writer("empty").close()
        self.assertEqual(sorted(os.listdir(self.folder)), ["other", "s"])

    def test_bits_of_every_width(self):
        generator = np.random.default_rng(2)
        for bits in range(1, 32):
            for count in (0, 1, 2, 7, 8, 9, 100):
                values = generator.integers(0, 2 ** bits, count)
                expected = sum(int(v) << (bits * i) for i, v in enumerate(values)).to_bytes((bits * count + 7) // 8, "little")
                packed = _store_format.pack(values.astype(np.int64), bits)
                self.assertEqual(packed.tobytes(), expected)
                self.assertEqual(_store_format.unpack(packed, bits, count).tolist(), values.tolist())


class FakeTokenizer:
    eos_token_id = 39

    def __call__(self, text, add_special_tokens):
        assert add_special_tokens is False
        return {"input_ids": [ord(c) % 32 for c in text]}


@needs_torch
class HuggingFaceTests(InFolder):
    def model(self):
        torch.manual_seed(3)

        class Model(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.embedding, self.recurrent, self.head = torch.nn.Embedding(48, 8), torch.nn.GRU(8, 8, batch_first=True), torch.nn.Linear(8, 48)

            def forward(self, input_ids, attention_mask):
                assert (attention_mask[:, 1:] <= attention_mask[:, :-1]).all() and attention_mask[:, 0].all() and attention_mask.any(0).all()
                return types.SimpleNamespace(logits=self.head(self.recurrent(self.embedding(input_ids))[0]))

        return Model().eval()

    def test_documents_do_not_depend_on_their_batch(self):
        model, texts = self.model(), [("a", "one two"), ("b", "x"), ("c", "three words more"), ("d", "y")]
        for name, size in (("one", 1), ("three", 3)):
            with TeacherStoreWriter(self.path(name), TINY, k=5, values="float32") as store:
                self.assertEqual(from_hugging_face(model, FakeTokenizer(), texts, store, batch_size=size), 4)
        for row, other, (name, text) in zip(TeacherStore(self.path("one")), TeacherStore(self.path("three")), texts):
            ids = FakeTokenizer()(text, add_special_tokens=False)["input_ids"] + [39]
            self.assertEqual((row.id, row.input_ids.tolist(), row.text_bytes), (name, ids, len(text)))
            exact = torch.log_softmax(model(torch.tensor([ids]), torch.ones(1, len(ids))).logits[0, :, :40].double(), 1).detach()
            np.testing.assert_allclose(row.values, exact.topk(5, 1)[0].numpy(), atol=1e-5)
            np.testing.assert_allclose(other.values, row.values, atol=1e-5)
            np.testing.assert_allclose(row.label_cross_entropy, [-exact[t, i] for t, i in enumerate(ids[1:])], atol=1e-5)

    def test_goes_on_where_it_was_stopped(self):
        texts = ["text %d" % i for i in range(40)]
        with self.assertRaises(DataError), TeacherStoreWriter(self.path("s"), TINY, k=5, shard_tokens=1) as store:
            from_hugging_face(self.model(), FakeTokenizer(), texts[:35] + [""], store)
        with TeacherStoreWriter(self.path("s"), TINY, k=5, shard_tokens=1, resume=True) as store:
            self.assertEqual(from_hugging_face(self.model(), FakeTokenizer(), iter(texts), store), 8)
        self.assertEqual([r.id for r in TeacherStore(self.path("s"))], [f"document {i}" for i in range(40)])

    def test_texts_and_models_that_do_not_fit(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=5) as store:
            with self.assertRaisesRegex(ValueError, "call model.eval"):
                from_hugging_face(self.model().train(), FakeTokenizer(), ["x"], store)
            with self.assertRaisesRegex(DataError, r"document 0 \(n\): has 5 tokens, where 4 are the most"):
                from_hugging_face(self.model(), FakeTokenizer(), [("n", "long")], store, max_length=4)
            with self.assertRaisesRegex(DataError, "document 0: is empty"):
                from_hugging_face(self.model(), FakeTokenizer(), [""], store)


def entry(values):
    return {id: types.SimpleNamespace(logprob=value, rank=None, decoded_token="x") for id, value in values.items()}


def answer(name="r", last=None, **changes):
    """Three tokens; at the second the document's own token is not among the three best."""
    prompt = [None, entry({5: -0.5, 7: -1.0, 2: -1.0, 9: -4.0}), entry({1: -0.25, 45: -0.5, 3: -2.0, 4: -3.0})]
    outputs = [types.SimpleNamespace(logprobs=None if last is None else [entry(last)])]
    return types.SimpleNamespace(**{"request_id": name, "prompt": "häh", "prompt_token_ids": [8, 9, 1], "prompt_logprobs": prompt, "outputs": outputs, **changes})


@needs_numpy
class VllmTests(InFolder):
    def test_answers_become_rows(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=3, values="float32") as store:
            self.assertEqual(from_vllm([answer("a"), answer("b", last={6: -0.1, 0: -3.0, 39: -3.0})], store), 2)
        first, second = TeacherStore(self.path("s"))
        self.assertEqual((first.id, first.input_ids.tolist(), first.text_bytes), ("a", [8, 9, 1], 4))
        # Equal ones by id; 45 is beyond the tokenizer's 40; the last row stands for nothing, or for what was generated.
        self.assertEqual(first.candidates.tolist(), [[5, 2, 7], [1, 3, 4], [1, 3, 4]])
        np.testing.assert_allclose(first.values, [[-0.5, -1, -1], [-0.25, -2, -3], [-np.log(3)] * 3], rtol=1e-6)
        np.testing.assert_allclose(first.label_cross_entropy, [4.0, 0.25])
        self.assertEqual(second.candidates.tolist()[2], [6, 0, 39])

    def test_names_and_going_on(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=3) as store:
            self.assertEqual(from_vllm([answer()], store, names=["x"]), 1)
            self.assertEqual(from_vllm([answer(), answer()], store, names=["x", "y"]), 1)
        self.assertEqual([r.id for r in TeacherStore(self.path("s"))], ["x", "y"])

    def test_answers_that_lack_something(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=3) as store:
            for changes, message in (
                ({"prompt_logprobs": None}, "ask for prompt_logprobs=3"), ({"prompt_token_ids": [8]}, "each of its 1 tokens"),
                ({"prompt_logprobs": [None, entry({1: 0.0, 2: -1.0}), None]}, "prompt_logprobs 1: has 2 candidates"), ({"prompt_token_ids": [8, 11, 1]}, "lacks the token that stands there, 11"),
                ({"prompt_token_ids": [8], "prompt_logprobs": [None]}, "max_tokens=1"),
            ):
                with self.assertRaisesRegex(DataError, message):
                    from_vllm([answer(**changes)], store)
        with TeacherStoreWriter(self.path("t"), TINY, k=3, value_kind="raw_logit") as store:
            with self.assertRaisesRegex(ValueError, "log-probabilities"):
                from_vllm([], store)


if __name__ == "__main__":
    unittest.main()
