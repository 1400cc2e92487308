"""Golden files of the official code against this package: ``python -m ptakernels verify DIR``, which prints what ``pta verify --golden DIR`` prints."""

from __future__ import annotations

import os
import sys
from typing import List, Optional, TextIO, Tuple, Type

from ..errors import DataError
from .documents import TIE_ULPS, AlignCheck
from .golden import FAILED, PASSED, SKIPPED, Context, GoldenCheck, Result, failed
from .kernels import EditDistanceCheck, ExactTransportCheck, PathCheck, SinkhornCheck
from .maps import AlignMappingCheck, VocabularyMapCheck
from .training import CollatorLossCheck, PackingCheck

__all__ = ["verify"]

_ALLOWED_TIES = 0.002
"""Share of a file's steps that may differ by a tie in the last bits of an argmax (SPEC A4)."""

_SHOWN_FAILURES = 5
"""Failures printed per file; the rest are only counted."""

_OF_LINES = {
    "align": AlignCheck, "collator_loss": CollatorLossCheck, "dtw": PathCheck, "editdistance": EditDistanceCheck, "exact_ot": ExactTransportCheck,
    "packing": PackingCheck, "sinkhorn": SinkhornCheck, "vocab_map": VocabularyMapCheck,
}


def verify(
    folder: str, vocabularies: Optional[str] = None, sample: int = 1, allow_skips: bool = False, output: Optional[TextIO] = None,
    errors: Optional[TextIO] = None,
) -> int:
    """Checks every golden file of a folder against the native library and prints a line for each, then the sum; what differs goes to errors.

    output, errors: by default standard output and standard error.
    vocabularies: folder of NAME.json or NAME.json.gz; by default DIR/vocab. sample: every k-th row of a file.
    Returns 0 where every row passed, 1 where one failed, 2 without golden files, 3 where rows were skipped, unless allow_skips.
    """
    output, errors = output or sys.stdout, errors or sys.stderr
    if sample < 1:
        print(f"ptakernels: --sample is {sample}; it must be 1 or more.", file=errors)
        return 2
    if not os.path.isdir(folder):
        print(f"ptakernels: {folder}: no such folder.", file=errors)
        return 2
    context = Context(folder, vocabularies or os.path.join(folder, "vocab"))
    counts = {PASSED: 0, FAILED: 0, SKIPPED: 0}
    files = 0
    for name in sorted(os.listdir(folder)):
        kind = _kind_of(name)
        if kind is None or not os.path.isfile(os.path.join(folder, name)):
            continue
        files += 1
        results = _results(kind(context, name), os.path.join(folder, name), sample, errors)
        own = {verdict: sum(r.verdict == verdict for r in results) for verdict in counts}
        print(f"{name} native {own[PASSED]} passed, {own[FAILED]} failed, {own[SKIPPED]} skipped", file=output, flush=True)
        for verdict, count in own.items():
            counts[verdict] += count
    if files == 0:
        print(f"ptakernels: {folder} holds no golden files (align.*.jsonl.gz, dtw.jsonl.gz, sinkhorn.jsonl.gz, ...).", file=errors)
        return 2
    return _finish(counts[PASSED], counts[FAILED], counts[SKIPPED], allow_skips, output, errors)


def _finish(passed: int, failures: int, skips: int, allow_skips: bool, output: TextIO, errors: TextIO) -> int:
    print(f"{passed} passed, {failures} failed" + (f", {skips} skipped" if skips else ""), file=output, flush=True)
    if failures:
        return 1
    if skips == 0 or allow_skips:
        return 0
    print(f"ptakernels: {skips} rows were skipped; add --allow-skips to accept that.", file=errors)
    return 3


def _kind_of(name: str) -> Optional[Type[GoldenCheck]]:
    """The check for a file, by the part of its name before the first dot; None when it is no golden file."""
    stem = name.split(".")[0]
    if name.endswith((".jsonl.gz", ".jsonl")):
        return _OF_LINES.get(stem)
    return AlignMappingCheck if stem == "align_mapping" and name.endswith((".json.gz", ".json")) else None


def _results(check: GoldenCheck, path: str, sample: int, errors: TextIO) -> List[Result]:
    try:
        rows = check.rows(path)[::sample]
        if not rows:
            raise DataError("holds no rows; make the file again.")
        results = check.check_all(rows)
    except DataError as error:
        print(f"{check.name}: {error}", file=errors)
        return [failed(str(error))]
    results = _with_ties_judged(check.name, results, errors)
    failures: List[Tuple[int, Result]] = [(i, r) for i, r in enumerate(results) if r.verdict == FAILED]
    for index, result in failures[:_SHOWN_FAILURES]:
        print(f"{check.name} row {index * sample + 1}: {result.message}", file=errors)
    skip = next((r for r in results if r.verdict == SKIPPED), None)
    if skip is not None:
        print(f"{check.name}: {skip.message}", file=errors)
    return results


def _with_ties_judged(name: str, results: List[Result], errors: TextIO) -> List[Result]:
    ties, steps = sum(r.ties for r in results), sum(r.steps for r in results)
    if ties > _ALLOWED_TIES * steps:
        return [r if r.ties == 0 else failed(f"{r.ties} argmax ties; {ties} in the file's {steps} steps are over 0.2 %") for r in results]
    if ties:
        print(f"{name}: {ties} of {steps} steps differ by an argmax tie of at most {TIE_ULPS} ulp, 0.2 % allowed", file=errors)
    return results
