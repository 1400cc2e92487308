"""Training with dense targets in plain PyTorch: the peer of `pta bench --case loss.sparse train.step`.

    python3 perf/peers/dense_training.py WORK

WORK holds loss.* and train.* as bench writes them: sparse rows, next tokens, and either the last hidden states and the output matrix or all weights of a
small Llama; and the losses and gradients expected. Lines on standard input are answered on standard output:

    check CASE           "ok ROWS BYTES", BYTES the peak memory that the first step added, its dense targets among it; or "wrong ..."
    time CASE SECONDS    "ROWS SECONDS": whole steps for at least SECONDS, and the processor seconds they took

`loss` is what a trainer with dense targets does after the last layer: logits, cross-entropy with the next tokens, cross-entropy with the targets, backward
to hidden states and output matrix. `train` is a whole step of the model: forward, the same loss, backward, clipping, AdamW. The targets are made once,
before the clock starts, in favour of this peer.
"""

import os
import platform
import re
import sys

import numpy as np
import torch
import torch.nn.functional as functional

from peer_lines import answer

WEIGHT = 0.5
SUM_TOLERANCE, GRADIENT_TOLERANCE = 1e-5, 1e-3
# Sums of a whole model, after a step of its optimiser.
STEP_TOLERANCE = 1e-3


def memory(field):
    with open("/proc/self/status", encoding="ascii") as status:
        return 1024 * int(re.search(field + r":\s+(\d+) kB", status.read())[1])


class Targets:
    def __init__(self, folder, case):
        self.folder, self.case = folder, case
        self.labels = torch.from_numpy(self.read("labels", "<i4").astype(np.int64))
        self.rows = len(self.labels)
        self.offsets, self.ids, self.masses = (self.read(name, kind) for name, kind in (("offsets", "<i4"), ("ids", "<i4"), ("masses", "<f4")))
        self.expected = self.read("expected", "<f8")
        self.dense = None

    def read(self, name, kind):
        return np.fromfile(os.path.join(self.folder, f"{self.case}.{name}"), dtype=kind)

    def make_dense(self, vocabulary):
        row = np.repeat(np.arange(self.rows), np.diff(self.offsets))
        self.dense = torch.zeros(self.rows, vocabulary)
        self.dense[torch.from_numpy(row), torch.from_numpy(self.ids.astype(np.int64))] = torch.from_numpy(self.masses)

    def losses(self, logits):
        return functional.cross_entropy(logits, self.labels, ignore_index=-1), functional.cross_entropy(logits, self.dense)


def measured(work):
    """What some work returns, and the peak of this process' memory over what it began with."""
    functional.cross_entropy(torch.randn(4, 8, requires_grad=True), torch.ones(4, dtype=torch.int64)).backward()  # loads libraries, which are no memory of the loss
    with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
        peak.write("5")
    before = memory("VmRSS")
    result = work()
    return result, memory("VmHWM") - before


class LossStep:
    def __init__(self, folder):
        self.targets = Targets(folder, "loss")
        self.rows = self.targets.rows
        self.hidden = torch.from_numpy(self.targets.read("hidden", "<f4").reshape(self.rows, -1)).requires_grad_()
        self.head = torch.from_numpy(self.targets.read("head", "<f4").reshape(-1, self.hidden.shape[1])).requires_grad_()

    def run(self):
        self.step()
        return self.rows

    def step(self):
        self.hidden.grad = self.head.grad = None
        next_token, fusion = self.targets.losses(self.hidden @ self.head.t())
        (WEIGHT * next_token + (1 - WEIGHT) * fusion).backward()
        return next_token.item(), fusion.item()

    def first(self):
        self.targets.make_dense(len(self.head))
        return self.step()

    def check(self):
        losses, extra = measured(self.first)
        if not np.allclose(losses, self.targets.expected, rtol=SUM_TOLERANCE):
            return f"wrong losses {losses}, expected {tuple(self.targets.expected)}"
        for name, actual in (("hidden", self.hidden.grad), ("head", self.head.grad)):
            expected = self.targets.read(name + "_gradient", "<f4")
            if not np.allclose(actual.numpy().ravel(), expected, rtol=0, atol=GRADIENT_TOLERANCE * np.abs(expected).max()):
                return f"wrong gradient by {name}"
        return f"ok {self.rows} {extra}"


