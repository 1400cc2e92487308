"""Speed of align_batch from Python, beside the native call alone and beside the published functions in Python.

    python3 perf/python/bench.py [--golden FOLDER] [--rounds N] [--seconds S] [--no-peer] [--out FILE]

Needs NumPy. Preset reference, one thread, processor seconds. Two sets of documents: samples, the 34 short ones of samples/ that every preset takes; long, those
of FOLDER with 1,000 tokens or more on a side (align.SOURCE-TARGET.jsonl.gz with their expected rows), by default samples joined up to 2,048 tokens. A pass goes
over copies of each, so that documents come from memory as in a corpus, not from a core's cache. Per set, interleaved in each round so that a busy machine
hits all alike:

    native     pta_align_batch on structs and memory that are made once
    align      align_batch on TokenizedDocuments that are made once
    arrays     TokenizedDocuments from NumPy arrays, and align_batch
    published  perf/peers/published_alignment.py in a process of its own

Before anything is timed, rows are compared: of align with the expected ones where there are some, and of the published functions with those of align.
"""

import argparse
import gc
import gzip
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(REPOSITORY, "native", "python"))

import numpy  # noqa: E402
import ptakernels  # noqa: E402
from ptakernels import Options, TokenizedDocument, Vocabulary, VocabularyPair, alignment, options  # noqa: E402

OPTIONS = Options.preset("reference", measure_signal=False)
"""What the published functions compute; the teacher signal kept is ours."""

LONG, MOST = 1000, 2048
LEAST_TOKENS = 30_000
"""Target tokens of a pass: 14 MB of documents and results."""

ALLOWED_TIES = 0.002
LEAST_SHARE, LEAST_SPEEDUP = 0.85, 1000


