#!/usr/bin/env python3
"""Makes tests/golden/models: tiny random checkpoints of every family, and what an independent model computes from them.

    /usr/bin/python3 tests/independent/models/make_model_goldens.py tests/golden/models

Needs PyTorch (Debian: python3-torch) and nothing else. The models below are written from the papers and the published
formulas, in float64 and position by position where that is the plainest; they share nothing with src. The same script and
the same PyTorch give the same bytes.
"""
import json
import math
import pathlib
import struct
import sys

import torch

LENGTH = 16
BATCH = 2
DOCUMENTS = [[0] * 7 + [1] * 5 + [2] * 4, [0] * 3 + [1] * 13]
NAMES = {torch.float32: "F32", torch.bfloat16: "BF16", torch.float16: "F16", torch.int64: "I64", torch.bool: "BOOL"}


# The file format: length of the header, header, bytes.
def write_safetensors(path, tensors, metadata=None):
    header, blobs, at = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        bits = tensor.contiguous()
        if bits.dtype == torch.bfloat16:
            bits = bits.view(torch.int16)
        blob = bits.numpy().tobytes()
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


# Rotary frequencies, one per pair of dimensions.
def frequencies(config, width):
    longest = config["longest"]  # of the whole batch, as the published code has it
    theta = config.get("rope_theta", config.get("rotary_emb_base", 10000.0))
    scaling = config.get("rope_scaling") or {}
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    factor = scaling.get("factor", 1.0)
    original = scaling.get("original_max_position_embeddings", config["max_position_embeddings"])
    if kind == "dynamic" and longest > original:
        theta = theta * (factor * longest / original - (factor - 1)) ** (width / (width - 2))
    base = torch.tensor([theta ** (-2 * i / width) for i in range(width // 2)], dtype=torch.float64)
    if kind in ("default", "dynamic"):
        return base, 1.0
    if kind == "linear":
        return base / factor, 1.0
    if kind == "llama3":
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        result = []
        for f in base.tolist():
            wavelength = 2 * math.pi / f
            if wavelength < original / high:
                result.append(f)
            elif wavelength > original / low:
                result.append(f / factor)
            else:
                smooth = (original / wavelength - low) / (high - low)
                result.append((1 - smooth) * f / factor + smooth * f)
        return torch.tensor(result, dtype=torch.float64), 1.0
    if kind == "yarn":
        def dimension(rotations):
            return width * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(theta))
        low = max(math.floor(dimension(scaling.get("beta_fast", 32))), 0)
        high = min(math.ceil(dimension(scaling.get("beta_slow", 1))), width - 1)
        ramp = ((torch.arange(width // 2, dtype=torch.float64) - low) / max(high - low, 0.001)).clamp(0, 1)
        attention = scaling.get("attention_factor") or 0.1 * math.log(factor) + 1
        return base / factor * ramp + base * (1 - ramp), attention
    raise ValueError(kind)


# x: [length, width], one head of one sequence; the first `rotary` dimensions turn, as complex numbers x[i] + i x[i + half].
def rotate(x, positions, inverse, attention):
    half = len(inverse)
    z = torch.complex(x[:, :half], x[:, half:2 * half])
    angle = positions.double()[:, None] * inverse[None, :]
    z = z * torch.polar(torch.full_like(angle, attention), angle)
    return torch.cat([z.real, z.imag, x[:, 2 * half:]], dim=1)


# One head of one sequence. sees(i, j): whether position i looks at position j.
def attend(q, k, v, scale, sees, slope=0.0):
    length = q.shape[0]
    rows = []
    for i in range(length):
        seen = [j for j in range(length) if sees(i, j)]
        scores = torch.stack([(q[i] * k[j]).sum() * scale - slope * (i - j) for j in seen])
        rows.append(torch.softmax(scores, 0) @ v[seen])
    return torch.stack(rows)


def linear(w, prefix, x):
    y = x @ w[prefix + ".weight"].T
    return y + w[prefix + ".bias"] if prefix + ".bias" in w else y


def rms_norm(x, weight, eps):
    return x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + eps) * weight


def layer_norm(x, w, prefix, eps):
    centred = x - x.mean(-1, keepdim=True)
    y = centred / torch.sqrt((centred ** 2).mean(-1, keepdim=True) + eps) * w[prefix + ".weight"]
    return y + w[prefix + ".bias"] if prefix + ".bias" in w else y


def gelu(x):
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


ACTIVATIONS = {"silu": lambda x: x / (1 + torch.exp(-x)), "gelu": gelu, "gelu_new": gelu_tanh, "relu": lambda x: x.clamp(min=0)}


def llama(config, w, ids, positions, document):
    heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    inverse, attention = frequencies(config, width)
    h = w["model.embed_tokens.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        window = config.get("sliding_window")
        if config["model_type"] == "qwen2" and (not config.get("use_sliding_window") or layer < config["max_window_layers"]):
            window = None

        def sees(i, j):
            return j <= i and document[i] == document[j] and (window is None or i - j < window)

        x = rms_norm(h, w[p + "input_layernorm.weight"], config["rms_norm_eps"])
        q, k, v = (linear(w, p + f"self_attn.{n}_proj", x) for n in "qkv")
        out = []
        for head in range(heads):
            shared = head // (heads // kv)
            qh = rotate(q[:, head * width:(head + 1) * width], positions, inverse, attention)
            kh = rotate(k[:, shared * width:(shared + 1) * width], positions, inverse, attention)
            out.append(attend(qh, kh, v[:, shared * width:(shared + 1) * width], width ** -0.5, sees))
        h = h + linear(w, p + "self_attn.o_proj", torch.cat(out, 1))
        x = rms_norm(h, w[p + "post_attention_layernorm.weight"], config["rms_norm_eps"])
        inner = ACTIVATIONS[config["hidden_act"]](linear(w, p + "mlp.gate_proj", x)) * linear(w, p + "mlp.up_proj", x)
        h = h + linear(w, p + "mlp.down_proj", inner)
    h = rms_norm(h, w["model.norm.weight"], config["rms_norm_eps"])
    return h @ w["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"].T


def alibi_slopes(heads, bias_max):
    n = 2 ** math.ceil(math.log2(heads))
    slopes = [2.0 ** (-bias_max * (i + 1) / n) for i in range(n)]
    return slopes if n == heads else (slopes[1::2] + slopes[::2])[:heads]


def mpt(config, w, ids, positions, document):
    heads, width = config["n_heads"], config["d_model"] // config["n_heads"]
    options = config["attn_config"]
    slopes = alibi_slopes(heads, options.get("alibi_bias_max", 8))
    scale = options.get("softmax_scale") or width ** -0.5
    eps = config.get("layer_norm_epsilon", 1e-5)
    h = w["transformer.wte.weight"][ids]
    for layer in range(config["n_layers"]):
        p = f"transformer.blocks.{layer}."
        fused = linear(w, p + "attn.Wqkv", layer_norm(h, w, p + "norm_1", eps))
        if options.get("clip_qkv"):
            fused = fused.clamp(-options["clip_qkv"], options["clip_qkv"])
        q, k, v = fused.split(config["d_model"], 1)
        out = []
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            out.append(attend(q[:, part], k[:, part], v[:, part], scale, lambda i, j: j <= i and document[i] == document[j], slopes[head]))
        h = h + linear(w, p + "attn.out_proj", torch.cat(out, 1))
        h = h + linear(w, p + "ffn.down_proj", gelu(linear(w, p + "ffn.up_proj", layer_norm(h, w, p + "norm_2", eps))))
    h = layer_norm(h, w, "transformer.norm_f", eps)
    return h @ w["transformer.wte.weight" if config.get("tie_word_embeddings", True) else "lm_head.weight"].T


def gpt_neox(config, w, ids, positions, document):
    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    rotary = int(width * config["rotary_pct"])
    inverse, attention = frequencies(config, rotary)
    eps = config["layer_norm_eps"]
    h = w["gpt_neox.embed_in.weight"][ids]
    for layer in range(config["num_hidden_layers"]):
        p = f"gpt_neox.layers.{layer}."
        fused = linear(w, p + "attention.query_key_value", layer_norm(h, w, p + "input_layernorm", eps))
        out = []
        for head in range(heads):
            q, k, v = fused[:, head * 3 * width:(head + 1) * 3 * width].split(width, 1)
            q, k = rotate(q, positions, inverse, attention), rotate(k, positions, inverse, attention)
            out.append(attend(q, k, v, width ** -0.5, lambda i, j: j <= i and document[i] == document[j]))
        attended = linear(w, p + "attention.dense", torch.cat(out, 1))
        read = h if config["use_parallel_residual"] else h + attended
        inner = ACTIVATIONS[config["hidden_act"]](linear(w, p + "mlp.dense_h_to_4h", layer_norm(read, w, p + "post_attention_layernorm", eps)))
        h = h + attended + linear(w, p + "mlp.dense_4h_to_h", inner)
    h = layer_norm(h, w, "gpt_neox.final_layer_norm", eps)
    return h @ w["gpt_neox.embed_in.weight" if config["tie_word_embeddings"] else "embed_out.weight"].T


MODELS = {"llama": llama, "mistral": llama, "qwen2": llama, "mpt": mpt, "gpt_neox": gpt_neox}


# Names and shapes of a checkpoint, in an order that is not the model's own.
def shapes(config):
    kind, result = config["model_type"], {}

    def add(prefix, out, into, bias=False):
        result[prefix + ".weight"] = (out, into)
        if bias:
            result[prefix + ".bias"] = (out,)

    def norm(prefix, width, bias=False):
        result[prefix + ".weight"] = (width,)
        if bias:
            result[prefix + ".bias"] = (width,)

    if kind in ("llama", "mistral", "qwen2"):
        d, ff = config["hidden_size"], config["intermediate_size"]
        width = config.get("head_dim") or d // config["num_attention_heads"]
        q, kv = width * config["num_attention_heads"], width * config["num_key_value_heads"]
        qkv_bias = kind == "qwen2" or config.get("attention_bias", False)
        norm("model.norm", d)
        if not config["tie_word_embeddings"]:
            add("lm_head", config["vocab_size"], d)
        for layer in range(config["num_hidden_layers"]):
            p = f"model.layers.{layer}."
            for name, out in (("v", kv), ("q", q), ("k", kv)):
                add(p + f"self_attn.{name}_proj", out, d, qkv_bias)
            add(p + "self_attn.o_proj", d, q, config.get("attention_bias", False))
            for name in ("up", "gate"):
                add(p + f"mlp.{name}_proj", ff, d, config.get("mlp_bias", False))
            add(p + "mlp.down_proj", d, ff, config.get("mlp_bias", False))
            norm(p + "input_layernorm", d)
            norm(p + "post_attention_layernorm", d)
        add("model.embed_tokens", config["vocab_size"], d)
    elif kind == "mpt":
        d, ff = config["d_model"], config["d_model"] * config["expansion_ratio"]
        add("transformer.wte", config["vocab_size"], d)
        for layer in range(config["n_layers"]):
            p = f"transformer.blocks.{layer}."
            norm(p + "norm_1", d)
            add(p + "attn.Wqkv", 3 * d, d)
            add(p + "attn.out_proj", d, d)
            norm(p + "norm_2", d)
            add(p + "ffn.up_proj", ff, d)
            add(p + "ffn.down_proj", d, ff)
        norm("transformer.norm_f", d)
        if not config.get("tie_word_embeddings", True):
            add("lm_head", config["vocab_size"], d)
    else:
        d, ff = config["hidden_size"], config["intermediate_size"]
        add("gpt_neox.embed_in", config["vocab_size"], d)
        for layer in range(config["num_hidden_layers"]):
            p = f"gpt_neox.layers.{layer}."
            norm(p + "input_layernorm", d, True)
            norm(p + "post_attention_layernorm", d, True)
            add(p + "attention.query_key_value", 3 * d, d, config["attention_bias"])
            add(p + "attention.dense", d, d, config["attention_bias"])
            add(p + "mlp.dense_h_to_4h", ff, d, True)
            add(p + "mlp.dense_4h_to_h", d, ff, True)
        norm("gpt_neox.final_layer_norm", d, True)
        if not config["tie_word_embeddings"]:
            add("embed_out", config["vocab_size"], d)
    return result


def random_weights(config, dtype, generator):
    weights = {}
    for name, shape in shapes(config).items():
        x = torch.randn(shape, generator=generator, dtype=torch.float64)
        if name.endswith(".bias"):
            x = 0.3 * x
        elif len(shape) == 1:
            x = 1 + 0.3 * x
        elif "embed" in name or "wte" in name or "lm_head" in name:
            x = 0.7 * x
        else:
            x = 1.4 * x / math.sqrt(shape[1])
        weights[name] = x.to(dtype)
    return weights


LLAMA = dict(model_type="llama", vocab_size=29, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4,
             max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu", rope_theta=100.0, rope_scaling=None, tie_word_embeddings=False)
MPT = dict(model_type="mpt", vocab_size=29, d_model=24, n_layers=2, n_heads=6, expansion_ratio=2, max_seq_len=64, no_bias=True, learned_pos_emb=True,
           norm_type="low_precision_layernorm", attn_config=dict(attn_type="multihead_attention", attn_impl="torch", alibi=True, alibi_bias_max=8, qk_ln=False, prefix_lm=False))
NEOX = dict(model_type="gpt_neox", vocab_size=29, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=64,
            layer_norm_eps=1e-5, hidden_act="gelu", rotary_pct=0.5, rotary_emb_base=100, use_parallel_residual=True, attention_bias=True, tie_word_embeddings=False)

F32, BF16, F16 = torch.float32, torch.bfloat16, torch.float16
CASES = {
    "llama": (LLAMA, F32),
    "llama-grouped-llama3": ({**LLAMA, "num_key_value_heads": 2, "head_dim": 8, "tie_word_embeddings": True, "rope_scaling": dict(
        rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)}, BF16),
    "llama-biases-linear-sharded": ({**LLAMA, "attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1, "rope_scaling": dict(type="linear", factor=2.5)}, F16),
    "llama-dynamic": ({**LLAMA, "max_position_embeddings": 10, "head_dim": 8, "rope_scaling": dict(type="dynamic", factor=2.0)}, BF16),
    "llama-yarn": ({**LLAMA, "head_dim": 8, "rope_scaling": dict(
        rope_type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=4.0, beta_slow=1.0)}, BF16),
    "mistral-window": ({**LLAMA, "model_type": "mistral", "num_key_value_heads": 2, "sliding_window": 5}, BF16),
    "qwen2": ({**LLAMA, "model_type": "qwen2", "num_key_value_heads": 2, "use_sliding_window": False, "sliding_window": 4, "max_window_layers": 1,
               "tie_word_embeddings": True}, BF16),
    "qwen2-window": ({**LLAMA, "model_type": "qwen2", "num_key_value_heads": 2, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}, BF16),
    "mpt-six-heads": (MPT, BF16),
    "mpt-clip-scale-sharded": ({**MPT, "d_model": 16, "n_heads": 4, "tie_word_embeddings": False, "attn_config": {
        **MPT["attn_config"], "clip_qkv": 0.8, "softmax_scale": 0.7, "alibi_bias_max": 4}}, BF16),
    "neox-parallel": (NEOX, F32),
    "neox-sequential": ({**NEOX, "use_parallel_residual": False, "rotary_pct": 1.0, "hidden_act": "gelu_new", "attention_bias": False, "tie_word_embeddings": True}, F16),
}


def save_checkpoint(folder, name, config, dtype, stored):
    folder.mkdir(parents=True, exist_ok=True)
    text = {**config, "architectures": ["Test"], "torch_dtype": str(dtype).removeprefix("torch.")}
    (folder / "config.json").write_text(json.dumps(text, indent=2) + "\n")
    if not name.endswith("-sharded"):
        write_safetensors(folder / "model.safetensors", stored, {"format": "pt"})
        return
    names = list(stored)
    cuts = [names[:len(names) // 3], names[len(names) // 3:]]
    places = {}
    for i, part in enumerate(cuts):
        shard = f"model-{i + 1:05d}-of-{len(cuts):05d}.safetensors"
        write_safetensors(folder / shard, {n: stored[n] for n in part}, {"format": "pt", "note": "zwei ä"})
        places.update({n: shard for n in part})
    total = sum(t.numel() * t.element_size() for t in stored.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": total}, "weight_map": places}, indent=2) + "\n")


def make(folder, name, config, dtype, seed):
    generator = torch.Generator().manual_seed(seed)
    stored = random_weights(config, dtype, generator)
    extras = {}
    if name == "neox-parallel":  # buffers that old checkpoints have
        extras = {"gpt_neox.layers.0.attention.bias": torch.ones(1, 1, 4, 4, dtype=torch.bool).tril(),
                  "gpt_neox.layers.0.attention.masked_bias": torch.tensor(-1e9)}
    if name == "llama":
        extras = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(2)}
    save_checkpoint(folder, name, config, dtype, {**stored, **extras})

    ids = torch.randint(0, config["vocab_size"], (BATCH, LENGTH), generator=generator)
    w = {n: t.double().requires_grad_() for n, t in stored.items()}
    model = MODELS[config["model_type"]]

    def logits(documents):
        positions = [torch.tensor([i - document.index(document[i]) for i in range(LENGTH)]) for document in documents]
        options = {**config, "longest": int(torch.cat(positions).max()) + 1}
        return torch.stack([model(options, w, ids[b], positions[b], documents[b]) for b in range(BATCH)])

    whole, packed = logits([[0] * LENGTH] * BATCH), logits(DOCUMENTS)

    # A loss that every logit matters to: next tokens within the sequence, packed.
    loss = -torch.log_softmax(packed[:, :-1], -1).gather(-1, ids[:, 1:, None]).mean()
    loss.backward()
    order = sorted(w)
    gradients = torch.tensor([[w[n].grad.norm(), w[n].grad.sum()] for n in order])
    write_safetensors(folder / "expected.safetensors", {
        "ids": ids, "documents": torch.tensor(DOCUMENTS), "logits": whole.detach().float(), "packed_logits": packed.detach().float(),
        "loss": loss.detach().float().reshape(1), "gradients": gradients.float()})
    print(f"{name}: {sum(t.numel() for t in stored.values())} weights, loss {loss.item():.4f}, logits up to {whole.abs().max().item():.1f}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    root = pathlib.Path(sys.argv[1])
    for i, (name, (config, dtype)) in enumerate(CASES.items()):
        make(root / name, name, config, dtype, 1000 + i)


if __name__ == "__main__":
    main()