class ModelStep:
    """A Llama with tied embedding; everything in one batch of one sequence, as a user of PyTorch 1.13 would write it."""

    def __init__(self, folder):
        self.targets = Targets(folder, "train")
        self.rows = self.targets.rows
        self.tokens = torch.from_numpy(self.targets.read("tokens", "<i4").astype(np.int64))
        self.width, self.layers, self.heads, self.inner, self.vocabulary = (int(v) for v in self.targets.read("shape", "<i4"))
        self.epsilon, self.rate, self.decay, self.beta1, self.beta2, self.clip = self.targets.read("constants", "<f8")
        matrices = {"q": (self.width,) * 2, "k": (self.width,) * 2, "v": (self.width,) * 2, "o": (self.width,) * 2}
        matrices |= {"gate": (self.inner, self.width), "up": (self.inner, self.width), "down": (self.width, self.inner)}
        self.embedding = self.weight("embedding", (self.vocabulary, self.width))
        self.maps = [{n: self.weight(f"{i}.{n}", shape) for n, shape in matrices.items()} for i in range(self.layers)]
        self.norms = [[self.weight(f"{i}.{n}", (self.width,)) for n in ("before", "after")] for i in range(self.layers)]
        self.last_norm = self.weight("norm", (self.width,))
        head_width = self.width // self.heads
        angle = torch.outer(torch.arange(self.rows).double(), 10000.0 ** (-torch.arange(0, head_width, 2).double() / head_width))
        angle = torch.cat([angle, angle], 1)
        self.cosines, self.sines = angle.cos().float(), angle.sin().float()
        self.mask = torch.full((self.rows, self.rows), float("-inf")).triu(1)
        decayed = [self.embedding] + [m for layer in self.maps for m in layer.values()]
        kept = [n for pair in self.norms for n in pair] + [self.last_norm]
        self.all = decayed + kept
        self.optimiser = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": self.decay}, {"params": kept, "weight_decay": 0.0}], lr=self.rate, betas=(self.beta1, self.beta2), eps=1e-8, foreach=True
        )

    def weight(self, name, shape):
        return torch.from_numpy(self.targets.read(name, "<f4").reshape(shape)).requires_grad_()

    def norm(self, x, weight):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.epsilon) * weight

    def turn(self, x):
        half = x.shape[-1] // 2
        return x * self.cosines + torch.cat([-x[..., half:], x[..., :half]], -1) * self.sines

    def by_head(self, x):
        return x.view(self.rows, self.heads, -1).transpose(0, 1)

    def logits(self):
        h = functional.embedding(self.tokens, self.embedding)
        for maps, (before, after) in zip(self.maps, self.norms):
            x = self.norm(h, before)
            q, k, v = (self.by_head(x @ maps[n].t()) for n in "qkv")
            scores = self.turn(q) @ self.turn(k).transpose(1, 2) / q.shape[-1] ** 0.5 + self.mask
            mixed = (scores.softmax(-1) @ v).transpose(0, 1).reshape(self.rows, self.width)
            h = h + mixed @ maps["o"].t()
            x = self.norm(h, after)
            h = h + (functional.silu(x @ maps["gate"].t()) * (x @ maps["up"].t())) @ maps["down"].t()
        return self.norm(h, self.last_norm) @ self.embedding.t()

    def run(self):
        self.step()
        return self.rows

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        next_token, fusion = self.targets.losses(self.logits())
        (WEIGHT * next_token + (1 - WEIGHT) * fusion).backward()
        norm = torch.nn.utils.clip_grad_norm_(self.all, self.clip)
        self.optimiser.step()
        return next_token.item(), fusion.item(), norm.item()

    def first(self):
        self.targets.make_dense(self.vocabulary)
        return self.step()

    def check(self):
        first, extra = measured(self.first)
        sums = first + self.step()
        if not np.allclose(sums, self.targets.expected, rtol=STEP_TOLERANCE):
            return f"wrong losses and norms {sums}, expected {tuple(self.targets.expected)}"
        return f"ok {self.rows} {extra}"


CASES = {"loss": LossStep, "train": ModelStep}


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        blas = "openblas" if "openblas" in maps.read() else "netlib"
    answer((platform.python_version(), torch.__version__, blas), lambda case: CASES[case](sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
