"""The published functions in Python and NumPy, in our own words: the peer that `pta bench` is measured against.

    python3 perf/peers/published_alignment.py WORK VOCABULARIES

WORK holds align.SOURCE-TARGET.jsonl, documents with the rows expected of them, and map.SOURCE-TARGET.json, both as bench writes them. Lines on
standard input are answered on standard output:

    check document          "ok TOKENS ROWS", ROWS those that are as expected; or "wrong ..." where too many are not
    time document SECONDS   "TOKENS SECONDS": whole passes for at least SECONDS, and the processor seconds they took

What is timed follows SPEC B 3b.1 to 3b.3 step by step, in the style of the official code: a float64 matrix filled cell by cell, a call of a compiled
edit distance for every pair of tokens, a NumPy loop for the transport. Where the compiled module (Debian's python3-levenshtein) is missing, every
distance comes from a table made beforehand instead, which is faster than the official code can be; the peer then says so.
"""

import gzip
import importlib.metadata
import json
import os
import platform
import sys
import time

import numpy as np

try:
    import Levenshtein

    LEVENSHTEIN_VERSION = importlib.metadata.version(importlib.metadata.packages_distributions()["Levenshtein"][0])
except ImportError:
    Levenshtein, LEVENSHTEIN_VERSION = None, "-"

VALUE_TOLERANCE = 1e-9
ALLOWED_TIES = 0.002


# ---- The published functions.


def pair_tokens(source, target, distance):
    """Dynamic time warping: for each target position the source positions on the cheapest path, and the path (SPEC B 3b.1)."""
    n, m = len(source), len(target)
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0
    for i, a in enumerate(source):
        for j, b in enumerate(target):
            table[i + 1, j + 1] = distance(a, b) + min(table[i, j], table[i, j + 1], table[i + 1, j])
    path = []
    pairing = [[] for _ in range(m)]
    i, j = n - 1, m - 1
    while True:
        path.append((i, j))
        pairing[j].append(i)
        if i == 0 and j == 0:
            break
        # The table's border is infinite, so a step never leaves it; argmin takes the first: diagonal, up, left.
        step = np.argmin([table[i, j], table[i, j + 1], table[i + 1, j]])
        i, j = i - (step != 2), j - (step != 1)
    path.reverse()
    return [sorted(p) for p in pairing], path, table[n, m]


def solve_transport(cost, r, c, lam, epsilon):
    """The published Sinkhorn loop (SPEC B 3b.3)."""
    plan = np.exp(-lam * cost)
    plan /= plan.sum()
    u = np.zeros(len(r))
    while np.max(np.abs(u - plan.sum(1))) > epsilon:
        u = plan.sum(1)
        u[u < 1e-10] = 1e-10
        plan *= (r / u).reshape((-1, 1))
        v = plan.sum(0)
        v[v < 1e-10] = 1e-10
        plan *= (c / v).reshape((1, -1))
    return plan


def softmax(values):
    x = np.asarray(values, dtype=np.float64)
    e = np.exp(x - np.max(x))
    return e / e.sum()


def soft_candidates(document, j):
    """FuseLLM's list: the source row's tokens through the map, first of duplicates kept (SPEC B 3b.2)."""
    ids, logits = [], []
    for token, logit in zip(document.source_indices[j], document.source_logits[j]):
        mapped = document.mapping[document.source.replaced(token, document.target.marker)]
        at = document.target.ids.get(mapped)
        if at is not None and at not in ids:
            ids.append(at)
            logits.append(logit)
    return ids, logits


def transport_step(document, i, j, ids):
    """One fused row, or None where the plan is not a number or too little is mapped (SPEC B 3b.3)."""
    n = document.window
    if len(ids) < n or len(document.target_indices[i]) < n:
        return None
    columns = document.target_indices[i][:n]
    r = softmax(document.source_logits[j])[:n]
    c = softmax(document.target_logits[i])[:n]
    cost = np.zeros((n, n))
    for a in range(n):
        x = document.target.tokens[ids[a]]
        for q in range(n):
            cost[a, q] = document.distance(x, document.target.tokens[columns[q]])
    plan = solve_transport(cost, r, c, document.lam, document.epsilon)
    fused = {}
    for a in range(n):
        q = int(np.argmax(plan[a]))
        fused[columns[q]] = fused.get(columns[q], 0.0) + plan[a, q]
    return None if any(np.isnan(v) for v in fused.values()) else fused


