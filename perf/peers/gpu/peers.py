#!/usr/bin/env python3
"""GPU peers of `pta bench`: straightforward CUDA C++ of the same algorithms, and torch.compile for the batched Sinkhorn loop.

Needs PyTorch with CUDA and either nvcc or the NVRTC that comes with PyTorch. Each answer is checked against plain Python first; times are of the device
(CUDA events), the best of several rounds. Writes one JSON array to the file given, one object per case.

    python3 perf/peers/gpu/peers.py results.json [--small]
"""
import ctypes
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import torch

HERE = os.path.dirname(os.path.abspath(__file__))


def check(code, what):
    if code != 0:
        sys.exit(f"peers: {what} failed with code {code}.")


class Module:
    """One source file on the device."""

    def __init__(self, name):
        major, minor = torch.cuda.get_device_capability()
        arch = f"{major}{minor}"
        source = os.path.join(HERE, name)
        self.driver = ctypes.CDLL("libcuda.so.1")
        nvcc = shutil.which("nvcc")
        image = self.by_nvcc(nvcc, source, arch) if nvcc else self.by_nvrtc(source, arch)
        self.compiler = "nvcc" if nvcc else "NVRTC"
        torch.zeros(1, device="cuda")  # the primary context is current from here on
        self.handle = ctypes.c_void_p()
        check(self.driver.cuModuleLoadData(ctypes.byref(self.handle), image), f"loading {name}")

    @staticmethod
    def by_nvcc(nvcc, source, arch):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "image.cubin")
            subprocess.run([nvcc, "-O3", "-cubin", f"-arch=sm_{arch}", "-o", out, source], check=True)
            with open(out, "rb") as file:
                return file.read()

    @staticmethod
    def by_nvrtc(source, arch):
        places = [os.path.join(path, "**", "libnvrtc.so*") for path in sys.path if path] + ["/usr/local/cuda*/lib64/libnvrtc.so*"]
        found = [p for place in places for p in sorted(glob.glob(place, recursive=True)) if "builtins" not in p]
        if not found:
            sys.exit("peers: neither nvcc nor libnvrtc was found; install one of them.")
        nvrtc = ctypes.CDLL(found[0])
        with open(source, "rb") as file:
            text = file.read()
        with open(os.path.join(HERE, "device.h"), "rb") as file:
            header = file.read()
        program = ctypes.c_void_p()
        headers, names = (ctypes.c_char_p * 1)(header), (ctypes.c_char_p * 1)(b"device.h")
        check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"peer.cu", 1, headers, names), "nvrtcCreateProgram")
        options = (ctypes.c_char_p * 1)(f"--gpu-architecture=sm_{arch}".encode())
        if nvrtc.nvrtcCompileProgram(program, 1, options) != 0:
            size = ctypes.c_size_t()
            nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
            log = ctypes.create_string_buffer(size.value)
            nvrtc.nvrtcGetProgramLog(program, log)
            sys.exit("peers: " + log.value.decode())
        size = ctypes.c_size_t()
        check(nvrtc.nvrtcGetCUBINSize(program, ctypes.byref(size)), "nvrtcGetCUBINSize")
        image = ctypes.create_string_buffer(size.value)
        check(nvrtc.nvrtcGetCUBIN(program, image), "nvrtcGetCUBIN")
        return image.raw

    def launch(self, kernel, blocks, threads, *arguments):
        function = ctypes.c_void_p()
        check(self.driver.cuModuleGetFunction(ctypes.byref(function), self.handle, kernel.encode()), kernel)
        values = [ctypes.c_void_p(a.data_ptr()) if isinstance(a, torch.Tensor) else ctypes.c_int(a) for a in arguments]
        pointers = (ctypes.c_void_p * len(values))(*[ctypes.cast(ctypes.byref(v), ctypes.c_void_p) for v in values])
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        check(self.driver.cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, 0, stream, pointers, None), f"launching {kernel}")


def seconds(work, rounds=7):
    """Best device time of one call."""
    work()
    best = float("inf")
    for _ in range(rounds):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end) / 1000)
    return best


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], min(diagonal + (x != y), row[j] + 1, row[j + 1] + 1)
    return row[-1]


def words(count, generator):
    """Random words with the lengths of GPT-2's vocabulary: mean about 6.4, most of at most 8 letters."""
    lengths = (torch.randn(count, generator=generator) * 2.6 + 6.4).round().clamp(1, 32).to(torch.int64)
    offsets = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)]).to(torch.int32)
    letters = torch.randint(97, 123, (int(lengths.sum()),), generator=generator, dtype=torch.uint8)
    return letters, offsets


def edit_distance(small):
    generator = torch.Generator().manual_seed(1)
    rows, columns = (64, 256) if small else (50_256, 32_000)
    (source, source_at), (target, target_at) = words(rows, generator), words(columns, generator)
    device = [t.cuda() for t in (source, source_at, target, target_at)]
    cost = torch.zeros((rows, columns), dtype=torch.uint8, device="cuda")
    module = Module("edit_distance.cu")
    work = lambda: module.launch("all_pairs", rows, 256, *device, columns, cost)
    work()
    found = cost[:8, :16].cpu()
    for i in range(8):
        for j in range(16):
            a = bytes(source[source_at[i]:source_at[i + 1]].tolist())
            b = bytes(target[target_at[j]:target_at[j + 1]].tolist())
            assert int(found[i, j]) == distance(a, b), f"edit distance {i}, {j}"
    return {"case": "edit.all-pairs", "unit": "pairs/s", "rate": rows * columns / seconds(work), "compiler": module.compiler}


