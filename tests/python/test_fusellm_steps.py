"""The official steps as commands: folders and files in and out, as pta writes them too, and one sentence for what is wrong."""

import contextlib
import functools
import io
import json
import os
import sys
import tempfile
import types
import unittest

from fusellm_cases import LlamaTokenizer, read_folder, tokenizer, vocabulary_file, write_folder
from pta_program import needs_pta, pta
from support import needs_numpy, numpy, sample_rows, vocabulary

from ptakernels import DataError, fusellm, official_map
from ptakernels.fusellm.__main__ import main
from ptakernels.fusellm.model_tokenizers import load_tokenizer
from ptakernels.fusellm.progress import Progress

SPLITS = {"train": (0, 6), "validation": (6, 9), "test": (9, 10)}


class StepTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.shared = folder.name
        if numpy is not None:
            for name in ("spA", "gpt2", "spB"):
                write_folder(os.path.join(cls.shared, name), name, SPLITS)
        cls.maps = {source: official_map(vocabulary(source), vocabulary("spA")) for source in ("gpt2", "spB")}
        for source, entries in cls.maps.items():
            with open(os.path.join(cls.shared, f"{source}.json"), "w", encoding="utf-8") as file:
                json.dump(entries, file)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def step(self, name, **flags):
        """Exit status, standard output and standard error."""
        arguments = [name]
        for flag, value in flags.items():
            arguments += [f"--{flag}", str(value)]
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            try:
                status = main(arguments)
            except SystemExit as exit:
                status = exit.code
        return status, output.getvalue(), errors.getvalue()

    def align(self, step="token_alignment_ot", source="gpt2", out="aligned", **changes):
        flags = dict(
            base_model_name_or_path=vocabulary_file("spA"), blending_model_name_or_path=vocabulary_file(source),
            base_dataset_dir=os.path.join(self.shared, "spA"), blending_dataset_dir=os.path.join(self.shared, source), dataset_save_dir=self.path(out),
            vocab_align_type="soft",
            vocab_mapping_save_dir=os.path.join(self.shared, f"{source}.json"),
        )
        return self.step(step, **{flag: value for flag, value in dict(flags, **changes).items() if value is not None})

    def refused(self, sentence, **changes):
        status, output, errors = self.align(**changes)
        self.assertEqual((status, output), (1, ""), errors)
        self.assertRegex(errors, sentence)
        self.assertEqual(len(errors.splitlines()), 1)
        self.assertEqual(os.listdir(self.folder), [])


