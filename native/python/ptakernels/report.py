"""Counts and seconds of alignments, added up over calls."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Dict, Sequence

from . import _abi
from ._arrays import numpy
from .errors import DataError
from .rows import LETTERS

__all__ = ["AlignmentReport", "STAGES"]

STAGES = ("pairing", "mapping", "candidates", "transport", "projection")


class AlignmentReport:
    """What align_batch did. Not for use by several threads at once: give each its own and add them up with +=.

    documents: aligned ones. refused: those that were bad input. source_tokens, target_tokens: of the aligned ones. repaired: documents whose decoded texts
    differed and were byte-aligned first. ties: choices of a heaviest column that only the tie rule decided. rows: target rows by the letter of their rule.
    transports: by how they ended. iterations: of all transports. signal_rows, signal_kept: rows whose teacher signal was measured, and its sum over them.
    seconds: by stage, added over threads.
    """

    def __init__(self) -> None:
        self.documents = 0
        self.refused = 0
        self.source_tokens = 0
        self.target_tokens = 0
        self.repaired = 0
        self.ties = 0
        self.iterations = 0
        self.signal_rows = 0
        self.signal_kept = 0.0
        self.rows: "Counter[str]" = Counter()
        self.transports: "Counter[str]" = Counter()
        self.seconds: Dict[str, float] = dict.fromkeys(STAGES, 0.0)

    def count(self, documents: Sequence[Any], results: Sequence[Any]) -> None:
        """Adds documents and their results, as align_batch takes and returns them."""
        for document, result in zip(documents, results):
            if isinstance(result, DataError):
                self.refused += 1
                continue
            self.documents += 1
            self.source_tokens += document[0].length
            self.target_tokens += document[1].length
            self.repaired += result.repaired
            self.ties += result.ties
            for stage, seconds in zip(STAGES, result.seconds):
                self.seconds[stage] += seconds
            self._count_rows(result.rows)

    def __iadd__(self, other: "AlignmentReport") -> "AlignmentReport":
        for name in ("documents", "refused", "source_tokens", "target_tokens", "repaired", "ties", "iterations", "signal_rows", "signal_kept"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rows.update(other.rows)
        self.transports.update(other.transports)
        for stage, seconds in other.seconds.items():
            self.seconds[stage] += seconds
        return self

    def _count_rows(self, rows: Any) -> None:
        if numpy is not None:
            records = rows.records
            rules = dict(enumerate(numpy.bincount(records["rule"]).tolist()))
            statuses = dict(enumerate(numpy.bincount(records["transport_status"] + 1).tolist()))
            signals = records["signal"][~numpy.isnan(records["signal"])]
            measured, kept, iterations = len(signals), float(signals.sum()), int(records["iterations"].sum())
        else:
            rules, statuses = Counter(rows.rule.tolist()), Counter(s + 1 for s in rows.transport_status.tolist())
            plain = [s for s in rows.signal.tolist() if not math.isnan(s)]
            measured, kept, iterations = len(plain), math.fsum(plain), sum(rows.iterations.tolist())
        self.rows.update({LETTERS[rule]: count for rule, count in rules.items() if count})
        self.transports.update({_abi.TRANSPORT_STATUSES[s - 1]: count for s, count in statuses.items() if s and count})
        self.iterations += iterations
        self.signal_rows += measured
        self.signal_kept += kept
