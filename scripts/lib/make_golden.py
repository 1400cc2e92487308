"""Cuts a folder of golden fixtures down to what every test run can afford. Lines are kept as they are: Python's NaN and -Infinity included."""

import gzip
import json
import os
import sys

PAIRS = ("gpt2-spA", "spB-spA", "cl100k-spA", "spA-cl100k")
VOCABULARIES = ("cl100k", "gpt2", "spA", "spB")

# SentencePiece models, whole: the reader of .model files is checked against them.
MODELS = ("spA.model", "spB.model")

# align: documents of each mode, shortest first, of at most so many bytes each; the rest of the default ones are one per kind.
ALIGN_PER_MODE = 2
ALIGN_OWN = 40_000
ALIGN_LONGEST = 130_000

# Everything else: rows per stratum.
PER_STRATUM = {"dtw": 9, "sinkhorn": 36, "exact_ot": 24, "vocab_map": 60, "editdistance": 600, "collator_loss": 2, "packing": 8}
DTW_LONGEST = 24_000


def lines(path):
    with gzip.open(path, "rb") as file:
        return [line for line in file.read().split(b"\n") if line.strip()]


def write(path, content):
    with open(path, "wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(content)


def write_lines(path, kept):
    write(path, b"".join(line + b"\n" for line in kept))
    print(f"{os.path.basename(path)}: {len(kept)} rows, {os.path.getsize(path)} bytes")


def spread(rows, count):
    """count of the rows, evenly spaced, first and last among them."""
    if len(rows) <= count or count == 1:
        return rows[:count]
    return [rows[round(i * (len(rows) - 1) / (count - 1))] for i in range(count)]


def short_documents(rows):
    by_mode = {}
    for line, row in rows:
        by_mode.setdefault(row["mode"], []).append((line, row))
    kept = []
    for mode in sorted(by_mode):
        ranked = sorted(by_mode[mode], key=lambda r: len(r[0]))
        if mode == "default":
            own = [r for r in ranked if r[1]["kind"] == "own" and len(r[0]) <= ALIGN_OWN]
            kinds = {}
            for candidate in ranked:
                # The longest that fits says more than the shortest one.
                if candidate[1]["kind"] != "own" and len(candidate[0]) <= ALIGN_LONGEST:
                    kinds[candidate[1]["kind"]] = candidate
            kept += own + [kinds[kind] for kind in sorted(kinds)]
        else:
            fitting = [r for r in ranked if len(r[0]) <= ALIGN_LONGEST]
            # Where no document fits, the shortest one stands for its mode.
            kept += spread(fitting, ALIGN_PER_MODE + 1)[-ALIGN_PER_MODE:] or ranked[:1]
    chosen = {id(line) for line, _ in kept}
    return [r for r in rows if id(r[0]) in chosen]


def restricted_mapping(mapping, documents, source, target):
    """Entries of every source token in the documents or among their candidates, and those looked up with the target's marker in front."""
    ids = set()
    for document in documents:
        ids.update(document["source_ids"])
        for row in document["source_indices"]:
            ids.update(row)
    keys = set()
    for token in (source["tokens"][i] for i in ids):
        key = token.replace(source["special"], target["special"])
        keys.update((key, target["special"] + key))
    return {key: value for key, value in mapping.items() if key in keys}


def stratum(kind, row):
    if kind in ("sinkhorn", "exact_ot"):
        return row["tag"].split(":")[0]
    if kind == "dtw":
        return row["tag"]
    if kind == "vocab_map":
        return (row["source"], row["target"], row["exact"])
    if kind == "editdistance":
        return (row["a"] + row["b"]).isascii()
    if kind == "collator_loss":
        args = row["args"]
        greater = args["distill_greater_as_gt"]
        return (args["distill_loss_type"], greater, args["distill_greater_as_gt_type" if greater else "distill_weighted_as_gt_type"])
    return row["metric_level"]


def rank(kind, row):
    """Order within a stratum, so that an even spread reaches both ends."""
    if kind == "sinkhorn":
        return (row["iterations"], row["id"])
    if kind == "dtw":
        return (len(row["source_tokens"]) * len(row["target_tokens"]), str(row["id"]))
    if kind == "editdistance":
        return (len(row["a"]) + len(row["b"]), row["a"], row["b"])
    return (0,)


def sample(kind, rows):
    strata = {}
    for index, (line, row) in enumerate(rows):
        if kind == "vocab_map" and not {row["source"], row["target"]} <= set(VOCABULARIES):
            continue
        if kind == "dtw" and len(line) > DTW_LONGEST:
            continue
        strata.setdefault(str(stratum(kind, row)), []).append((rank(kind, row), index, line))
    count = PER_STRATUM[kind]
    kept = [entry for name in sorted(strata) for entry in spread(sorted(strata[name]), count)]
    if kind == "exact_ot" and not any(b"entropic_plan" in entry[2] for entry in kept):
        sys.exit("exact_ot: no row with an entropic plan was chosen")
    return [line for _, _, line in sorted(kept, key=lambda entry: entry[1])]


def main(fixtures, golden):
    os.makedirs(golden, exist_ok=True)
    vocabularies = {name: json.loads(gzip.open(os.path.join(fixtures, "vocab", name + ".json.gz")).read()) for name in VOCABULARIES}
    for pair in PAIRS:
        name = f"align.{pair}.jsonl.gz"
        kept = short_documents([(line, json.loads(line)) for line in lines(os.path.join(fixtures, name))])
        write_lines(os.path.join(golden, name), [line for line, _ in kept])
        name = f"align_mapping.{pair}.json.gz"
        source, target = pair.split("-")
        mapping = json.loads(gzip.open(os.path.join(fixtures, name)).read())
        entries = restricted_mapping(mapping, [row for _, row in kept], vocabularies[source], vocabularies[target])
        write(os.path.join(golden, name), json.dumps(entries, ensure_ascii=True).encode("ascii"))
        print(f"{name}: {len(entries)} of {len(mapping)} entries, {os.path.getsize(os.path.join(golden, name))} bytes")
    for kind in sorted(PER_STRATUM):
        rows = [(line, json.loads(line)) for line in lines(os.path.join(fixtures, kind + ".jsonl.gz"))]
        write_lines(os.path.join(golden, kind + ".jsonl.gz"), sample(kind, rows))
    os.makedirs(os.path.join(golden, "tokenizers"), exist_ok=True)
    for name in MODELS:
        with open(os.path.join(fixtures, "tokenizers", name), "rb") as file:
            write(os.path.join(golden, "tokenizers", name + ".gz"), file.read())


main(sys.argv[1], sys.argv[2])
