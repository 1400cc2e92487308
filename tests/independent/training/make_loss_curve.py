#!/usr/bin/env python3
"""Makes tests/golden/training/loss_curve.json: packed sequences, and the losses of 50 steps of training on them by an independent program.

    /usr/bin/python3 tests/independent/training/make_loss_curve.py tests/golden

Needs PyTorch (Debian: python3-torch). The student is tests/golden/models/llama, the plain model is make_model_goldens.llama, everything is
float64 and dense: whole log-softmax, autograd, torch's own AdamW and clipping. Each step takes all sequences, so their order does not matter.
"""
import importlib.util
import json
import math
import pathlib
import random
import struct
import sys

import torch

STEPS, WEIGHT, RATE, WARM_UP, DECAY, CLIP = 50, 0.5, 4e-3, 0.1, 0.1, 1.0
VOCABULARY = 29
TYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}

root = pathlib.Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("models", root / "models" / "make_model_goldens.py")
models = importlib.util.module_from_spec(spec)
spec.loader.exec_module(models)


def read_safetensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    result = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in TYPES:
            begin, end = entry["data_offsets"]
            flat = torch.frombuffer(bytearray(data[8 + length + begin:8 + length + end]), dtype=TYPES[entry["dtype"]])
            result[name] = flat.reshape(entry["shape"])
    return result


# Documents of 3 to 12 tokens that mostly count upwards, so that there is something to learn; two rows of three have a teacher who knows more.
def sequence(generator, length):
    ids, segments, labels, rows = [], [], [], []
    segment = -1
    while len(ids) < length:
        segment += 1
        size = min(generator.randint(3, 12), length - len(ids))
        token = generator.randrange(VOCABULARY)
        for t in range(size):
            ids.append(token)
            segments.append(segment)
            token = (token + 1) % VOCABULARY if generator.random() < 0.8 else generator.randrange(VOCABULARY)
            last = t + 1 == size
            labels.append(-1 if last else token)
            row = {"ids": [], "masses": [], "missing": 0.0}
            if not last and generator.random() < 0.67:
                support = generator.sample(range(VOCABULARY), generator.randint(1, 4))
                if (ids[-1] + 1) % VOCABULARY not in support:
                    support[0] = (ids[-1] + 1) % VOCABULARY
                missing = generator.choice([0.0, 0.125, 0.5])
                parts = [generator.randint(1, 8) for _ in support]
                row = {"ids": support, "masses": [float(torch.tensor((1 - missing) * p / sum(parts), dtype=torch.float32)) for p in parts], "missing": missing}
            rows.append(row)
    return {"ids": ids, "segments": segments, "labels": labels, "rows": rows}


def losses(config, w, sequences):
    next_token, fusion, labelled, taught = 0.0, 0.0, 0, 0
    for one in sequences:
        segments = one["segments"]
        positions = torch.tensor([i - segments.index(segments[i]) for i in range(len(segments))])
        logs = torch.log_softmax(models.llama({**config, "longest": int(positions.max()) + 1}, w, torch.tensor(one["ids"]), positions, segments), -1)
        for t, (label, row) in enumerate(zip(one["labels"], one["rows"])):
            if label >= 0:
                next_token = next_token - logs[t, label]
                labelled += 1
            if row["ids"]:
                taught += 1
                own = logs[t, row["ids"]]
                fusion = fusion - (torch.tensor(row["masses"], dtype=torch.float64) * own).sum()
                if row["missing"] > 0:
                    fusion = fusion - row["missing"] * torch.log(torch.clamp(1 - own.exp().sum(), min=1e-6))
    return next_token / labelled, fusion / taught


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    golden = pathlib.Path(sys.argv[1])
    config = json.loads((golden / "models" / "llama" / "config.json").read_text())
    stored = {n: t for n, t in read_safetensors(golden / "models" / "llama" / "model.safetensors").items() if not n.endswith("inv_freq")}
    w = {n: t.double().requires_grad_() for n, t in stored.items()}
    generator = random.Random(20)
    sequences = [sequence(generator, length) for length in (24, 24, 17, 24, 24, 9)]
    optimiser = torch.optim.AdamW(
        [{"params": [p for p in w.values() if p.dim() >= 2], "weight_decay": DECAY}, {"params": [p for p in w.values() if p.dim() < 2], "weight_decay": 0.0}],
        lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    curve = []
    rising = math.ceil(WARM_UP * STEPS)
    for step in range(STEPS):
        rate = RATE * (step + 1) / rising if step < rising else RATE * 0.5 * (1 + math.cos(math.pi * (step - rising) / (STEPS - rising)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        next_token, fusion = losses(config, w, sequences)
        loss = WEIGHT * next_token + (1 - WEIGHT) * fusion
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(w.values()), CLIP)
        optimiser.step()
        curve.append({"loss": loss.item(), "next_token": next_token.item(), "fusion": fusion.item(), "gradient_norm": norm.item()})
        print(f"step {step + 1}: {loss.item():.4f}", flush=True)
    folder = golden / "training"
    folder.mkdir(exist_ok=True)
    options = {"steps": STEPS, "weight": WEIGHT, "learning_rate": RATE, "warm_up": WARM_UP, "weight_decay": DECAY, "clip": CLIP}
    (folder / "loss_curve.json").write_text(json.dumps({"made_by": f"make_loss_curve.py, PyTorch {torch.__version__}, float64", "options": options, "sequences": sequences, "curve": curve}) + "\n")


main()
