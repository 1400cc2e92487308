"""The official co_occurrence mode of the vocabulary map (SPEC B 3a): of several equally near base tokens the one whose neighbours in a corpus resemble the
blending token's. Counts are sparse: only tokens that are tied, only columns that both vocabularies share."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Sequence, Tuple

from .. import kernels
from .._numpy import numpy as np
from ..errors import DataError
from .tokenizers import TokenizerView
from .vocab_mapping import NearestStrings

__all__ = ["Refinement", "encode", "refine"]

Refinement = Dict[int, Tuple[int, int]]
"""By blending id that changes: the base id before and after."""

_WAITING = 1 << 22
"""Counted pairs that are gathered before they are summed up."""


def encode(tokenizer: Any, texts: Sequence[str]) -> List[List[int]]:
    """Token ids of texts, cut at the model's length, without special tokens. DataError for a tokenizer that encodes nothing, as files of tokens do."""
    if not callable(tokenizer):
        raise DataError(
            "--vocab_mapping_type co_occurrence encodes the validation split, which a file of tokens cannot do; name a model for the package transformers, "
            "or run pta map with --corpus-source and --corpus-target."
        )
    return tokenizer(list(texts), add_special_tokens=False, max_length=tokenizer.model_max_length, truncation=True)["input_ids"]


def refine(
    blending: TokenizerView, base: TokenizerView, found: NearestStrings, blending_ids: Sequence[Sequence[int]], base_ids: Sequence[Sequence[int]], window: int,
) -> Refinement:
    """The blending tokens whose nearest base token changes.

    Kept from the official code: the window of a token at i is [i - w, i + w), each pair is counted from both sides; columns are the base tokens that some
    blending token maps to, the last such one standing for it; similarity is dot / (|x| |y| + 1e-6), first maximum in id order. A token that the corpus does
    not hold keeps its first minimum, as its similarities are all 0; exact hits are never touched.
    """
    if window < 1:
        raise DataError(f"--window_size is {window}; expected 1 or more.")
    columns_of_blending = np.full(len(blending.strings), -1, np.int64)
    columns_of_base = np.full(len(base.strings), -1, np.int64)
    owners = {token: i for i, token in enumerate(found.nearest) if token >= 0}
    for column, owner in owners.items():
        columns_of_blending[owner] = columns_of_base[column] = column
    seen = sorted({token for ids in blending_ids for token in ids if 0 <= token < len(found.nearest)})
    ties = {token: _ties(blending, base, token, found.distance[token]) for token in seen if found.nearest[token] >= 0 and found.distance[token] > 0}
    ties = {token: tied for token, tied in ties.items() if len(tied) > 1}
    vectors = _Counts(blending_ids, columns_of_blending, ties, window)
    candidates = _Counts(base_ids, columns_of_base, (t for tied in ties.values() for t in tied), window)
    changes: Refinement = {}
    for token, tied in ties.items():
        vector = vectors.row(token)
        best = tied[int(np.argmax([_similarity(vector, candidates.row(t)) for t in tied]))]
        if best != found.nearest[token]:
            changes[token] = (found.nearest[token], best)
    return changes


def _ties(blending: TokenizerView, base: TokenizerView, token: int, distance: int) -> List[int]:
    """Every base token at the smallest distance, in id order."""
    key = blending.string(token).replace(blending.marker, base.marker)
    ids = [i for i, string in enumerate(base.strings) if string is not None and abs(len(string) - len(key)) <= distance]
    costs = np.asarray(kernels.cost_matrix([key], [base.strings[i] for i in ids]))[0]  # type: ignore[misc]
    return [ids[i] for i in np.flatnonzero(costs == distance)]


class _Counts:
    """How often a column's token stands near a row's, for the rows asked for."""

    def __init__(self, documents: Iterable[Sequence[int]], columns: Any, rows: Iterable[int], window: int) -> None:
        self._wanted = np.zeros(len(columns), bool)
        self._wanted[list(rows)] = True
        self._columns = columns
        self._keys, self._sums = np.empty(0, np.int64), np.empty(0, np.int64)
        waiting: List[Any] = []
        for ids in documents:
            for distance in range(1, window + 1):
                # At the window's far end only one of the two positions sees the other.
                waiting += self._pairs(np.asarray(ids, np.int64), distance) * (1 if distance == window else 2)
            if sum(map(len, waiting)) > _WAITING:
                self._merge(waiting)
                waiting = []
        self._merge(waiting)

    def _pairs(self, ids: Any, distance: int) -> List[Any]:
        ids = np.where((ids >= 0) & (ids < len(self._columns)), ids, -1)
        found = []
        for tokens, neighbours in ((ids[:-distance], ids[distance:]), (ids[distance:], ids[:-distance])):
            held = (tokens >= 0) & (neighbours >= 0)
            tokens, neighbours = tokens[held], neighbours[held]
            held = self._wanted[tokens] & (self._columns[neighbours] >= 0)
            found.append(tokens[held] << 32 | self._columns[neighbours[held]])
        return found

    def _merge(self, waiting: List[Any]) -> None:
        if not waiting:
            return
        keys, counts = np.unique(np.concatenate(waiting), return_counts=True)
        every, places = np.unique(np.concatenate([self._keys, keys]), return_inverse=True)
        self._sums = np.bincount(places, np.concatenate([self._sums, counts]), len(every)).astype(np.int64)
        self._keys = every

    def row(self, token: int) -> Tuple[Any, Any]:
        """Columns ascending, and their counts."""
        first, last = np.searchsorted(self._keys, [token << 32, (token + 1) << 32])
        return self._keys[first:last] & 0xFFFFFFFF, self._sums[first:last].astype(np.float64)


def _similarity(x: Tuple[Any, Any], y: Tuple[Any, Any]) -> float:
    _, in_x, in_y = np.intersect1d(x[0], y[0], assume_unique=True, return_indices=True)
    norms = np.sqrt((x[1] ** 2).sum()) * np.sqrt((y[1] ** 2).sum())
    return float((x[1][in_x] * y[1][in_y]).sum() / (norms + 1e-6))
