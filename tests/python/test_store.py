"""Compact stores: against C#'s reader and writer, stopped by force, damaged, read in any order."""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import unittest

from pta_program import ROOT, InFolder, json_lines, needs_pta, pta, samples, vocabulary

sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
except ImportError:
    np = None
else:
    from ptakernels import _store_format
    from ptakernels.errors import DataError
    from ptakernels.store import AlignedStore, StoreTokenizer, TeacherStore, TeacherStoreWriter

    SP_A, SP_B = StoreTokenizer("spA", "d6bd56e2a4081371", 32000), StoreTokenizer("spB", "49a9368c3f5761c9", 24000)
    TINY = StoreTokenizer("tiny", "0123456789abcdef", 40)

needs_numpy = unittest.skipIf(np is None, "NumPy is not installed")


def rows_of(document, seed=0):
    """A sample's rows with what samples lack: log-sum-exps and label cross-entropies, made up."""
    chance = random.Random(f"{document['id']} {seed}")
    length = len(document["input_ids"])
    sums = [max(row) + chance.random() for row in document["per_step_logits"]]
    return {**document, "per_step_lse": sums, "per_step_metric_ce": [round(3 * chance.random(), 3) for _ in range(length - 1)]}


def write_samples(path, name, tokenizer, count, **options):
    with TeacherStoreWriter(path, tokenizer, k=10, **options) as store:
        for d in map(rows_of, samples(name, count)):
            store.add_rows(d["id"], d["input_ids"], d["per_step_indices"], d["per_step_logits"], log_sum_exp=d["per_step_lse"], label_cross_entropy=d["per_step_metric_ce"])