def align(document):
    """Rows of (ids, values) of one document, as the official `ot` columns hold them."""
    source = [document.source.tokens[t] for t in document.source_ids]
    target = [document.target.tokens[t] for t in document.target_ids]
    pairing, _, _ = pair_tokens(source, target, document.distance)
    rows = []
    for i, paired in enumerate(pairing):
        token = document.target.tokens[document.target_ids[i]]
        row = [document.target_ids[i]], [1.0]
        if len(paired) == 1:
            key = document.source.replaced(document.source_ids[paired[0]], document.target.marker)
            marker = document.target.marker
            if document.source.byte_level and i == 0 and token.startswith(marker) and not key.startswith(marker):
                key = marker + key
            if token == key or document.mapping.get(key) == token:
                ids, logits = soft_candidates(document, paired[0])
                fused = transport_step(document, i, paired[0], ids)
                row = (ids, logits) if fused is None else (list(fused), list(fused.values()))
        rows.append(row)
    return rows


# ---- Distances, markers removed: the source's from the first token, the target's from the second.


def calls(source_marker, target_marker):
    """As the official code does: two replacements and a call of the compiled edit distance for every pair."""

    def distance(a, b):
        return Levenshtein.distance(a.replace(source_marker, ""), b.replace(target_marker, ""))

    return distance


def free(source_marker, target_marker):
    """From a table that the check has filled."""
    table = {}

    def distance(a, b):
        value = table.get((a, b))
        if value is None:
            value = table[a, b] = levenshtein(a.replace(source_marker, ""), b.replace(target_marker, ""))
        return value

    return distance


def levenshtein(a, b):
    """Bit-parallel (Myers 1999, Hyyrö 2003) on Python's integers."""
    if not a or not b:
        return len(a) + len(b)
    mask, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    positions = {}
    for i, symbol in enumerate(a):
        positions[symbol] = positions.get(symbol, 0) | 1 << i
    plus, minus, score = mask, 0, len(a)
    for symbol in b:
        match = positions.get(symbol, 0)
        zero = (((match & plus) + plus) ^ plus) | match | minus
        across, back = minus | ~(zero | plus), plus & zero
        score += bool(across & last) - bool(back & last)
        across = across << 1 | 1
        plus, minus = (back << 1 | ~(zero | across)) & mask, across & zero & mask
    return score


# ---- Reading.


class Vocabulary:
    def __init__(self, path):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            content = json.load(file)
        self.tokens = content["tokens"]
        self.marker = content["special"]
        self.byte_level = content["class"] in ("GPTNeoXTokenizerFast", "GPT2TokenizerFast")
        self.ids = {token: i for i, token in enumerate(self.tokens) if token is not None}

    def replaced(self, token, marker):
        return self.tokens[token].replace(self.marker, marker)


class Document:
    def __init__(self, row, source, target, mapping, distance):
        self.source, self.target, self.mapping, self.distance = source, target, mapping, distance
        self.source_ids, self.target_ids = row["source_ids"], row["target_ids"]
        self.source_indices, self.target_indices = row["source_indices"], row["target_indices"]
        self.source_logits, self.target_logits = row["source_logits"], row["target_logits"]
        self.window, self.lam, self.epsilon = row["logits_number"], row["lambda"], row["epsilon"]
        self.expected = list(zip(row["indices"], row["values"]))


def read_documents(folder, vocabularies):
    found, known = [], {}
    for name in sorted(n for n in os.listdir(folder) if n.startswith("align.")):
        names = name.split(".")[1].split("-")
        for v in names:
            if v not in known:
                known[v] = Vocabulary(os.path.join(vocabularies, v + ".json.gz"))
        source, target = (known[v] for v in names)
        with open(os.path.join(folder, f"map.{names[0]}-{names[1]}.json"), encoding="utf-8") as file:
            mapping = json.load(file)
        distance = (calls if Levenshtein else free)(source.marker, target.marker)
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            found += [Document(json.loads(line), source, target, mapping, distance) for line in file]
    return found


# ---- The case: it checks its answer, then makes passes.


def check(documents):
    ties = 0
    for d in documents:
        for (ids, values), expected in zip(align(d), d.expected, strict=True):
            # A plan with two equal maxima may choose either where this machine's exp differs in its last bit (SPEC A4).
            if list(ids) != expected[0] or not np.allclose(values, expected[1], rtol=0, atol=VALUE_TOLERANCE, equal_nan=True):
                ties += 1
    rows = sum(len(d.target_ids) for d in documents)
    return f"ok {rows} {rows - ties}" if ties <= ALLOWED_TIES * rows else f"wrong {ties} of {rows} rows differ from the expected ones"


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    documents = read_documents(*sys.argv[1:])
    print(f"ready {platform.python_version()} {np.__version__} {LEVENSHTEIN_VERSION}", flush=True)
    for line in sys.stdin:
        verb, _, *rest = line.split()
        if verb == "check":
            print(check(documents), flush=True)
            continue
        passes, start, processor = 0, time.perf_counter(), time.process_time()
        while passes == 0 or time.perf_counter() - start < float(rest[0]):
            for d in documents:
                align(d)
            passes += 1
        print(f"{passes * sum(len(d.target_ids) for d in documents)} {time.process_time() - processor!r}", flush=True)
    return 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
