"""The loss of a fusion step with dense targets in plain PyTorch: the peer of `pta bench --case loss.sparse`.

    python3 perf/peers/loss_step.py WORK

WORK holds loss.* as bench writes them: hidden states, output matrix, next tokens, sparse rows, and the losses and gradients expected. Lines on standard
input are answered on standard output:

    check loss           "ok ROWS BYTES", BYTES the peak memory that the first step added, its dense targets among it; or "wrong ..."
    time loss SECONDS    "ROWS SECONDS": whole steps for at least SECONDS, and the processor seconds they took

A step is what a trainer with dense targets does after the last layer: logits, cross-entropy with the next tokens, cross-entropy with the targets, backward
to hidden states and output matrix. The targets are made once, before the clock starts, in favour of this peer.
"""

import os
import platform
import re
import sys
import time

import numpy as np
import torch
import torch.nn.functional as functional

WEIGHT = 0.5
SUM_TOLERANCE, GRADIENT_TOLERANCE = 1e-5, 1e-3


def read(folder, name, kind):
    return np.fromfile(os.path.join(folder, "loss." + name), dtype=kind)


def memory(field):
    with open("/proc/self/status", encoding="ascii") as status:
        return 1024 * int(re.search(field + r":\s+(\d+) kB", status.read())[1])


class Step:
    def __init__(self, folder):
        self.labels = torch.from_numpy(read(folder, "labels", "<i4").astype(np.int64))
        rows = len(self.labels)
        self.hidden = torch.from_numpy(read(folder, "hidden", "<f4").reshape(rows, -1)).requires_grad_()
        width = self.hidden.shape[1]
        self.head = torch.from_numpy(read(folder, "head", "<f4").reshape(-1, width)).requires_grad_()
        self.offsets, self.ids, self.masses = (read(folder, name, kind) for name, kind in (("offsets", "<i4"), ("ids", "<i4"), ("masses", "<f4")))
        self.expected = read(folder, "sums", "<f8")
        self.expected_gradients = read(folder, "hidden_gradient", "<f4").reshape(rows, width), read(folder, "head_gradient", "<f4").reshape(-1, width)
        self.targets = None

    def make_targets(self):
        row = np.repeat(np.arange(len(self.labels)), np.diff(self.offsets))
        self.targets = torch.zeros(len(self.labels), len(self.head))
        self.targets[torch.from_numpy(row), torch.from_numpy(self.ids.astype(np.int64))] = torch.from_numpy(self.masses)

    def run(self):
        self.hidden.grad = self.head.grad = None
        logits = self.hidden @ self.head.t()
        next_token = functional.cross_entropy(logits, self.labels, ignore_index=-1)
        fusion = functional.cross_entropy(logits, self.targets)
        (WEIGHT * next_token + (1 - WEIGHT) * fusion).backward()
        return next_token.item(), fusion.item()

    def check(self):
        small = functional.cross_entropy(torch.randn(4, 8, requires_grad=True), torch.ones(4, dtype=torch.int64))
        small.backward()  # libraries that are loaded at the first step are no memory of the loss
        with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")
        before = memory("VmRSS")
        self.make_targets()
        losses = self.run()
        extra = memory("VmHWM") - before
        if not np.allclose(losses, self.expected, rtol=SUM_TOLERANCE):
            return f"wrong losses {losses}, expected {tuple(self.expected)}"
        for name, actual, expected in zip(("hidden states", "output matrix"), (self.hidden.grad, self.head.grad), self.expected_gradients):
            largest = np.abs(expected).max()
            if not np.allclose(actual.numpy(), expected, rtol=0, atol=GRADIENT_TOLERANCE * largest):
                return f"wrong gradient of the {name}"
        return f"ok {len(self.labels)} {extra}"


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    blas = "openblas" if any("openblas" in line for line in open("/proc/self/maps", encoding="utf-8", errors="replace")) else "netlib"
    print(f"ready {platform.python_version()} {torch.__version__} {blas}", flush=True)
    step = None
    for line in sys.stdin:
        verb, _, *rest = line.split()
        if verb == "check":
            step = Step(sys.argv[1])
            print(step.check(), flush=True)
            continue
        passes, start, processor = 0, time.perf_counter(), time.process_time()
        while passes == 0 or time.perf_counter() - start < float(rest[0]):
            step.run()
            passes += 1
        print(f"{passes * len(step.labels)} {time.process_time() - processor!r}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