@needs_numpy
class AlignmentTests(StepTests):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        from ptakernels.fusellm import token_alignment

        load, token_alignment.load_tokenizer = token_alignment.load_tokenizer, functools.lru_cache(maxsize=None)(token_alignment.load_tokenizer)
        cls.addClassCleanup(setattr, token_alignment, "load_tokenizer", load)

    def test_columns_and_rows_are_the_official_ones(self):
        status, output, errors = self.align()
        self.assertEqual((status, errors), (0, ""))
        self.assertRegex(output, "aligned: 10 documents in 3 splits")
        found, base = read_folder(self.path("aligned")), read_folder(os.path.join(self.shared, "spA"))
        self.assertEqual(list(found), list(SPLITS))
        for split, (first, last) in SPLITS.items():
            self.assertEqual(list(found[split]), [
                "input_ids", "attention_mask", "labels", "per_step_logits", "per_step_indices", "metric_ce", "per_step_aligned_logits_0",
                "per_step_aligned_indices_0", "metric_ce_aligned_0",
            ])
            lengths = [len(ids) for ids in found[split]["input_ids"]]
            for name in ("per_step_logits", "per_step_indices"):
                self.assertEqual(found[split][name], [rows[:length] for rows, length in zip(base[split][name], lengths)])
            self.assertEqual(found[split]["metric_ce_aligned_0"], [1 + place / 8 for place in range(last - first)])
            for place in range(first, last):
                target, source = sample_rows("spA")[place], sample_rows("gpt2")[place]
                logits, indices = fusellm.transform_step_logits_ot(
                    tokenizer("spA"), tokenizer("gpt2"), tokenizer("spA").get_vocab(), target["input_ids"], source["input_ids"], source["per_step_logits"],
                    target["per_step_logits"], target["per_step_indices"], source["per_step_indices"], "soft", self.maps["gpt2"],
                )
                self.assertEqual(found[split]["per_step_aligned_logits_0"][place - first], logits)
                self.assertEqual(found[split]["per_step_aligned_indices_0"][place - first], indices)

    @needs_pta
    def test_pta_aligns_the_same(self):
        self.align()
        pta("align", "--preset", "reference", "--target", os.path.join(self.shared, "spA"), "--target-vocab", vocabulary_file("spA"), "--source",
            os.path.join(self.shared, "gpt2"), "--source-vocab", vocabulary_file("gpt2"), "--out", self.path("pta"))
        self.assertEqual(read_folder(self.path("aligned")), read_folder(self.path("pta")))

    def test_a_second_blending_model(self):
        self.align(out="first")
        status, _, errors = self.align(source="spB", base_dataset_dir=self.path("first"), blending_model_index=1)
        self.assertEqual((status, errors), (0, ""))
        found, first = read_folder(self.path("aligned")), read_folder(self.path("first"))
        for split in SPLITS:
            self.assertEqual(list(found[split])[-3:], ["per_step_aligned_logits_1", "per_step_aligned_indices_1", "metric_ce_aligned_1"])
            self.assertEqual({name: found[split][name] for name in first[split]}, first[split])

    def test_hard_without_a_map_and_without_transport(self):
        for step in ("token_alignment", "token_alignment_ot"):
            status, _, errors = self.align(step, out=step, vocab_align_type=None, vocab_mapping_save_dir=None, preprocessing_num_workers=1, batch_size=2)
            self.assertEqual((status, errors), (0, ""))
        found = read_folder(self.path("token_alignment"))
        self.assertEqual(found, read_folder(self.path("token_alignment_ot")))
        target, source = sample_rows("spA")[0], sample_rows("gpt2")[0]
        expected = fusellm.transform_step_logits(
            tokenizer("spA"), tokenizer("gpt2"), tokenizer("spA").get_vocab(), target["input_ids"], source["input_ids"], source["per_step_logits"],
            source["per_step_indices"],
        )
        self.assertEqual((found["train"]["per_step_aligned_logits_0"][0], found["train"]["per_step_aligned_indices_0"][0]), expected)

    def test_metrics_per_token(self):
        self.align(metric_level="token")
        found, base = read_folder(self.path("aligned")), read_folder(os.path.join(self.shared, "spA"))
        self.assertNotIn("metric_ce", found["train"])
        self.assertEqual(found["train"]["per_step_metric_ce"], base["train"]["per_step_metric_ce"])
        lengths = [len(row["input_ids"]) for row in sample_rows("gpt2")[:6]]
        whole = read_folder(os.path.join(self.shared, "gpt2"))["train"]["per_step_metric_ce"]
        self.assertEqual(found["train"]["per_step_metric_ce_aligned_0"], [values[:length] for values, length in zip(whole, lengths)])

    def test_an_older_output_is_replaced_and_nothing_else(self):
        self.align()
        before = read_folder(self.path("aligned"))
        self.assertEqual(self.align(logits_number=5)[0], 0)
        self.assertNotEqual(read_folder(self.path("aligned")), before)
        self.assertEqual(os.listdir(self.folder), ["aligned"])
        os.makedirs(self.path("thesis", "chapter"))
        self.assertRegex(self.align(out="thesis")[2], "is a folder but no dataset")

    def test_what_a_killed_run_left_is_no_output_and_in_nobodys_way(self):
        os.makedirs(self.path("aligned.partial", "train"))
        with open(self.path("aligned.partial", "train", "shard-00000"), "w") as file:
            file.write("half")
        self.assertEqual(self.align()[0], 0)
        self.assertEqual(os.listdir(self.folder), ["aligned"])

    def test_an_interrupted_run_leaves_nothing(self):
        from ptakernels.fusellm import transfer

        align, calls = transfer.Aligner.align, []

        def interrupted(self, documents, threads):
            if calls:
                raise KeyboardInterrupt
            calls.append(documents)
            return align(self, documents, threads)

        transfer.Aligner.align = interrupted
        try:
            status, output, errors = self.align(batch_size=2)
        finally:
            transfer.Aligner.align = align
        self.assertEqual((status, output, os.listdir(self.folder)), (130, "", []))
        self.assertRegex(errors, "stopped; nothing was written")

    def test_folders_that_do_not_belong_together(self):
        self.refused("is no dataset folder", base_dataset_dir=os.path.join(self.shared, "none"))
        self.refused("is, holds or lies in the input", dataset_save_dir=os.path.join(self.shared, "spA", "out"))
        for name, splits, drop, sentence in (
            ("short", dict(SPLITS, train=(0, 5)), (), "has 5 rows where the base's split train has 6"),
            ("other", {"train": (0, 6)}, (), "has no split validation"),
            ("plain", SPLITS, ("metric_ce",), "has no column metric_ce"),
        ):
            with tempfile.TemporaryDirectory() as folder:
                self.refused(sentence, blending_dataset_dir=write_folder(os.path.join(folder, name), "gpt2", splits, drop=drop))
        self.refused("needs --vocab_mapping_save_dir", vocab_mapping_save_dir=None)
        self.refused("cannot be read as a vocabulary map", vocab_mapping_save_dir=os.path.join(self.shared, "none.json"))

    def test_a_bad_document_is_named_and_leaves_no_output(self):
        def cut(split, place, row):
            if (split, place) == ("validation", 1):
                row["per_step_indices"] = row["per_step_indices"][:3]

        def misplace(split, place, row):
            if (split, place) == ("train", 4):
                row["input_ids"] = [10**6] + list(row["input_ids"][1:])

        def empty(split, place, row):
            if (split, place) == ("train", 5):
                row["input_ids"] = []

        for change, sentence in (
            (cut, "split validation, row 1, column per_step_indices: 3 positions for [0-9]+ input_ids"),
            (misplace, "split train, row 4: position 0: base id 1000000 has no token"),
            (empty, "split train, row 5: the base has no tokens"),
        ):
            with tempfile.TemporaryDirectory() as folder:
                self.refused(sentence, base_dataset_dir=write_folder(os.path.join(folder, "bad"), "spA", SPLITS, change))

    def test_the_same_index_twice(self):
        self.align()
        status, _, errors = self.align(out="twice", base_dataset_dir=self.path("aligned"))
        self.assertEqual(status, 1)
        self.assertRegex(errors, "already has a column per_step_aligned_logits_0; give another --blending_model_index")