class DocumentSet:
    """Documents of one vocabulary pair as NumPy arrays, prepared for each way of aligning them."""

    def __init__(self, name, source, target, documents, expected=None):
        self.name, self.source, self.target, self.documents = name, source, target, documents
        self.vocabularies = [Vocabulary.load(os.path.join(REPOSITORY, "samples", "vocab", v + ".json.gz")) for v in (source, target)]
        self.pair = VocabularyPair(*self.vocabularies)
        tokens = sum(len(target[0]) for _, target in documents)
        self.copies = [tuple(tuple(a.copy() for a in view) for view in both) for _ in range(-(-LEAST_TOKENS // tokens)) for both in documents]
        self.tokens = sum(len(target[0]) for _, target in self.copies)
        self.made = self.make()
        self.rows = [[(t.tolist(), v.tolist()) for t, v in d] for d in self.align()[: len(documents)]]
        if expected is not None:
            require_equal(name, self.rows, expected)
        own = options.native_options(OPTIONS, 1)
        taken = [(d, t, alignment.native().pta_align_capacity(own, t.length, s.k, t.k)) for d, (s, t) in enumerate(self.made)]
        self.batch = alignment._Batch(taken, OPTIONS)
        self.batch.lay_out([part for s, t in self.made for part in (s._packed, t._packed, b"")])
        self.own = own

    def make(self):
        return [tuple(TokenizedDocument(*arrays) for arrays in both) for both in self.copies]

    def native(self):
        self.batch.call(self.pair, self.own)

    def align(self):
        return ptakernels.align_batch(self.pair, self.made, OPTIONS)

    def arrays(self):
        return ptakernels.align_batch(self.pair, self.make(), OPTIONS)


def require_equal(name, rows, expected):
    """Ids equal, values to 1e-9; a choice between two equal maxima may fall the other way (SPEC A4)."""
    total = ties = 0
    for document, other in zip(rows, expected):
        for (tokens, values), (ids, wanted) in zip(document, other):
            total += 1
            ties += tokens != ids or not numpy.allclose(values, wanted, rtol=0, atol=1e-9, equal_nan=True)
    if ties > ALLOWED_TIES * total:
        sys.exit(f"{name}: {ties} of {total} rows are not the expected ones; nothing was timed.")


def arrays_of(ids, indices, values):
    return numpy.array(ids, "i4"), numpy.array(indices, "i4"), numpy.array(values, "f8")


def read_lines(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def samples():
    """gpt2 to spA; one document's texts differ too much for the other presets."""
    both = [read_lines(os.path.join(REPOSITORY, "samples", name + ".jsonl.gz")) for name in ("gpt2", "spA")]
    return [tuple(arrays_of(row["input_ids"], row["per_step_indices"], row["per_step_logits"]) for row in rows) for n, rows in enumerate(zip(*both)) if n != 13]


def joined(documents):
    """Documents end to end, as long as both sides have at most MOST tokens."""
    made, run = [], []
    for document in sorted(documents, key=lambda d: -max(len(d[0][0]), len(d[1][0]))):
        if run and any(sum(len(d[side][0]) for d in run) + len(document[side][0]) > MOST for side in (0, 1)):
            made.append(run)
            run = []
        run.append(document)
    return [tuple(tuple(numpy.concatenate([d[side][part] for d in run]) for part in range(3)) for side in (0, 1)) for run in [*made, run]]


def golden(folder, source, target):
    """Long documents with the official code's rows."""
    documents, expected = [], []
    for row in read_lines(os.path.join(folder, f"align.{source}-{target}.jsonl.gz")):
        if row["mode"] == "default" and max(len(row["source_ids"]), len(row["target_ids"])) >= LONG:
            documents.append(tuple(arrays_of(*(row[f"{side}_{part}"] for part in ("ids", "indices", "logits"))) for side in ("source", "target")))
            expected.append(list(zip(row["ot"]["indices"], row["ot"]["logits"])))
    return documents, expected


class Published:
    """The peer process on a set of documents; it checks its rows against ours first."""

    def __init__(self, documents, folder):
        self.folder = folder
        source, target = documents.vocabularies
        names = f"{documents.source}-{documents.target}"
        tokens = sorted({int(i) for (ids, indices, _), _ in documents.documents for i in (*ids, *indices.ravel())})
        nearest = ptakernels.find_official_map(source, target, tokens).nearest.tolist()
        with open(os.path.join(folder, f"map.{names}.json"), "w", encoding="utf-8") as file:
            json.dump({source.string(t).replace(source.marker, target.marker): target.string(n) for t, n in zip(tokens, nearest)}, file)
        with open(os.path.join(folder, f"align.{names}.jsonl"), "w", encoding="utf-8") as file:
            for (a, b), rows in zip(documents.documents, documents.rows):
                line = {f"{side}_{part}": value.tolist() for side, view in (("source", a), ("target", b)) for part, value in zip(("ids", "indices", "logits"), view)}
                line.update({"logits_number": OPTIONS.window, "lambda": 1 / OPTIONS.epsilon, "epsilon": OPTIONS.tolerance})
                line.update(indices=[tokens for tokens, _ in rows], values=[values for _, values in rows])
                file.write(json.dumps(line) + "\n")
        script = os.path.join(REPOSITORY, "perf", "peers", "published_alignment.py")
        self.process = subprocess.Popen(
            [sys.executable, script, folder, os.path.join(REPOSITORY, "samples", "vocab")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
        )
        self.distances = self.process.stdout.readline().split()[3]
        answer = self.ask("check document")
        if not answer.startswith("ok"):
            sys.exit(f"{documents.name}: the published functions answer otherwise: {answer}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def rate(self):
        """Tokens per processor second of at least one pass."""
        tokens, seconds = self.ask("time document 0.001").split()
        return int(tokens) / float(seconds)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def rate(documents, way, seconds):
    """Tokens per processor second of whole passes that take so long at least."""
    run = getattr(documents, way)
    passes, start, clock = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() - clock < seconds or passes == 0:
        run()
        passes += 1
    return passes * documents.tokens / (time.process_time() - start)


def measure(documents, rounds, seconds, with_peer):
    """By way: tokens per second of each round. Shares are medians of the rounds' own quotients."""
    gc.collect()
    gc.freeze()  # what was read stays; collections should not go over it again and again
    rates = {way: [] for way in ("native", "align", "arrays", *(["published"] if with_peer else []))}
    with tempfile.TemporaryDirectory() as folder:
        peer = Published(documents, folder) if with_peer else None
        for _ in range(rounds):
            for way in ("native", "align", "arrays"):
                rates[way].append(rate(documents, way, seconds))
            if peer is not None:
                rates["published"].append(peer.rate())
        if peer is not None:
            peer.end()
    found = {
        "documents": len(documents.documents), "copies": len(documents.copies) // len(documents.documents),
        "target_tokens": documents.tokens, "longest": max(max(len(s[0]), len(t[0])) for s, t in documents.documents),
        "tokens_per_second": {way: {"median": round(statistics.median(r)), "low": round(min(r)), "high": round(max(r))} for way, r in rates.items()},
        "share_of_native": {way: round(statistics.median(a / b for a, b in zip(rates[way], rates["native"])), 4) for way in ("align", "arrays")},
    }
    if with_peer:
        found["times_published"] = round(statistics.median(a / b for a, b in zip(rates["align"], rates["published"])), 1)
        found["published_distances"] = "from a table, free" if peer.distances == "-" else f"Levenshtein {peer.distances}"
    return found


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "logical_cores": os.cpu_count()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--out", default=os.path.join(REPOSITORY, "artifacts", "python-bench.json"))
    arguments = parser.parse_args()
    numpy.seterr(all="ignore")
    short = samples()
    long, expected = golden(arguments.golden, "gpt2", "spA") if arguments.golden else (joined(short), None)
    sets = [DocumentSet("samples", "gpt2", "spA", short), DocumentSet("long", "gpt2", "spA", long, expected)]
    result = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "machine": machine(), "preset": "reference", "threads": 1,
        "versions": {"ptakernels": ptakernels.version(), "isa": ptakernels.isa(), "python": platform.python_version(), "numpy": numpy.__version__},
        "sets": {s.name: measure(s, arguments.rounds, arguments.seconds, not arguments.no_peer) for s in sets},
    }
    os.makedirs(os.path.dirname(os.path.abspath(arguments.out)), exist_ok=True)
    with open(arguments.out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
        file.write("\n")
    reached = True
    for name, found in result["sets"].items():
        print(f"{name}: {found['documents']} documents {found['copies']} times, {found['target_tokens']} target tokens, at most {found['longest']} on a side")
        for way, r in found["tokens_per_second"].items():
            print(f"  {way:10} {r['median']:>11,} tokens/s ({r['low']:,}..{r['high']:,})")
        print(f"  align is {found['share_of_native']['align']:.3f} of native, with arrays {found['share_of_native']['arrays']:.3f}; at least {LEAST_SHARE} is wanted of align")
        reached &= found["share_of_native"]["align"] >= LEAST_SHARE
        if "times_published" in found:
            print(f"  align is {found['times_published']:,} times the published functions ({found['published_distances']}); at least {LEAST_SPEEDUP} is wanted of long")
            reached &= name != "long" or found["times_published"] >= LEAST_SPEEDUP
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
