"""Selects documents that two sources and one target share, and writes each model's view as JSON lines (see samples/README.md)."""

import gzip
import json
import os
import shutil
import sys

KINDS = ("own", "pystd", "netdoc", "loc-")
# These runs differ from `default` in a parameter of the official code only; `nan` and `ties` alter the candidates themselves.
UNALTERED = ("default", "window5", "window3", "eps1e-4")
LONGEST = 2048  # where the official forward step cuts a document
SHORTEST = 5
VOCABULARIES = ("cl100k", "gpt2", "spA", "spB")


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def by_document(folder, pair):
    rows = read(os.path.join(folder, f"align.{pair}.jsonl.gz"))
    return {int(row["id"].split("/")[1]): row for row in rows if row["mode"] in UNALTERED}


def view(row, side, text):
    return {
        "id": row["id"].split("/")[1],
        "kind": row["kind"],
        "text": text,
        "input_ids": row[side + "_ids"],
        "per_step_logits": row[side + "_logits"],
        "per_step_indices": row[side + "_indices"],
    }


def write(path, rows):
    with open(path, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        for row in rows:
            packed.write((json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode("utf-8"))


def main(fixtures, samples):
    texts = {row["id"]: row["text"] for row in read(os.path.join(fixtures, "texts.jsonl.gz"))}
    gpt2, sp_b = by_document(fixtures, "gpt2-spA"), by_document(fixtures, "spB-spA")
    documents = []
    for number in sorted(gpt2.keys() & sp_b.keys()):
        a, b = gpt2[number], sp_b[number]
        lengths = [len(a["source_ids"]), len(b["source_ids"]), len(a["target_ids"])]
        if not a["kind"].startswith(KINDS) or max(lengths) >= LONGEST or lengths[2] < SHORTEST:
            continue
        for field in ("target_ids", "target_logits", "target_indices"):
            if a[field] != b[field]:
                sys.exit(f"document {number}: {field} differs between the two pairs")
        documents.append((texts[number], a, b))

    os.makedirs(os.path.join(samples, "vocab"), exist_ok=True)
    write(os.path.join(samples, "spA.jsonl.gz"), (view(a, "target", text) for text, a, b in documents))
    write(os.path.join(samples, "gpt2.jsonl.gz"), (view(a, "source", text) for text, a, b in documents))
    write(os.path.join(samples, "spB.jsonl.gz"), (view(b, "source", text) for text, a, b in documents))
    for name in VOCABULARIES:
        shutil.copyfile(os.path.join(fixtures, "vocab", name + ".json.gz"), os.path.join(samples, "vocab", name + ".json.gz"))
    tokens = [sum(len(row[side]) for row in rows) for rows, side in (
        ([a for _, a, _ in documents], "target_ids"), ([a for _, a, _ in documents], "source_ids"), ([b for _, _, b in documents], "source_ids"))]
    print(f"{len(documents)} documents; tokens: spA {tokens[0]}, gpt2 {tokens[1]}, spB {tokens[2]}")


main(sys.argv[1], sys.argv[2])