class UsageTests(StepTests):
    def test_wrong_use(self):
        for flags in (dict(vocab_align_type="middle"), dict(metric_level="word"), dict(base_dataset_dir=None), dict(batch_size="many")):
            self.assertEqual(self.align(**flags)[0], 2)
        for flag, value in (("logits_number", 0), ("epsilon_input", 0)):
            status, _, errors = self.align(**{flag: value})
            self.assertEqual(status, 2)
            self.assertRegex(errors, f"--{flag} is {value}")
        self.assertEqual(self.step("token_packing")[0], 2)
        self.assertEqual(self.align("token_alignment", logits_number=3)[0], 2)

    def test_names_of_models(self):
        asked = []

        class AutoTokenizer:
            @staticmethod
            def from_pretrained(name, **options):
                asked.append((name, options["use_fast"], options["trust_remote_code"]))
                if name == "absent/llama":
                    raise OSError("no such\nmodel")
                return LlamaTokenizer(["a"])

        before = sys.modules.get("transformers")
        try:
            sys.modules["transformers"] = None
            with self.assertRaisesRegex(DataError, "meta/Llama-2: is no file or folder.* needs the package transformers"):
                load_tokenizer("meta/Llama-2")
            sys.modules["transformers"] = types.SimpleNamespace(AutoTokenizer=AutoTokenizer)
            self.assertIsInstance(load_tokenizer("meta/Llama-2"), LlamaTokenizer)
            load_tokenizer("mosaicml/mpt-7b")
            with self.assertRaisesRegex(DataError, "absent/llama: transformers has no tokenizer of that name \\(no such model\\)"):
                load_tokenizer("absent/llama")
        finally:
            sys.modules.pop("transformers")
            if before is not None:
                sys.modules["transformers"] = before
        self.assertEqual(asked[:2], [("meta/Llama-2", False, False), ("mosaicml/mpt-7b", True, False)])

    def test_progress(self):
        class Stream(io.StringIO):
            def __init__(self, terminal):
                super().__init__()
                self.isatty = lambda: terminal

        for terminal, start in ((False, "work: 3 of 4 things, "), (True, "\r\x1b[Kwork: 3 of 4 things, ")):
            stream = Stream(terminal)
            with Progress("work", "things", 4, stream) as progress:
                progress._last -= 100
                progress.add(3, "half")
                progress.add(1)
            self.assertTrue(stream.getvalue().startswith(start))
            self.assertRegex(stream.getvalue(), "[0-9]+ things/s, [0-9]+ s left, half")
            self.assertEqual(stream.getvalue().endswith("\r\x1b[K"), terminal)


