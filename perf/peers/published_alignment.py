"""The published method in Python and NumPy, in our own words: the peer that `pta bench` is measured against.

    python3 perf/peers/published_alignment.py WORK VOCABULARIES

WORK holds align.SOURCE-TARGET.jsonl, documents with the rows expected of them, map.SOURCE-TARGET.json, and the arrays of published_work.py, all as bench
writes them. "ready PYTHON NUMPY LEVENSHTEIN" is said first, "-" for a distance that is missing; lines on standard input are answered on standard output:

    check document          "ok TOKENS ROWS", ROWS those that are as expected; or "wrong ..." where too many are not
    check CASE              "ok UNITS SUM", SUM a checksum that the caller knows too
    time CASE SECONDS       "UNITS SECONDS": passes for at least SECONDS, and the processor seconds they took

CASE is document, or edit, map, path or transport, which are timed on evenly spaced parts and whose arrays may lie in a folder within WORK: path.512/path. What is
timed follows SPEC B 3a and 3b.1 to 3b.3 step by step (published_functions.py). Where the compiled edit distance is missing, every distance in a document comes from a table made beforehand instead, which is faster
than the official code can be; the peer then says so, and edit and map cannot be asked for.
"""

import gzip
import json
import os
import platform
import sys

import numpy as np

from peer_lines import answer
from published_functions import LEVENSHTEIN_VERSION, Levenshtein, calls, free, pair_tokens, solve_transport
from published_work import EditWork, MapWork, PathWork, TransportWork

VALUE_TOLERANCE = 1e-9
ALLOWED_TIES = 0.002


# ---- The published alignment of a document.


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
    plan, _ = solve_transport(cost, r, c, document.lam, document.epsilon)
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


# ---- The cases: each checks its answer, then makes passes.


class DocumentWork:
    """Whole documents, their rows compared with the expected ones."""

    def __init__(self, folder, vocabularies):
        self.documents = read_documents(folder, vocabularies)
        self.rows = sum(len(d.target_ids) for d in self.documents)

    def check(self):
        ties = 0
        for d in self.documents:
            for (ids, values), expected in zip(align(d), d.expected, strict=True):
                # A plan with two equal maxima may choose either where this machine's exp differs in its last bit (SPEC A4).
                if list(ids) != expected[0] or not np.allclose(values, expected[1], rtol=0, atol=VALUE_TOLERANCE, equal_nan=True):
                    ties += 1
        return f"ok {self.rows} {self.rows - ties}" if ties <= ALLOWED_TIES * self.rows else f"wrong {ties} of {self.rows} rows differ from the expected ones"

    def run(self):
        for d in self.documents:
            align(d)
        return self.rows


ARRAY_WORKS = {"edit": EditWork, "map": MapWork, "path": PathWork, "transport": TransportWork}


def make(name, folder, vocabularies):
    place, _, case = name.rpartition("/")
    return DocumentWork(folder, vocabularies) if case == "document" else ARRAY_WORKS[case](os.path.join(folder, place))


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder, vocabularies = sys.argv[1:]
    answer((platform.python_version(), np.__version__, LEVENSHTEIN_VERSION), lambda name: make(name, folder, vocabularies))
    return 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
