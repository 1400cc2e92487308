"""The fusion loss against a dense formula, finite differences and golden training."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import struct
import sys
import unittest

from pta_program import ROOT

sys.path.insert(0, os.path.join(ROOT, "native", "python"))

try:
    import numpy as np
    import torch
except ImportError:
    np = torch = None
else:
    from ptakernels.torch import fused_head_loss, fusion_loss

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
            outside = fusion_loss(two[0] @ two[1].t(), *shaped).total(0.4, (30, 20))
            (3 * outside).backward()
            for options in ({"reduction": "mean", "weight": 0.4, "counts": (30, 20)}, {}):
                for a in one:
                    a.grad = None
                inside = fused_head_loss(*one, *shaped, chunk_bytes=4 * 50 * 7, **options)
                inside = inside if options else inside.total(0.4, (30, 20))
                (3 * inside).backward()
                self.assertLess(abs(inside.item() - outside.item()), digits)
                for a, b in zip(one, two):
                    self.assertEqual((a.grad.dtype, a.grad.shape), (kind, a.shape))
                    self.assertLess((a.grad - b.grad).abs().max().item(), 3 * digits)
        again = fused_head_loss(*one, *shaped, weight=0.4, reduction="mean")
        again.backward(retain_graph=True)
        with self.assertRaisesRegex(RuntimeError, "given out already"):
            again.backward()
        with torch.no_grad():
            self.assertFalse(fused_head_loss(*one, *shaped, weight=0.4, reduction="mean").requires_grad)

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
            fused_head_loss(hidden, weight, *targets, chunk_bytes=chunk * vocabulary * 4, weight=0.5, reduction="mean").backward()
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


if __name__ == "__main__":
    unittest.main()