class MappingStepTests(StepTests):
    def small(self, name, kind, tokens):
        marker = "\u2581" if kind == "LlamaTokenizer" else "\u0120"
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump({"name": name, "class": kind, "special": marker, "eos_id": 0, "tokens": tokens}, file)
        return self.path(name)

    def map(self, **changes):
        base = self.small("base.json", "LlamaTokenizer", ["</s>", "\u2581house", "mouse", None, "\u00e9"])
        blending = self.small("blending.json", "GPTNeoXTokenizerFast", ["<|endoftext|>", "\u0120house", "\u0120mouse", "hose", "\u0120"])
        flags = dict(base_model_name_or_path=base, blending_model_name_or_path=blending, dataset_dir="unused", vocab_mapping_save_dir=self.path("map.json"))
        return self.step("vocab_mapping", **dict(flags, **changes))

    def test_the_file(self):
        for _ in range(2):  # the second one replaces the first
            status, output, errors = self.map()
            self.assertEqual((status, errors), (0, ""))
            self.assertRegex(output, "5 tokens in the blending vocabulary, 5 in the map, 1 best matched")
            with open(self.path("map.json"), encoding="utf-8") as file:
                found = json.load(file)
            self.assertEqual(list(found.items()), [
                ("<|endoftext|>", "</s>"), ("\u2581house", "\u2581house"), ("\u2581mouse", "\u2581house"), ("hose", "\u2581house"),
                ("\u2581", "\u00e9"),
            ])
            self.assertEqual(sorted(os.listdir(self.folder)), ["base.json", "blending.json", "map.json"])

    def test_where_nothing_can_be_written(self):
        status, _, errors = self.map(vocab_mapping_save_dir=self.path("none", "map.json"))
        self.assertEqual(status, 1)
        self.assertRegex(errors, "its folder does not exist")

    @needs_numpy
    def test_co_occurrence_needs_an_encoder(self):
        status, _, errors = self.map(vocab_mapping_type="co_occurrence", dataset_dir=os.path.join(self.shared, "spA"))
        self.assertEqual(status, 1)
        self.assertRegex(errors, "co_occurrence encodes the validation split, which a file of tokens cannot do")
        self.assertRegex(self.map(vocab_mapping_type="co_occurrence", dataset_dir=self.folder)[2], "is no dataset folder")

    @needs_numpy
    def test_co_occurrence_with_an_encoder(self):
        class Letters(LlamaTokenizer):
            model_max_length = 100

            def __call__(self, texts, add_special_tokens, max_length, truncation):
                return {"input_ids": [[self.tokens.index(c) for c in text if c in self.tokens] for text in texts]}

        fusellm.register_tokenizer(Letters, "\u2581")
        self.addCleanup(lambda: fusellm.TOKENIZER_TO_SPECIAL_TOKEN.pop(Letters))
        from ptakernels.fusellm import mapping_step

        # "e" of the blending model is one edit from every base letter; the base's "f" stands where its "e" stands.
        known = {"base": Letters(list("gabcf")), "blending": Letters(list("abce"))}
        load, mapping_step.load_tokenizer = mapping_step.load_tokenizer, lambda name, *_: known[name]
        texts, mapping_step._texts = mapping_step._texts, lambda folder: ["abeab", "abfab", "gcc"]
        try:
            status, output, errors = self.step(
                "vocab_mapping", base_model_name_or_path="base", blending_model_name_or_path="blending", dataset_dir="x",
                vocab_mapping_save_dir=self.path("map.json"), vocab_mapping_type="co_occurrence", window_size=2,
            )
        finally:
            mapping_step.load_tokenizer, mapping_step._texts = load, texts
        self.assertEqual((status, errors), (0, ""))
        self.assertRegex(output, "Co-occurrence updated 1 tokens")
        with open(self.path("map.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), {"a": "a", "b": "b", "c": "c", "e": "f"})
        with open(self.path("map_updated_log.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), {"e": {"default": "g", "co-occurrence": "f"}})


if __name__ == "__main__":
    unittest.main()