@needs_numpy
@needs_pta
class AgainstPtaTests(InFolder):
    def align(self, out, suffix, *options):
        pta("align", "--preset", "fusion", "--target", self.path("spA" + suffix), "--source", self.path("spB" + suffix), "--target-vocab", vocabulary("spA"),
            "--source-vocab", vocabulary("spB"), "--out", self.path(out), *options)

    def test_a_store_is_aligned_like_json_lines_of_its_rows(self):
        for name, tokenizer in (("spA", SP_A), ("spB", SP_B)):
            write_samples(self.path(name + ".store"), name, tokenizer, 6, value_kind="raw_logit", values="float64", shard_tokens=300)
            pta("store", "check", "--documents", self.path(name + ".store"))
            with open(self.path(name + ".jsonl"), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(rows_of(d)) + "\n" for d in samples(name, 6))
        self.align("aligned.store", ".store", "--values", "float64")
        self.align("aligned.jsonl", ".jsonl")
        lines = json_lines(self.path("aligned.jsonl"))
        self.assertGreater(sum(len(row) for line in lines for row in line["fused_indices"]), 1000)
        for rows, line in zip(AlignedStore(self.path("aligned.store")), lines):
            self.assertEqual((rows.id, rows.rules, rows.tokens.tolist()), (line["id"], line["rules"], [t for row in line["fused_indices"] for t in row]))
            np.testing.assert_allclose(rows.values, [v for row in line["fused_probs"] for v in row], rtol=1e-12)
            np.testing.assert_allclose(rows.missing, line["fused_missing"], rtol=0, atol=1e-12)
        # Imported by pta, the same rows are the same to the last bit; a mean is only written here.
        pta("store", "import", self.path("spA.jsonl"), "--vocab", vocabulary("spA"), "--value-kind", "raw-logit", "--values", "float64", "--out", self.path("imported.store"))
        for ours, theirs in zip(TeacherStore(self.path("spA.store")), TeacherStore(self.path("imported.store"))):
            self.assertAlmostEqual(ours.mean_cross_entropy, theirs.label_cross_entropy.mean(), 6)
            for mine, other in zip(ours._replace(mean_cross_entropy=None), theirs):
                np.testing.assert_equal(mine, other)

    def test_what_pta_imports_reads_back(self):
        for options in ((), ("--ids", "packed", "--values", "float32"), ("--ids", "u32", "--value-kind", "raw-logit", "--shard-tokens", "200")):
            with self.subTest(options=options):
                with open(self.path("in.jsonl"), "w", encoding="utf-8") as file:
                    file.writelines(json.dumps({**rows_of(d), "byte_offsets": [[t, t + 1] for t in range(len(d["input_ids"]))]}) + "\n" for d in samples("spA", 5))
                pta("store", "import", self.path("in.jsonl"), "--vocab", vocabulary("spA"), "--out", self.path("s.store"), "--force", *options)
                store = TeacherStore(self.path("s.store"))
                self.assertEqual((len(store), store.k, store.tokenizer), (5, 10, SP_A))
                for row, d in zip(store, map(rows_of, samples("spA", 5))):
                    self.assertEqual((row.id, row.input_ids.tolist(), row.candidates.tolist()), (d["id"], d["input_ids"], d["per_step_indices"]))
                    raw = row.values + (0 if store.value_kind == "raw_logit" else np.array(d["per_step_lse"])[:, None])
                    np.testing.assert_allclose(raw, d["per_step_logits"], rtol=0, atol=1e-2)
                    np.testing.assert_allclose(row.log_sum_exp, 0 if store.value_kind == "logprob" else d["per_step_lse"], rtol=1e-6)
                    np.testing.assert_allclose(row.label_cross_entropy, d["per_step_metric_ce"], rtol=1e-6)
                    self.assertEqual((row.spans.tolist()[:2], row.text_bytes), ([[0, 1], [1, 2]], len(d["input_ids"])))

    def test_an_aligned_store_equals_its_export(self):
        for name, tokenizer in (("spA", SP_A), ("spB", SP_B)):
            write_samples(self.path(name + ".store"), name, tokenizer, 8)
        for options in ((), ("--ids", "packed", "--values", "float64", "--shard-tokens", "200"), ("--values", "float32", "--mass", "renormalised", "--source", self.path("spB.store"), "--source-vocab", vocabulary("spB"))):
            with self.subTest(options=options):
                self.align("aligned.store", ".store", "--force", *options)
                pta("store", "export", self.path("aligned.store"), "--out", self.path("aligned.jsonl"), "--force")
                store = AlignedStore(self.path("aligned.store"))
                lines = json_lines(self.path("aligned.jsonl"))
                self.assertEqual((len(store), store.tokenizer, set(store.sources)), (len(lines), SP_A, {SP_B}))
                self.assertIn("P", "".join(line["rules"] for line in lines))
                for rows, line in zip(store, lines):
                    tokens = [rows.tokens[a:b].tolist() for a, b in zip(rows.starts, rows.starts[1:])]
                    self.assertEqual((rows.id, rows.input_ids.tolist(), rows.rules, tokens), (line["id"], line["input_ids"], line["rules"], line["fused_indices"]))
                    self.assertEqual(rows.sources.tolist(), line["source"])
                    np.testing.assert_allclose(rows.values, np.concatenate([np.array(r) for r in line["fused_probs"]]), rtol=0, atol=1e-7)
                    np.testing.assert_allclose(rows.missing, line["fused_missing"], rtol=0, atol=1e-7)
                    np.testing.assert_allclose(rows.kappa, line["kappa"], rtol=1e-6)

    def test_official_rows_by_source(self):
        for name, tokenizer in (("spA", SP_A), ("spB", SP_B)):
            write_samples(self.path(name + ".store"), name, tokenizer, 3, value_kind="raw_logit")
        pta("align", "--preset", "reference", "--target", self.path("spA.store"), "--source", self.path("spB.store"), "--target-vocab", vocabulary("spA"),
            "--source-vocab", vocabulary("spB"), "--out", self.path("aligned.store"), "--values", "float64")
        pta("store", "export", self.path("aligned.store"), "--target", self.path("spA.store"), "--out", self.path("aligned.jsonl"))
        store = AlignedStore(self.path("aligned.store"))
        with self.assertRaisesRegex(DataError, "ask for group"):
            store[0]
        for i, line in enumerate(json_lines(self.path("aligned.jsonl"))):
            rows = store.group(i, 0)
            self.assertEqual(rows.tokens.tolist(), [t for r in line["per_step_aligned_indices_0"] for t in r])
            np.testing.assert_allclose(rows.values, [v for r in line["per_step_aligned_logits_0"] for v in r], rtol=1e-12)

    def test_packed_ids_of_a_large_vocabulary(self):
        large = StoreTokenizer("large", "00112233aabbccdd", 131_073)  # 18 bits
        random_ids = np.random.default_rng(3).integers(0, large.tokens, (7, 8))
        with TeacherStoreWriter(self.path("s.store"), large, k=8, values="float32") as store:
            for length in range(1, 8):
                store.add_rows(f"d{length}", random_ids[:length, 0], random_ids[:length], np.zeros((length, 8)))
        pta("store", "check", "--documents", self.path("s.store"))
        pta("store", "export", self.path("s.store"), "--out", self.path("s.jsonl"))
        for row, line in zip(TeacherStore(self.path("s.store")), json_lines(self.path("s.jsonl"))):
            expected = random_ids[:len(row.input_ids)]
            self.assertEqual((line["per_step_indices"], line["input_ids"]), (expected.tolist(), expected[:, 0].tolist()))
            self.assertEqual((row.candidates.tolist(), row.input_ids.tolist()), (expected.tolist(), expected[:, 0].tolist()))

    def test_a_compressed_store_is_refused_or_read(self):
        write_samples(self.path("s.store"), "spA", SP_A, 2)
        pta("store", "reshard", self.path("s.store"), "--out", self.path("z.store"), "--zstd")
        try:
            row = TeacherStore(self.path("z.store"))[1]
        except DataError as error:
            self.assertRegex(str(error), "is compressed by zstd; install the package zstandard")
        else:
            self.assertEqual(row.candidates.tolist(), TeacherStore(self.path("s.store"))[1].candidates.tolist())

    def test_damage_is_found_by_both(self):
        write_samples(self.path("good"), "spA", SP_A, 3, shard_tokens=1)
        chance = random.Random(5)
        for file in ("shard-000000.arrow", "manifest.jsonl"):
            for _ in range(2):
                shutil.rmtree(self.path("s"), ignore_errors=True)
                shutil.copytree(self.path("good"), self.path("s"))
                with open(self.path("s", file), "r+b") as damaged:
                    at = chance.randrange(os.path.getsize(self.path("s", file)))
                    damaged.seek(at)
                    byte = damaged.read(1)[0]
                    damaged.seek(at)
                    damaged.write(bytes([byte ^ 1 << chance.randrange(8)]))
                with self.subTest(file=file, at=at):
                    with self.assertRaisesRegex(DataError, "pta store repair|describes no store"):
                        TeacherStore(self.path("s"))[0]
                    pta("store", "check", self.path("s"), fails=True)


