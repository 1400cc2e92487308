"""Golden files of the encoders' tests, from the originals' own code.

usage: make_encoder_goldens.py FIXTURES NODE_MODULES

FIXTURES      the folder with texts.jsonl.gz, align.*.jsonl.gz and vocab/
NODE_MODULES  a node_modules folder with tiktoken 1.0.22 and tokenizers 0.23.2 (npm install tiktoken@1.0.22 tokenizers@0.23.2)
Needs spm_encode (Debian's package sentencepiece, 0.1.97) and node.

Writes to tests/golden/encoders:
hard-lines.txt.gz      10,000 lines of make_hard_lines.py
hard-lines.crc.gz      per tokenizer its name, a line feed and per line the CRC-32 of its ids (int32, little-endian); 0 where the line is not compared:
                       broken UTF-8, which only SentencePiece reads, and for Hugging Face's forms the spelling of a special token, which they take for the token
texts.jsonl.gz         the fixture texts, and per tokenizer number and CRC-32 of their ids
o200k-part.tiktoken.gz those ranks of o200k that the fixture texts can need, and o200k-part.special.json beside it
"""
import base64
import glob
import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

import make_hard_lines
import tokenizer_files

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "..", "golden")
OUT = os.path.join(GOLDEN, "encoders")
SAMPLES = os.path.join(HERE, "..", "..", "..", "samples", "vocab")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
         r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def check(ids):
    return zlib.crc32(struct.pack(f"<{len(ids)}i", *ids))


def write(name, content):
    with open(os.path.join(OUT, name), "wb") as out, gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0, filename="") as packed:
        packed.write(content)


def ids_of(path):
    with open(path, encoding="ascii") as rows:
        return [[int(i) for i in row.split()] for row in rows]


def is_text(line):
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def hard_lines(modules, folder):
    lines = make_hard_lines.lines(10000)
    write("hard-lines.txt.gz", b"".join(line + b"\n" for line in lines))
    text = [i for i, line in enumerate(lines) if is_text(line)]
    whole, valid, out = (os.path.join(folder, name) for name in ("whole", "valid", "out"))
    open(whole, "wb").write(b"".join(line + b"\n" for line in lines))
    open(valid, "wb").write(b"".join(lines[i] + b"\n" for i in text))
    tokenizer_files.write_byte_level(folder, SAMPLES)
    tokenizer_files.write_marked(folder, os.path.join(GOLDEN, "tokenizers"))
    checks = []

    def add(name, rows, used):
        values = [0] * len(lines)
        for i, row in zip(used, rows, strict=True):
            values[i] = check(row)
        checks.append(name.encode() + b"\n" + struct.pack(f"<{len(values)}I", *values))

    for name in ("spA", "spB"):
        model = os.path.join(folder, name)
        open(model, "wb").write(gzip.open(os.path.join(GOLDEN, "tokenizers", f"{name}.model.gz")).read())
        subprocess.run(["spm_encode", f"--model={model}", "--output_format=id", f"--input={whole}", f"--output={out}"], check=True)
        add(name, ids_of(out), range(len(lines)))
    node = {**os.environ, "NODE_PATH": modules}
    for name, encoding in (("gpt2", "gpt2"), ("cl100k", "cl100k_base")):
        subprocess.run(["node", os.path.join(HERE, "encode.cjs"), "tiktoken", encoding, valid, out], check=True, env=node)
        add(name, ids_of(out), text)
    for name in ("neox", "qwen2", "llama", "llama-split", "unigram", "unigram-whole"):
        subprocess.run(["node", os.path.join(HERE, "encode.cjs"), "tokenizers", os.path.join(folder, name, "tokenizer.json"), valid, out], check=True, env=node)
        rows = {i: row for i, row in zip(text, ids_of(out), strict=True) if not any(s.encode() in lines[i] for s in tokenizer_files.SPECIAL)}
        add(f"hf-{name}", rows.values(), rows.keys())
    write("hard-lines.crc.gz", b"".join(checks))


def fixture_texts(fixtures):
    texts = {row["id"]: row["text"] for row in map(json.loads, gzip.open(os.path.join(fixtures, "texts.jsonl.gz")))}
    ids = {}
    for path in sorted(glob.glob(os.path.join(fixtures, "align.*.jsonl.gz"))):
        for row in map(json.loads, gzip.open(path)):
            for side in ("source", "target"):
                ids.setdefault(int(row["id"].split("/")[1]), {})[row[side]] = row[f"{side}_ids"]
    rows = [{"id": i, "text": texts[i], "ids": {name: [len(v), check(v)] for name, v in sorted(ids.get(i, {}).items())}} for i in sorted(texts)]
    write("texts.jsonl.gz", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    return [texts[i] for i in sorted(texts) if "o200k" in ids.get(i, {})]


def part_of_o200k(fixtures, texts):
    letters = {letter: byte for byte, letter in tokenizer_files.byte_alphabet().items()}
    tokens = json.load(gzip.open(os.path.join(fixtures, "vocab", "o200k.json.gz")))["tokens"][:199998]
    ranks = {bytes(letters[c] for c in token): i for i, token in enumerate(tokens) if token is not None}
    longest = max(map(len, ranks))
    needed = {bytes([b]) for b in range(256)}
    for text in map(str.encode, texts):
        for start in range(len(text)):
            needed.update(text[start:end] for end in range(start + 1, min(len(text), start + longest) + 1) if text[start:end] in ranks)
    write("o200k-part.tiktoken.gz", b"".join(base64.b64encode(token) + b" %d\n" % ranks[token] for token in sorted(needed, key=ranks.get)))
    with open(os.path.join(OUT, "o200k-part.special.json"), "w", encoding="ascii") as out:
        json.dump({"<|endoftext|>": 199999, "<|endofprompt|>": 200018, "pat_str": O200K}, out)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        hard_lines(sys.argv[2], work)
    part_of_o200k(sys.argv[1], fixture_texts(sys.argv[1]))