def path(small):
    generator = torch.Generator().manual_seed(2)
    documents, n, m = (4, 40, 512) if small else (528, 2048, 2048)
    costs = torch.randint(0, 9, (documents, n, m), generator=generator, dtype=torch.uint8)
    on_device = costs.cuda()
    border = torch.zeros((documents, n + 1), dtype=torch.int32, device="cuda")
    directions = torch.zeros((documents, m // 512, n + 31, 32), dtype=torch.int32, device="cuda")
    totals = torch.zeros(documents, dtype=torch.int32, device="cuda")
    module = Module("path.cu")
    work = lambda: module.launch("fill", documents, 32, on_device, border, directions, totals, n, m)
    work()
    row = None
    for i in range(n):
        c, new = costs[0, i].tolist(), [0] * m
        for j in range(m):
            if i == 0 and j == 0:
                best = 0
            else:
                far = 1 << 40
                best = min(row[j - 1] if i and j else far, row[j] if i else far, new[j - 1] if j else far)
            new[j] = best + c[j]
        row = new
    assert int(totals[0]) == row[-1], "total of a path"
    return {"case": "path.2048", "unit": "cells/s", "rate": documents * n * m / seconds(work), "compiler": module.compiler}


def official(cost, a, b):
    """The published loop on one problem, float64."""
    plan = torch.exp(-30 * cost.double())
    plan = plan / plan.sum()
    before, count = torch.zeros(cost.shape[0], dtype=torch.float64), 0
    while True:
        rows = plan.sum(1)
        if (before - rows).abs().max() <= 1e-5:
            return plan, count
        before = rows.clamp(min=1e-10)
        plan = plan * (a / before)[:, None]
        plan = plan * (b / plan.sum(0).clamp(min=1e-10))[None, :]
        count += 1


def problems(batch):
    generator = torch.Generator().manual_seed(3)
    cost = torch.randint(0, 9, (batch, 10, 10), generator=generator, dtype=torch.uint8)
    # As lists of candidates have them: some of the tokens are the same.
    same = torch.rand((batch, 10), generator=generator) < 0.7
    cost[:, range(10), range(10)] = torch.where(same, torch.zeros_like(cost[:, 0]), cost[:, range(10), range(10)])
    mass = lambda: torch.softmax(torch.randn((batch, 10), generator=generator, dtype=torch.float64) * 2, 1)
    return cost, mass(), mass()


def sinkhorn(small):
    batch = 200 if small else 4_000_000
    cost, a, b = problems(batch)
    table = torch.exp(-30 * torch.arange(256, dtype=torch.float64))
    device = [t.cuda() for t in (cost, table, a, b)]
    plan = torch.zeros((batch, 10, 10), dtype=torch.float64, device="cuda")
    iterations = torch.zeros(batch, dtype=torch.int32, device="cuda")
    counter = torch.zeros(1, dtype=torch.int32, device="cuda")
    module = Module("sinkhorn.cu")
    blocks = torch.cuda.get_device_properties(0).multi_processor_count * 6

    def work():
        counter.zero_()
        module.launch("official", blocks, 128, *device, plan, iterations, counter, batch)

    work()
    for p in range(min(batch, 100)):
        expected, count = official(cost[p], a[p], b[p])
        assert int(iterations[p]) == count, f"iterations of problem {p}"
        assert float((plan[p].cpu() - expected).abs().max()) < 1e-12, f"plan of problem {p}"
    return {
        "case": "ot.official", "unit": "problems/s", "rate": batch / seconds(work, 3), "compiler": module.compiler,
        "mean_iterations": float(iterations.double().mean()),
    }


def compiled_sinkhorn(small):
    """torch.compile of the same loop over a batch: all problems step until the last has stopped, finished ones are masked."""
    batch = 200 if small else 100_000
    cost, a, b = (t.cuda() for t in problems(batch))

    @torch.compile(dynamic=False)
    def body(plan, before, alive):
        rows = plan.sum(2)
        alive = alive & ((before - rows).abs().amax(1) > 1e-5)
        held = rows.clamp(min=1e-10)
        after = plan * (a / held)[:, :, None]
        after = after * (b / after.sum(1).clamp(min=1e-10))[:, None, :]
        keep = alive[:, None, None]
        return torch.where(keep, after, plan), torch.where(alive[:, None], held, before), alive

    def work():
        plan = torch.exp(-30 * cost.double())
        plan = plan / plan.sum((1, 2), keepdim=True)
        before, alive = torch.zeros_like(a), torch.ones(batch, dtype=torch.bool, device="cuda")
        while True:
            for _ in range(8):
                plan, before, alive = body(plan, before, alive)
            if not bool(alive.any()):
                return plan

    plan = work().cpu()
    for p in range(min(batch, 20)):
        expected, _ = official(cost[p].cpu(), a[p].cpu(), b[p].cpu())
        assert float((plan[p] - expected).abs().max()) < 1e-12, f"plan of problem {p}"
    return {"case": "ot.official", "unit": "problems/s", "rate": batch / seconds(work, 3), "compiler": "torch.compile"}


def main():
    arguments = [a for a in sys.argv[1:] if a != "--small"]
    if len(arguments) != 1:
        sys.exit("usage: peers.py RESULTS.json [--small]")
    if not torch.cuda.is_available():
        sys.exit("peers: PyTorch sees no CUDA device.")
    small, results = "--small" in sys.argv, []
    for case in (edit_distance, path, sinkhorn, compiled_sinkhorn):
        results.append(case(small))
        print(json.dumps(results[-1]), flush=True)
    with open(arguments[0] + ".part", "w") as file:
        json.dump({"device": torch.cuda.get_device_name(), "torch": torch.__version__, "cuda": torch.version.cuda, "results": results}, file, indent=2)
    os.replace(arguments[0] + ".part", arguments[0])


if __name__ == "__main__":
    main()