WRITER_PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from ptakernels.store import StoreTokenizer, TeacherStoreWriter
with TeacherStoreWriter(sys.argv[2], StoreTokenizer("tiny", "0123456789abcdef", 40), k=4, shard_tokens=150, resume=True) as store:
    print(store.documents, flush=True)
    for number in range(store.documents, 200):
        generator = np.random.default_rng(number)
        length = int(generator.integers(1, 12))
        store.add(f"document {number}", generator.integers(0, 40, length), generator.normal(size=(length, 40)).astype(np.float32))
        if number == int(sys.argv[3]):
            print("there", flush=True)
            sys.stdin.readline()
"""


@needs_numpy
class ResumeTests(InFolder):
    def run_program(self, name, stop=-1):
        """Runs the writer; with ``stop`` it is killed after that document."""
        command = [sys.executable, "-c", WRITER_PROGRAM, os.path.join(ROOT, "native", "python"), self.path(name), str(stop)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True) as process:
            found = int(process.stdout.readline())
            if stop >= 0:
                self.assertEqual(process.stdout.readline(), "there\n")
                process.send_signal(signal.SIGKILL)
            process.communicate()
        return found

    def test_killed_and_resumed_gives_the_same_bytes(self):
        self.run_program("whole")
        whole = self.contents("whole")
        self.assertGreater(len(whole), 5)
        self.assertEqual(self.run_program("s", stop=20), 0)  # before the first shard
        self.assertEqual(self.run_program("s", stop=100), 0)
        left = self.run_program("s", stop=170)
        self.assertTrue(32 <= left <= 100 and left % 32 == 0, left)
        self.assertFalse(os.path.exists(self.path("s")))
        # A line that was half written, and files that are not listed, as a power failure leaves them.
        with open(self.path("s.partial", "manifest.jsonl"), "ab") as manifest:
            manifest.write(b'{"file":"shard-0000')
        with open(self.path("s.partial", "shard-000099.arrow"), "wb") as stray:
            stray.write(b"half")
        self.assertGreaterEqual(self.run_program("s"), left)
        self.assertEqual(self.contents("s"), whole)
        self.assertEqual([r.id for r in TeacherStore(self.path("s"))], [f"document {i}" for i in range(200)])

    def test_a_shard_that_went_missing_is_made_again_with_all_behind_it(self):
        self.run_program("whole")
        self.run_program("s", stop=199)
        with open(self.path("s.partial", "manifest.jsonl"), "r+b") as manifest:
            lines = manifest.read().splitlines(keepends=True)
            manifest.seek(len(lines[0] + lines[1] + lines[2]) + 30)  # the line of the third shard
            manifest.write(b"#")
        self.assertEqual(self.run_program("s", stop=199), 64)
        os.remove(self.path("s.partial", "shard-000001.arrow"))
        self.assertEqual(self.run_program("s"), 32)
        self.assertEqual(self.contents("s"), self.contents("whole"))

    def test_other_settings_do_not_go_on(self):
        self.run_program("s", stop=150)
        with self.assertRaisesRegex(DataError, "with other settings .*shard_tokens 150 instead of 1000000"):
            TeacherStoreWriter(self.path("s"), TINY, k=4, resume=True)
        with TeacherStoreWriter(self.path("s"), TINY, k=4) as store:
            self.assertEqual(store.documents, 0)
            store.add("new", [1], np.zeros((1, 40)))
        self.assertEqual([r.id for r in TeacherStore(self.path("s"))], ["new"])

    def test_an_exception_keeps_finished_shards(self):
        with self.assertRaises(KeyError), TeacherStoreWriter(self.path("s"), TINY, k=4, shard_tokens=1) as store:
            for i in range(40):
                store.add(str(i), [1, 2], np.zeros((2, 40)))
            raise KeyError
        with TeacherStoreWriter(self.path("s"), TINY, k=4, shard_tokens=1, resume=True) as store:
            self.assertEqual(store.documents, 32)
            store.add("32", [1, 2], np.zeros((2, 40)))
        self.assertEqual(len(TeacherStore(self.path("s"))), 33)


@needs_numpy
class ReaderTests(InFolder):
    def test_any_document_by_its_number_also_after_pickling(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=4, shard_tokens=40) as writer:
            for i in range(100):
                writer.add(f"d{i}", [i % 40] * (1 + i % 3), np.zeros((1 + i % 3, 40)))
        for store in (TeacherStore(self.path("s")), pickle.loads(pickle.dumps(TeacherStore(self.path("s"))))):
            for i in (99, 0, 31, 32, 64, 63, -1):
                self.assertEqual((store[i].id, len(store[i].input_ids)), (f"d{i % 100}", 1 + i % 100 % 3))
            self.assertEqual((len(store), store.tokens, store.splits), (100, sum(1 + i % 3 for i in range(100)), ("",)))
            for i in (100, -101):
                with self.assertRaises(IndexError):
                    store[i]
            with self.assertRaisesRegex(ValueError, "no split"):
                TeacherStore(self.path("s"), split="train")

    def test_damage_behind_the_check_ends_in_one_sentence(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=4) as writer:
            for i in range(5):
                writer.add(None, [1, 2, 3], np.zeros((3, 40)))
        with open(self.path("s", "shard-000000.arrow"), "rb") as file:
            whole = file.read()
        chance, refused = random.Random(4), 0
        for _ in range(300):
            damaged = bytearray(whole)
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            with open(self.path("s", "shard-000000.arrow"), "wb") as file:
                file.write(damaged)
            try:
                for row in TeacherStore(self.path("s"), verify=False):
                    self.assertLess(max(row.input_ids.max(), row.candidates.max()), 40)
            except DataError as error:
                refused += 1
                self.assertNotIn("\n", str(error))
        self.assertGreater(refused, 50)

    def test_manifests_that_are_none(self):
        with TeacherStoreWriter(self.path("s"), TINY, k=4) as writer:
            writer.add("d", [1], np.zeros((1, 40)))
        manifest = self.path("s", "manifest.jsonl")
        with open(manifest, "rb") as file:
            lines = file.read().splitlines(keepends=True)
        header = json.loads(lines[0])
        del header["check"]
        line = _store_format.line_of
        for content, message in (
            (b"", "is empty"), (b"".join(lines[:2]), "not complete"), (b"".join(lines)[:-1], "line 3 was cut off"), (lines[0] + lines[2], "disagrees"),
            (lines[0] + line({"file": "../x"}) + lines[2], "line 2 describes no shard"), (line({**header, "k": 65}) + lines[1] + lines[2], "line 1 describes no store"),
            (line({**header, "schema": 2}) + lines[1] + lines[2], "is of schema 2"), (lines[0] + b"{}\n" + lines[2], "line 2 is damaged"),
        ):
            with open(manifest, "wb") as file:
                file.write(content)
            with self.assertRaisesRegex(DataError, message):
                TeacherStore(self.path("s"))


if __name__ == "__main__":
    unittest.main()
