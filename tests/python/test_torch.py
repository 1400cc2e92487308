"""The fusion loss against a dense formula, golden training and finite differences; datasets and batches; a training run on two processes against one."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import pickle
import random
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

from pta_program import ROOT, needs_pta, pta

sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
    import torch
except ImportError:
    np = torch = None
else:
    from ptakernels._arrow_columns import column_of
    from ptakernels._store_format import StoreHeader, TokenIds
    from ptakernels._store_writer import ShardedWriter
    from ptakernels.store import AlignedRows, AlignedStore
    from ptakernels.torch import AlignedDataset, Collate, FusionBatch, fused_head_loss, fusion_loss

needs_torch = unittest.skipIf(torch is None, "torch is not installed")


def draw(seed, rows, vocabulary, most=5, tail=True):
    """Targets of which some have no label, some no distribution, some neither, some a token without mass: next_ids, starts, tokens, probs, missing."""
    chance = random.Random(seed)
    labels, starts, tokens, probs, missing = [], [0], [], [], []
    for _ in range(rows):
        labels.append(-1 if chance.random() < 0.25 else chance.randrange(vocabulary))
        taught = 0 if chance.random() < 0.25 else chance.randint(1, most)
        left = chance.random() if taught and tail and chance.random() < 0.75 else 0.0
        raw = [0.0 if chance.random() < 0.1 else chance.random() + 0.01 for _ in range(taught)]
        if taught and not sum(raw):
            raw[0] = 1.0
        tokens += chance.sample(range(vocabulary), taught)
        probs += [r / sum(raw) * (1 - left) for r in raw]
        missing.append(left if taught else math.nan)
        starts.append(len(tokens))
    return (torch.tensor(labels), torch.tensor(starts), torch.tensor(tokens, dtype=torch.long), torch.tensor(probs, dtype=torch.float64), torch.tensor(missing, dtype=torch.float64))


def dense(logits, labels, starts, tokens, probs, missing):
    """Sums and counts by a dense softmax, a position at a time, with recorded gradients (SPEC A3.3)."""
    next_token = fusion = logits.sum() * 0
    counts = [0, 0]
    for row, q in enumerate(torch.softmax(logits, -1)):
        span = range(int(starts[row]), int(starts[row + 1]))
        if labels[row] >= 0:
            next_token, counts[0] = next_token - q[labels[row]].log(), counts[0] + 1
        if span:
            counts[1] += 1
            support = [i for i in span if probs[i] > 0]
            fusion = fusion - sum(probs[i] * q[tokens[i]].log() for i in support)
            if missing[row] > 0:
                fusion = fusion - missing[row] * torch.clamp(1 - sum(q[tokens[i]] for i in support), min=1e-6).log()
    return next_token, fusion, counts


@needs_torch
class LossTests(unittest.TestCase):
    def logits(self, seed, rows, vocabulary, kind=None):
        torch.manual_seed(seed)
        return (2 * torch.randn(rows, vocabulary, dtype=torch.float64)).to(kind or torch.float64).requires_grad_()

    def test_agrees_with_the_dense_formula_in_float64(self):
        for seed, rows, tail in ((1, 1, True), (2, 17, True), (3, 40, False), (4, 40, True)):
            targets = draw(seed, rows, 20, tail=tail)
            ours, theirs = self.logits(seed, rows, 23), self.logits(seed, rows, 23)
            next_token, fusion, counts = dense(theirs, *targets)
            (0.7 * next_token + 0.3 * fusion).backward()
            for chunk_bytes in (8 * 23, 8 * 23 * 7, None):
                with self.subTest(seed=seed, chunk_bytes=chunk_bytes):
                    ours.grad = None
                    loss = fusion_loss(ours, *targets, chunk_bytes=chunk_bytes)
                    (0.7 * loss.clm_sum + 0.3 * loss.fusion_sum).backward()
                    self.assertAlmostEqual(loss.clm_sum.item(), next_token.item(), 11)
                    self.assertAlmostEqual(loss.fusion_sum.item(), fusion.item(), 11)
                    self.assertEqual(loss.counts.tolist(), counts)
                    self.assertLess((ours.grad - theirs.grad).abs().max().item(), 1e-12)

    def test_gradients_by_finite_differences(self):
        targets = draw(5, 6, 7, most=3)

        def by_logits(logits):
            loss = fusion_loss(logits, *targets, chunk_bytes=8 * 7 * 4)
            return loss.clm_sum, loss.fusion_sum

        def by_hidden(hidden, weight):
            loss = fused_head_loss(hidden, weight, *targets, chunk_bytes=8 * 7 * 4)
            return loss.clm_sum, loss.fusion_sum

        torch.manual_seed(5)
        self.assertTrue(torch.autograd.gradcheck(by_logits, (self.logits(5, 6, 7),)))
        hidden, weight = torch.randn(6, 3, dtype=torch.float64, requires_grad=True), torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
        self.assertTrue(torch.autograd.gradcheck(by_hidden, (hidden, weight)))

    def test_the_head_inside_is_the_head_outside(self):
        targets = draw(6, 30, 50)
        torch.manual_seed(6)
        for kind, digits in ((torch.float64, 1e-12), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)):
            hidden, weight = torch.randn(3, 10, 8), torch.randn(50, 8)
            one = [t.to(kind).requires_grad_() for t in (hidden, weight)]
            two = [t.to(kind).requires_grad_() for t in (hidden, weight)]
            shaped = (targets[0].reshape(3, 10), *targets[1:])
            inside = fused_head_loss(*one, *shaped, weight=0.4, reduction="mean", chunk_bytes=4 * 50 * 7)
            outside = fusion_loss(two[0] @ two[1].t(), *shaped).total(0.4)
            inside.backward()
            outside.backward()
            self.assertLess(abs(inside.item() - outside.item()), digits)
            for a, b in zip(one, two):
                self.assertEqual((a.grad.dtype, a.grad.shape), (kind, a.shape))
                self.assertLess((a.grad - b.grad).abs().max().item(), digits)

    def test_a_weight_of_another_type_and_one_that_is_not_trained(self):
        targets = draw(7, 20, 30)
        torch.manual_seed(7)
        hidden, weight = torch.randn(20, 4).bfloat16().requires_grad_(), torch.randn(30, 4)
        fused_head_loss(hidden, weight, *targets).total(0.5).backward()
        self.assertEqual((hidden.grad.dtype, weight.grad), (torch.bfloat16, None))
        weight.requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = fused_head_loss(hidden.detach(), weight, *targets).total(0.5)
        loss.backward()
        self.assertEqual(weight.grad.dtype, torch.float32)

    def test_narrow_types_come_near_float64(self):
        targets = draw(8, 60, 200, most=10)
        exact = self.logits(8, 60, 200)
        loss = fusion_loss(exact, *targets).total(0.5)
        loss.backward()
        for kind, digits in ((torch.float32, 1e-6), (torch.bfloat16, 1e-2), (torch.float16, 2e-3)):
            logits = self.logits(8, 60, 200, kind)
            near = fusion_loss(logits, *(t.float() if t.is_floating_point() else t for t in targets)).total(0.5)
            near.backward()
            self.assertLess(abs(near.item() - loss.item()), digits * loss.item())
            self.assertLess((logits.grad.double() - exact.grad).abs().max(), digits * exact.grad.abs().max())

    def test_a_student_that_is_sure_of_the_support(self):
        for sureness in (8, 15, 20, 60, 800):
            base = torch.tensor([[1.0, 0.99, 0, -1]], dtype=torch.float64) * sureness
            targets = (torch.tensor([0]), torch.tensor([0, 2]), torch.tensor([0, 1]), torch.tensor([0.5, 0.2]).double(), torch.tensor([0.3]).double())
            one, two = base.clone().requires_grad_(), base.clone().requires_grad_()
            loss = fusion_loss(one, *targets).total(0.5)
            next_token, fusion, _ = dense(two, *targets)
            loss.backward()
            ((next_token + fusion) / 2).backward()
            self.assertAlmostEqual(loss.item(), ((next_token + fusion) / 2).item(), 9)
            self.assertLess((one.grad - two.grad).abs().max().item(), 1e-7)

    def test_positions_that_teach_nothing_are_never_looked_at(self):
        logits = torch.randn(3, 6)
        logits[1] = math.nan
        logits.requires_grad_()
        none = (torch.full((3,), -1), torch.zeros(4, dtype=torch.long), torch.zeros(0, dtype=torch.long), torch.zeros(0), torch.full((3,), math.nan))
        loss = fusion_loss(logits, *none)
        loss.total(0.5).backward()
        self.assertEqual((loss.total(0.5).item(), loss.counts.tolist(), logits.grad.abs().max().item()), (0, [0, 0], 0))
        empty = fusion_loss(logits[:0], none[0][:0], torch.zeros(1, dtype=torch.long), *none[2:4], none[4][:0])
        self.assertEqual(empty.total(0.5).item(), 0)
        labels = (torch.tensor([1, -1, 2]), *none[1:])
        self.assertTrue(math.isfinite(fusion_loss(logits, *labels).total(0.5).item()))

    def test_shares_of_a_step_add_up_and_a_step_without_teacher_is_the_next_token(self):
        logits, targets = self.logits(9, 40, 20), draw(9, 40, 20)
        whole = fusion_loss(logits, *targets)
        counts, shares = whole.counts, []
        for rows in (slice(0, 13), slice(13, 14), slice(14, 40)):
            first, last = int(targets[1][rows.start]), int(targets[1][rows.stop])
            part = (targets[0][rows], targets[1][rows.start:rows.stop + 1] - first, targets[2][first:last], targets[3][first:last], targets[4][rows])
            shares.append(fusion_loss(logits[rows], *part).total(0.35, counts).item())
        self.assertAlmostEqual(sum(shares), whole.total(0.35).item(), 12)
        self.assertAlmostEqual(sum(shares), whole.total(0.35, tuple(counts.tolist())).item(), 12)
        plain = fusion_loss(logits, targets[0], torch.zeros(41, dtype=torch.long), targets[2][:0], targets[3][:0], torch.zeros(40))
        expected = torch.nn.functional.cross_entropy(logits, targets[0], ignore_index=-1)
        self.assertAlmostEqual(plain.total(0.35).item(), expected.item(), 12)
        with self.assertRaisesRegex(ValueError, "weight is 1.5"):
            whole.total(1.5)

    def test_targets_that_are_none(self):
        logits = torch.zeros(2, 6)
        good = dict(next_ids=[1, -1], starts=[0, 2, 2], tokens=[1, 3], probs=[0.5, 0.5], missing=[0.0, 0.0])
        for change, message in (
            ({"tokens": [1, 1]}, "position 0: token 1 stands twice"), ({"tokens": [1, 6]}, "1 to 6 are none of 6"), ({"tokens": [-1, 3]}, "-1 to 3"), ({"next_ids": [6, 0]}, "6 is none of 6"),
            ({"probs": [math.nan, 0.5]}, r"probability is not in \[0, 1\]"), ({"missing": [-0.5, 0]}, "missing mass"), ({"starts": [0, 3, 2]}, "do not rise"), ({"starts": [0, 2]}, "do not fit"),
            ({"probs": [1.0]}, "do not fit"), ({"next_ids": [1]}, "do not fit"),
        ):
            with self.assertRaisesRegex(ValueError, message):
                fusion_loss(logits, **{k: torch.tensor(v) for k, v in {**good, **change}.items()})
        tensors = {k: torch.tensor(v) for k, v in good.items()}
        with self.assertRaisesRegex(ValueError, "reduction is 'mean'"):
            fusion_loss(logits, **tensors, reduction="mean")
        with self.assertRaisesRegex(ValueError, "do not fit an output matrix"):
            fused_head_loss(torch.zeros(2, 3), torch.zeros(6, 4), **tensors)

    def test_no_tensor_of_all_positions_and_the_vocabulary(self):
        rows, vocabulary, chunk = 256, 1000, 16
        targets = draw(10, rows, vocabulary)
        hidden, weight = torch.randn(rows, 8, requires_grad=True), torch.randn(vocabulary, 8, requires_grad=True)
        with torch.autograd.profiler.profile(profile_memory=True) as profile:
            fused_head_loss(hidden, weight, *targets, chunk_bytes=chunk * vocabulary * 4).total(0.5).backward()
        largest = max(event.cpu_memory_usage for event in profile.function_events if event.name.startswith("aten::"))
        self.assertLess(largest, 4 * chunk * vocabulary * 4)
        self.assertLess(8 * largest, 8 * rows * vocabulary * 4)


def read_safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    kinds = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}
    return {
        name: torch.frombuffer(bytearray(data[8 + size + e["data_offsets"][0]:8 + size + e["data_offsets"][1]]), dtype=kinds[e["dtype"]]).reshape(e["shape"])
        for name, e in json.loads(data[8:8 + size]).items() if name != "__metadata__" and not name.endswith("inv_freq")
    }


@needs_torch
class GoldenTests(unittest.TestCase):
    """tests/golden/training/loss_curve.json, which C#'s trainer is held to as well: 50 steps of training by an independent program in float64."""

    def test_the_golden_loss_curve(self):
        golden = os.path.join(ROOT, "tests", "golden")
        with open(os.path.join(golden, "training", "loss_curve.json"), encoding="utf-8") as file:
            expected = json.load(file)
        spec = importlib.util.spec_from_file_location("models", os.path.join(ROOT, "tests", "independent", "models", "make_model_goldens.py"))
        models = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(models)
        with open(os.path.join(golden, "models", "llama", "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        weights = {n: t.double().requires_grad_() for n, t in read_safetensors(os.path.join(golden, "models", "llama", "model.safetensors")).items()}
        options, sequences = expected["options"], expected["sequences"]
        matrices, vectors = [w for w in weights.values() if w.dim() >= 2], [w for w in weights.values() if w.dim() < 2]
        optimiser = torch.optim.AdamW([{"params": matrices, "weight_decay": options["weight_decay"]}, {"params": vectors, "weight_decay": 0.0}], betas=(0.9, 0.95), eps=1e-8)
        rising = math.ceil(options["warm_up"] * options["steps"])
        for step, there in enumerate(expected["curve"][:20]):
            fall = 0.5 * (1 + math.cos(math.pi * (step - rising) / (options["steps"] - rising)))
            for group in optimiser.param_groups:
                group["lr"] = options["learning_rate"] * ((step + 1) / rising if step < rising else fall)
            optimiser.zero_grad()
            losses = [self.loss(models, config, weights, one) for one in sequences]
            counts = sum(loss.counts for loss in losses)
            sum(loss.total(options["weight"], counts) for loss in losses).backward()
            norm = torch.nn.utils.clip_grad_norm_(list(weights.values()), options["clip"])
            optimiser.step()
            found = {"next_token": sum(loss.clm_sum for loss in losses) / counts[0], "fusion": sum(loss.fusion_sum for loss in losses) / counts[1], "gradient_norm": norm}
            for name, value in found.items():
                self.assertAlmostEqual(value.item(), there[name], 9, f"step {step}, {name}")

    @staticmethod
    def loss(models, config, weights, one):
        segments, rows = one["segments"], one["rows"]
        positions = torch.tensor([i - segments.index(s) for i, s in enumerate(segments)])
        logits = models.llama({**config, "longest": int(positions.max()) + 1}, weights, torch.tensor(one["ids"]), positions, segments)
        starts = np.cumsum([0] + [len(r["ids"]) for r in rows])
        flat = lambda name, kind: torch.tensor([v for r in rows for v in r[name]], dtype=kind)
        return fusion_loss(logits, torch.tensor(one["labels"]), torch.from_numpy(starts), flat("ids", torch.long), flat("masses", torch.float64),
                           torch.tensor([r["missing"] for r in rows], dtype=torch.float64))


def document(number, length, vocabulary=30):
    """A document of aligned rows, of which some are masked."""
    generator = np.random.default_rng(number)
    counts = generator.integers(0, 4, length)
    starts = np.concatenate([[0], np.cumsum(counts)])
    tokens = np.concatenate([generator.permutation(vocabulary)[:c] for c in counts] or [[]]).astype(np.int64)
    missing = np.where(counts > 0, 0.25, 0).astype(np.float32)
    values = np.repeat(0.75 / np.maximum(counts, 1), counts).astype(np.float32)
    return AlignedRows(f"d{number}", number, generator.integers(0, vocabulary, length), starts, tokens, values, missing, "B" * length, np.zeros(length, np.int8), np.ones(length))


def write_aligned(path, documents, vocabulary=30):
    """An aligned store; the package writes none, pta align does."""
    header = StoreHeader({
        "format": "pta-store", "schema": 1, "kind": "aligned", "tokenizer": {"name": "tiny", "fingerprint": "0123456789abcdef", "tokens": vocabulary}, "ids": "u16",
        "values": "float32", "splits": [""], "producer": {"program": "a test", "command": [], "options": {}, "inputs": []}, "shard_tokens": 100, "zstd": False, "official": False,
        "others": [], "sources": [{"name": "source", "fingerprint": "fedcba9876543210", "tokens": 10}], "source_order": [0], "unit": "probabilities",
    })
    ids, writer = TokenIds("u16", vocabulary), ShardedWriter(path, header, (), "", False, False)
    for number, d in enumerate(documents):
        counts = np.diff(d.starts)
        row = {
            "id": d.id, "input_ids": ids.encode(d.input_ids), "row": d.row, "counts": counts.astype(np.uint8), "tokens": ids.encode(d.tokens), "values": d.values,
            "missing": d.missing, "provenance": np.where(counts > 0, 7, 0xF0).astype(np.uint8),
        }
        writer.append([column_of(f.type, [row.get(f.name)]) for f in header.schema().fields], number, len(d.input_ids), 0)
    writer.commit()


@needs_torch
class DataTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "aligned.store")

    def rows_of(self, batch):
        """What each position of a batch is to learn, by the document's name and place."""
        labels, missing = batch.next_ids.reshape(-1), batch.missing
        return [(int(i), int(labels[n]), batch.tokens[a:b].tolist(), [round(p, 5) for p in batch.probs[a:b].tolist()], round(float(missing[n]), 5))
                for n, (i, a, b) in enumerate(zip(batch.input_ids.reshape(-1), batch.starts, batch.starts[1:]))]

    def expected(self, d, start, end):
        return [(int(d.input_ids[t]), int(d.input_ids[t + 1]) if t + 1 < len(d.input_ids) else -1, d.tokens[d.starts[t]:d.starts[t + 1]].tolist(),
                 [round(float(v), 5) for v in d.values[d.starts[t]:d.starts[t + 1]]], round(float(d.missing[t]), 5)) for t in range(start, end)]

    def test_packing_goes_into_the_fullest_sequence_with_room(self):
        documents = [document(i, length) for i, length in enumerate((5, 7, 3, 23, 2, 1))]
        batch = Collate(10, pad_id=29)(documents)
        # The document of 3 has room beside 5 and beside 7, and 7 is the fuller; what is left of 23 and then 2 go beside 5.
        places = [(0, 0, 5), (3, 20, 23), (4, 0, 2)], [(1, 0, 7), (2, 0, 3)], [(3, 0, 10)], [(3, 10, 20)], [(5, 0, 1)]
        padding = (29, -1, [], [], 0.0)
        wanted = []
        for parts in places:
            rows = [row for number, start, end in parts for row in self.expected(documents[number], start, end)]
            wanted += rows + [padding] * (10 - len(rows))
        self.assertEqual(self.rows_of(batch), wanted)
        self.assertEqual(batch.segments.tolist(), [[0] * 5 + [1] * 3 + [2] * 2, [0] * 7 + [1] * 3, [0] * 10, [0] * 10, [0] + [-1] * 9])
        self.assertEqual(batch.positions.tolist()[0], [0, 1, 2, 3, 4, 0, 1, 2, 0, 1])
        self.assertEqual(batch.counts().tolist(), [sum(w[1] >= 0 for w in wanted), sum(bool(w[2]) for w in wanted)])

    def test_a_position_sees_its_own_document_up_to_itself(self):
        batch = Collate(6)([document(0, 3), document(1, 2)])
        seen = batch.attention()[0, 0].int().tolist()
        self.assertEqual(seen, [[1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1]])

    def test_padding_gives_each_document_its_own_sequence(self):
        documents = [document(i, length) for i, length in enumerate((3, 5, 2))]
        batch = Collate(4, pack=False)(documents)
        self.assertEqual(batch.segments.tolist(), [[0, 0, 0, -1], [0] * 4, [0, -1, -1, -1], [0, 0, -1, -1]])
        self.assertEqual([r for r in self.rows_of(batch)[:3]], self.expected(documents[0], 0, 3))
        with self.assertRaisesRegex(ValueError, "length is 0"):
            Collate(0)

    def test_a_loader_with_workers_gives_what_the_store_holds(self):
        documents = [document(i, 1 + i % 9) for i in range(40)]
        write_aligned(self.path, documents)
        dataset = AlignedDataset(self.path)
        self.assertEqual((len(dataset), dataset[7].id, pickle.loads(pickle.dumps(dataset))[39].id), (40, "d7", "d39"))
        for workers in (0, 2):
            loader = torch.utils.data.DataLoader(dataset, 8, collate_fn=Collate(9, pack=False), num_workers=workers)
            batches = list(loader)
            self.assertTrue(all(isinstance(b, FusionBatch) for b in batches))
            wanted = [row for d in documents for row in self.expected(d, 0, len(d.input_ids))]
            self.assertEqual([r for b in batches for r, s in zip(self.rows_of(b), b.segments.reshape(-1).tolist()) if s >= 0], wanted)
        self.assertEqual(batches[0].to("cpu").input_ids.tolist(), batches[0].input_ids.tolist())

    @needs_pta
    def test_pta_reads_the_store_that_these_tests_make(self):
        write_aligned(self.path, [document(i, 1 + i % 9) for i in range(40)])
        pta("store", "check", "--documents", self.path)
        self.assertGreater(len(AlignedStore(self.path).header.content), 10)

    def train(self, world, *options):
        """Runs the sample on some processes, as torchrun does, and returns the losses that it prints."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        command = [sys.executable, os.path.join(ROOT, "samples", "python", "train.py"), self.path, "--length", "16", "--steps", "3", *options]
        common = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "native", "python"), "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world)}
        running = [subprocess.Popen(command, env={**common, "RANK": str(rank)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True) for rank in range(world)]
        outputs = [process.communicate() for process in running]
        self.assertEqual([process.returncode for process in running], [0] * world, outputs)
        return [float(line.rsplit(" ", 1)[1]) for line in outputs[0][0].splitlines()]

    def test_two_processes_train_like_one(self):
        write_aligned(self.path, [document(i, 3 + i % 9) for i in range(16)])
        saved = [os.path.join(os.path.dirname(self.path), name) for name in ("one.pt", "two.pt")]
        printed = [self.train(1, "--documents", "4", "--save", saved[0]), self.train(2, "--documents", "2", "--save", saved[1])]
        self.assertEqual(len(printed[0]), 3)
        self.assertLess(printed[0][2], printed[0][0])
        np.testing.assert_allclose(printed[1], printed[0], rtol=0, atol=2e-5)
        for one, two in zip(*map(torch.load, saved)):
            torch.testing.assert_close(one, two, rtol=0, atol=1e-4)


if __name__ == "__main__":
    unittest.main()
