"""What several tests need: where the repository is, which tests run here, and documents to align."""

import functools
import gzip
import json
import os
import sys
import unittest

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = os.path.join(REPOSITORY, "native", "python")
SAMPLES = os.path.join(REPOSITORY, "samples")
GOLDEN = os.path.join(REPOSITORY, "tests", "golden")

if PACKAGE not in sys.path:
    sys.path.insert(0, PACKAGE)

try:
    import numpy
except ImportError:
    numpy = None

SHORT = bool(os.environ.get("PTAKERNELS_TEST_SHORT"))
SANITIZED = bool(os.environ.get("PTAKERNELS_TEST_SANITIZED"))

first_test = unittest.skipIf(os.environ.get("PTAKERNELS_TEST_LATER"), "the same on every Python; the first interpreter runs it")
long_test = unittest.skipIf(SHORT, "a long test; two interpreters run it")
needs_numpy = unittest.skipIf(numpy is None, "needs NumPy")


def read_lines(path):
    """The rows of a JSON-lines file, gzip or plain."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@functools.lru_cache(maxsize=None)
def sample_rows(name):
    """Documents of samples/ as one model saw them."""
    return read_lines(os.path.join(SAMPLES, name + ".jsonl.gz"))


@functools.lru_cache(maxsize=None)
def vocabulary(name):
    import ptakernels

    return ptakernels.Vocabulary.load(os.path.join(SAMPLES, "vocab", name + ".json.gz"))


@functools.lru_cache(maxsize=None)
def pair(source="gpt2", target="spA"):
    import ptakernels

    return ptakernels.VocabularyPair(vocabulary(source), vocabulary(target))


def view(row):
    """A sample document as align_batch takes it."""
    import ptakernels

    return ptakernels.TokenizedDocument(row["input_ids"], row["per_step_indices"], row["per_step_logits"], id=row["id"])


def sample_documents(source="gpt2", target="spA", most=None):
    """(source, target) of the sample documents."""
    return [(view(s), view(t)) for s, t in zip(sample_rows(source)[:most], sample_rows(target)[:most])]


def rows_of(aligned):
    """Plain lists, to compare."""
    return [(tokens.tolist(), values.tolist()) for tokens, values in aligned]
