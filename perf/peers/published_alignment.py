"""The published functions in Python and NumPy, in our own words: the peer that `pta bench` is measured against.

    python3 perf/peers/published_alignment.py GOLDEN VOCAB

answers lines on standard input:

    check CASE          "ok N units", or "wrong ..." where its own output is not the golden one
    time CASE SECONDS   "UNITS SECONDS": whole passes over CASE for at least SECONDS, timed here

CASE is document (tokens), transport (problems) or path (cells). What is timed follows SPEC B 3b.1 to 3b.3 step by step, in the style of the
official code: a float64 matrix filled cell by cell, a NumPy loop for the transport. One thing is easier than there: every token distance
comes from a table made beforehand, because the official code calls a compiled extension for it.
"""

import gzip
import json
import os
import platform
import sys
import time

import numpy as np

MARKERS = {"LlamaTokenizer": "▁", "LlamaTokenizerFast": "▁", "GPTNeoXTokenizerFast": "Ġ", "GPT2TokenizerFast": "Ġ"}
VALUE_TOLERANCE = 1e-9
ALLOWED_TIES = 0.002


# ---- The published functions.


def pair_tokens(source, target, distance):
    """Dynamic time warping: for each target position the source positions on the cheapest path, and the path (SPEC B 3b.1)."""
    n, m = len(source), len(target)
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0
    for i, a in enumerate(source):
        to = distance[a]
        for j, b in enumerate(target):
            table[i + 1, j + 1] = to[b] + min(table[i, j], table[i, j + 1], table[i + 1, j])
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
        x = document.target.tokens[ids[a]].replace(document.source.marker, "")
        for q in range(n):
            y = document.target.tokens[columns[q]].replace(document.target.marker, "")
            cost[a, q] = document.distance[x][y]
    plan = solve_transport(cost, r, c, document.lam, document.epsilon)
    fused = {}
    for a in range(n):
        q = int(np.argmax(plan[a]))
        fused[columns[q]] = fused.get(columns[q], 0.0) + plan[a, q]
    return None if any(np.isnan(v) for v in fused.values()) else fused


def align(document):
    """Rows of (ids, values) of one document, as the official `ot` columns hold them."""
    source = [document.source.stripped(t) for t in document.source_ids]
    target = [document.target.stripped(t) for t in document.target_ids]
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


# ---- Reading, and the distances given for free.


class Vocabulary:
    def __init__(self, path):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            content = json.load(file)
        self.tokens = content["tokens"]
        self.marker = content["special"]
        self.byte_level = content["class"] in ("GPTNeoXTokenizerFast", "GPT2TokenizerFast")
        self.ids = {token: i for i, token in enumerate(self.tokens) if token is not None}

    def stripped(self, token):
        return self.tokens[token].replace(self.marker, "")

    def replaced(self, token, marker):
        return self.tokens[token].replace(self.marker, marker)


class Document:
    def __init__(self, row, source, target, mapping):
        self.source, self.target, self.mapping = source, target, mapping
        self.source_ids, self.target_ids = row["source_ids"], row["target_ids"]
        self.source_indices, self.target_indices = row["source_indices"], row["target_indices"]
        # NaN and infinities stand as strings in golden files.
        self.source_logits = [[float(v) for v in r] for r in row["source_logits"]]
        self.target_logits = [[float(v) for v in r] for r in row["target_logits"]]
        self.window, self.lam, self.epsilon = row["logits_number"], row["lambda"], row["epsilon"]
        self.expected = row["ot"]
        self.distance = {}


class Distances(dict):
    """Levenshtein distances by first and second string; one that is missing is computed and kept."""

    def __missing__(self, a):
        row = self[a] = DistancesFrom(a)
        return row


class DistancesFrom(dict):
    def __init__(self, a):
        super().__init__()
        self.a = a

    def __missing__(self, b):
        value = self[b] = levenshtein(self.a, b)
        return value


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


def lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


