"""Tokenizers in the forms of Hugging Face, made of the vocabularies in this repository: byte-level BPE, BPE and Unigram over marked spaces."""
import gzip
import json
import os
import struct

CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = ["<unk>", "<s>", "</s>"]


def varints(message):
    """The fields of a protobuf message: (number, value or bytes)."""
    at, fields = 0, []

    def number():
        nonlocal at
        shift = value = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        tag = number()
        if tag & 7 == 0:
            value = number()
        else:
            size = number() if tag & 7 == 2 else {5: 4, 1: 8}[tag & 7]
            value, at = message[at:at + size], at + size
        fields.append((tag >> 3, value))
    return fields


def pieces(model):
    """(text, score, type) of a SentencePiece model's pieces."""
    found = []
    for field, value in varints(model):
        if field == 1:
            piece = dict(varints(value))
            found.append((piece[1].decode(), struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0, piece.get(3, 1)))
    return found


def byte_alphabet():
    same = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in same]
    return {**{b: chr(b) for b in same}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


def merges_of_ranks(ranks):
    """Per token the two parts that it is joined from, in the order of ranks."""
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = list(token)
        while len(parts) > 2:
            best = min(range(len(parts) - 1), key=lambda i: (ranks.get(parts[i] + parts[i + 1], 1 << 30), i))
            parts[best:best + 2] = [parts[best] + parts[best + 1]]
        if len(parts) == 2:
            merges.append(parts)
    return merges


def added(identifier, content, normalized=False, special=True):
    return {"id": identifier, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": normalized, "special": special}


def write(folder, name, **parts):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
    form = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
    with open(os.path.join(folder, name, "tokenizer.json"), "w", encoding="utf-8") as out:
        json.dump({**form, **parts}, out, ensure_ascii=False)


def byte_level(cuts):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": cuts}


def write_byte_level(folder, vocabularies):
    for source, count in (("gpt2", 50256), ("cl100k", 100256)):
        tokens = json.load(gzip.open(os.path.join(vocabularies, f"{source}.json.gz")))["tokens"][:count]
        vocab = {token: i for i, token in enumerate(tokens) if token is not None}
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                 "byte_fallback": False, "vocab": vocab, "merges": merges_of_ranks(vocab)}
        if source == "gpt2":
            write(folder, "gpt2", pre_tokenizer=byte_level(True), model=model)
            tokens = [added(50256 + i, " " * (24 - i), normalized=True, special=False) for i in range(23)]
            tokens += [added(vocab["return"], "return", special=False), added(vocab["e"], "e", special=False)]
            write(folder, "neox", added_tokens=tokens, normalizer={"type": "NFC"}, pre_tokenizer=byte_level(True), model=model)
        else:
            split = {"type": "Split", "pattern": {"Regex": CL100K.replace("{1,3}", "")}, "behavior": "Isolated", "invert": False}
            write(folder, "qwen2", normalizer={"type": "NFC"}, pre_tokenizer={"type": "Sequence", "pretokenizers": [split, byte_level(False)]}, model={**model, "ignore_merges": True})


def write_marked(folder, models):
    special = [added(i, content) for i, content in enumerate(SPECIAL)]
    bpe = pieces(gzip.open(os.path.join(models, "spA.model.gz")).read())
    vocab = {text: i for i, (text, _, _) in enumerate(bpe)}
    normal = {text: score for text, score, kind in bpe if kind == 1}
    merges = []
    for text, _ in sorted(normal.items(), key=lambda item: -item[1]):
        cuts = [(text[:i], text[i:]) for i in range(1, len(text)) if text[:i] in normal and text[i:] in normal]
        merges += sorted(cuts, key=lambda cut: (vocab[cut[0]], vocab[cut[1]]))
    model = {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
             "byte_fallback": True, "ignore_merges": False, "vocab": vocab, "merges": merges}
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    write(folder, "llama", added_tokens=special, normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]}, model=model)
    write(folder, "llama-split", added_tokens=special, pre_tokenizer=metaspace, model={**model, "byte_fallback": False, "fuse_unk": False})
    unigram = [[text, score] for text, score, _ in pieces(gzip.open(os.path.join(models, "spB.model.gz")).read())]
    for name, split in (("unigram", True), ("unigram-whole", False)):
        write(folder, name, added_tokens=special, pre_tokenizer={**metaspace, "split": split}, model={"type": "Unigram", "unk_id": 0, "byte_fallback": not split, "vocab": unigram})