class Golden:
    def __init__(self, folder, vocabularies):
        self.folder, self.vocabularies = folder, vocabularies
        self.known = {}
        self.distances = {}

    def vocabulary(self, name):
        if name not in self.known:
            self.known[name] = Vocabulary(os.path.join(self.vocabularies, name + ".json.gz"))
        return self.known[name]

    def documents(self):
        found = []
        for name in sorted(os.listdir(self.folder)):
            if not name.startswith("align.") or not name.endswith(".jsonl.gz"):
                continue
            source, target = name.split(".")[1].split("-")
            if not all(os.path.exists(os.path.join(self.vocabularies, v + ".json.gz")) for v in (source, target)):
                continue
            with gzip.open(os.path.join(self.folder, f"align_mapping.{source}-{target}.json.gz"), "rt", encoding="utf-8") as file:
                mapping = json.load(file)
            distance = self.distances.setdefault((source, target), Distances())
            for row in lines(os.path.join(self.folder, name)):
                document = Document(row, self.vocabulary(source), self.vocabulary(target), mapping)
                document.distance = distance
                found.append(document)
        return found

    def transports(self):
        for row in lines(os.path.join(self.folder, "sinkhorn.jsonl.gz")):
            if row["n"] == row["m"] == 10 and row["tag"].startswith("natural:") and row["dist"] != "NaN":
                cost, r, c, plan = (np.array(row[k], dtype=np.float64) for k in ("cost", "r", "c", "P"))
                yield cost, r, c, row["lambda"], row["epsilon"], plan

    def paths(self):
        for row in lines(os.path.join(self.folder, "dtw.jsonl.gz")):
            source = [t.replace(row["source_special"], "") for t in row["source_tokens"]]
            target = [t.replace(row["target_special"], "") for t in row["target_tokens"]]
            yield source, target, self.distances.setdefault("path", Distances()), row["cost"], row["target_to_source"]


# ---- The cases: each checks its answer, which also fills the table of distances, then makes passes.


class DocumentCase:
    def __init__(self, golden):
        self.documents = golden.documents()
        self.units = sum(len(d.target_ids) for d in self.documents)

    def check(self):
        ties = 0
        for d in self.documents:
            for i, (ids, values) in enumerate(align(d)):
                expected = d.expected["indices"][i], [float(v) for v in d.expected["logits"][i]]
                # A plan with two equal maxima may choose either where this machine's exp differs in its last bit (SPEC A4).
                if list(ids) != expected[0] or not np.allclose(values, expected[1], rtol=0, atol=VALUE_TOLERANCE, equal_nan=True):
                    ties += 1
        return None if ties <= ALLOWED_TIES * self.units else f"{ties} of {self.units} rows differ from the golden ones"

    def run(self):
        for d in self.documents:
            align(d)


class TransportCase:
    def __init__(self, golden):
        self.problems = list(golden.transports())
        self.units = len(self.problems)

    def check(self):
        worst = max(np.abs(solve_transport(*p[:5]) - p[5]).max() for p in self.problems)
        return None if worst <= 1e-12 else f"a plan differs by {worst}"

    def run(self):
        for cost, r, c, lam, epsilon, _ in self.problems:
            solve_transport(cost, r, c, lam, epsilon)


class PathCase:
    def __init__(self, golden):
        self.pairs = list(golden.paths())
        self.units = sum(len(p[0]) * len(p[1]) for p in self.pairs)

    def check(self):
        for source, target, distance, cost, expected in self.pairs:
            pairing, _, found = pair_tokens(source, target, distance)
            if found != cost or pairing != expected:
                return f"a path costs {found}, golden {cost}"
        return None

    def run(self):
        for source, target, distance, _, _ in self.pairs:
            pair_tokens(source, target, distance)


CASES = {"document": DocumentCase, "transport": TransportCase, "path": PathCase}


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    golden = Golden(sys.argv[1], sys.argv[2])
    cases = {}
    print(f"ready {platform.python_version()} {np.__version__}", flush=True)
    for line in sys.stdin:
        verb, name, *rest = line.split()
        if name not in cases:
            cases[name] = CASES[name](golden)
        case = cases[name]
        if verb == "check":
            wrong = case.check()
            print(f"wrong {wrong}" if wrong else f"ok {case.units}", flush=True)
            continue
        passes, start = 0, time.perf_counter()
        while passes == 0 or time.perf_counter() - start < float(rest[0]):
            case.run()
            passes += 1
        print(f"{passes * case.units} {time.perf_counter() - start!r}", flush=True)
    return 0


if __name__ == "__main__":
    np.seterr(all="ignore")  # NaN rows are part of the golden documents
    sys.exit(main())
