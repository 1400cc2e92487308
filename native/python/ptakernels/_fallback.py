"""What a row holds that no source reaches (SPEC A2): inserted for a whole batch at once where NumPy is installed, row by row otherwise."""

from __future__ import annotations

import ctypes
import functools
import math
import operator
from array import array
from itertools import accumulate
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from ._arrays import numpy
from .options import Options
from .rows import RULE_CURRENT, RULE_LABEL, RULE_NONE, RULE_TARGET, TRANSFERRED
from .transport import solve_transport

__all__ = ["fill", "own_rows"]

_TRANSFERRED = None if numpy is None else numpy.array(TRANSFERRED)

OwnRow = Tuple[List[int], List[float], float]
"""Tokens heaviest first, their masses, the missing mass."""


def fill(batch: Any, options: Options) -> Tuple[Any, Any, Any, List[int]]:
    """starts of all documents one after the other, tokens and values, and the entry at which each document's begin, with the fallback's rows in place.

    With fallback mask these are the batch's own arrays, in which documents have gaps behind them.
    """
    firsts = [0, *accumulate(capacity for _, _, capacity in batch.taken)][:-1]
    if options.fallback == "mask" or not batch.taken:
        return batch.starts, batch.tokens, batch.values, firsts
    return (_fill_numpy if numpy is not None else _fill_plainly)(batch, [target for _, target, _ in batch.taken], firsts, options)


def _fill_numpy(batch: Any, targets: Sequence[Any], firsts: List[int], options: Options) -> Tuple[Any, Any, Any, List[int]]:
    lengths = numpy.array(batch.lengths)
    ends = numpy.cumsum(lengths)
    starts, rules = batch.starts, batch.rows["rule"]
    for n in batch.refused_places:
        starts[ends[n] - lengths[n] + n : ends[n] + n + 1] = 0
        rules[ends[n] - lengths[n] : ends[n]] = RULE_NONE
    needs = ~_TRANSFERRED[rules]
    if options.fallback == "label":
        rules[(ends - 1)[needs[ends - 1]]] = RULE_NONE  # a last row has no label
        needs[ends - 1] = False
    filled = numpy.flatnonzero(needs)
    # Entries of each row; between two documents the starts have one difference too many.
    counts = numpy.delete(numpy.diff(starts), ends[:-1] + numpy.arange(len(targets) - 1))
    given = _close_gaps(batch, firsts, starts[ends + numpy.arange(len(targets))].tolist())
    if options.fallback == "target":
        own = _own_of_batch(batch, targets, filled, ends, options)
    else:
        ids = numpy.concatenate([target.ids for target in targets])
        own = (1, ids[filled + (options.fallback == "label")], 1.0)
        _describe(rules, filled, options)
    counts[filled] = own[0]
    running = numpy.cumsum(counts)
    others = numpy.ones(int(running[-1]), bool)
    places = running[filled] - 1 if options.fallback != "target" else numpy.flatnonzero(numpy.repeat(needs, counts))
    others[places] = False
    tokens, values = numpy.empty(len(others), "i4"), numpy.empty(len(others), "f8")
    tokens[others] = batch.tokens[:given]
    values[others] = batch.values[:given]
    tokens[places], values[places] = own[1], own[2]
    new_starts, first_entries = _starts_of(running, lengths, ends)
    return new_starts, tokens, values, first_entries


def _close_gaps(batch: Any, firsts: List[int], counts: List[int]) -> int:
    """Moves the documents' entries together, in place; how many there are."""
    entry = 0
    for first, count in zip(firsts, counts):
        if first != entry and count:
            ctypes.memmove(batch.tokens_address + 4 * entry, batch.tokens_address + 4 * first, 4 * count)
            ctypes.memmove(batch.values_address + 8 * entry, batch.values_address + 8 * first, 8 * count)
        entry += count
    return entry


def _starts_of(running: Any, lengths: Any, ends: Any) -> Tuple[Any, List[int]]:
    """starts of each document from 0, one after the other, and their first entries, from the running number of entries by row."""
    first_entries = numpy.concatenate([[0], running[ends[:-1] - 1]])
    starts = numpy.zeros(len(running) + len(lengths), "i4")
    places = numpy.ones(len(starts), bool)
    places[ends - lengths + numpy.arange(len(lengths))] = False
    starts[places] = running - numpy.repeat(first_entries, lengths)
    return starts, first_entries.tolist()


def _describe(rules: Any, filled: Any, options: Options) -> None:
    """A reason that the official code names (X, M) stays."""
    if options.fallback == "label":
        rules[filled] = RULE_LABEL
    else:
        unnamed = filled[rules[filled] == RULE_NONE]
        rules[unnamed] = RULE_CURRENT


def _own_of_batch(batch: Any, targets: Sequence[Any], filled: Any, ends: Any, options: Options) -> Tuple[Any, Any, Any]:
    counts, tokens, values = [], [], []
    for n, target in enumerate(targets):
        begin = int(ends[n]) - target.length
        rows = filled[numpy.searchsorted(filled, begin) : numpy.searchsorted(filled, begin + target.length)]
        own = own_rows(target, (rows - begin).tolist(), options)
        counts += [len(row[0]) for row in own]
        tokens += [token for row in own for token in row[0]]
        values += [mass for row in own for mass in row[1]]
        batch.rows["rule"][rows] = RULE_TARGET
        batch.rows["missing"][rows] = [row[2] for row in own]
    return counts, numpy.array(tokens, "i4"), numpy.array(values, "f8")


def _fill_plainly(batch: Any, targets: Sequence[Any], firsts: List[int], options: Options) -> Tuple[Any, Any, Any, List[int]]:
    starts, tokens, values = array("i"), array("i"), array("d")
    first_entries, begin = [], 0
    rules = batch.rows.cast("i")[0::12]
    missing = batch.rows.cast("d")[2::6]
    for n, target in enumerate(targets):
        own = batch.starts[begin + n : begin + n + target.length + 1]
        first_entries.append(len(tokens))
        starts.append(0)
        ids = target.ids
        for t in range(target.length):
            row = begin + t
            if n not in batch.refused_places and TRANSFERRED[rules[row]]:
                entries = slice(firsts[n] + own[t], firsts[n] + own[t + 1])
                tokens.extend(batch.tokens[entries])
                values.extend(batch.values[entries])
            elif options.fallback == "target":
                (own_tokens, masses, missing[row]), = own_rows(target, [t], options)
                tokens.extend(own_tokens)
                values.extend(masses)
                rules[row] = RULE_TARGET
            elif options.fallback == "one-hot-current" or t + 1 < target.length:
                tokens.append(ids[t + (options.fallback == "label")])
                values.append(1.0)
                rules[row] = RULE_LABEL if options.fallback == "label" else rules[row] or RULE_CURRENT
            else:
                rules[row] = RULE_NONE  # a last row has no label
            starts.append(len(tokens) - first_entries[n])
        begin += target.length
    return memoryview(starts), memoryview(tokens), memoryview(values), first_entries


# ---- The target's own distribution.


def own_rows(target: Any, rows: Sequence[int], options: Options) -> List[OwnRow]:
    """The target's own distribution in some rows: its candidates' mass by the mass rule, heaviest first, ties by id.

    To the last bit as pta has it, but for mass tail, whose exponentials are this machine's.
    """
    k = target.k
    ids, logits = target.indices, target.values
    values = [logits[t * k : (t + 1) * k].tolist() for t in rows]
    if options.mass == "tail":
        sums = target.lse
        masses = [[math.exp(v - float(sums[t])) for v in row] for t, row in zip(rows, values)]
        missing = [max(0.0, 1 - _sum(row)) for row in masses]
    else:
        masses, missing = _softmax(values, options.temperature), [0.0] * len(values)
    return [_finished(ids[t * k : (t + 1) * k].tolist(), row, absent) for t, row, absent in zip(rows, masses, missing)]


def _softmax(rows: Sequence[Sequence[float]], temperature: float) -> List[List[float]]:
    """exp(x - max) / sum with the native side's exponential: the official loop's start, which a large tolerance ends at once. NaN in gives NaN out."""
    scaled = [[v / temperature for v in row] for row in rows]
    usable = [row for row in scaled if not any(map(math.isnan, row)) and max(row, default=0) > -math.inf]
    if not usable:
        return [[math.nan] * len(row) for row in scaled]
    costs = [[min(max(row) - v, _NOTHING_LEFT) for v in row] for row in usable]
    sides = [[1.0]] * len(usable), [[1.0] * len(usable[0])] * len(usable)
    plans = iter(solve_transport([[row] for row in costs], *sides, kind="official", epsilon=1, tolerance=_AT_ONCE).plan.tolist())
    return [next(plans)[0] if not any(map(math.isnan, row)) and max(row) > -math.inf else [math.nan] * len(row) for row in scaled]


_NOTHING_LEFT, _AT_ONCE = 1e4, 1e9
"""A cost whose exponential is 0, and a tolerance that no sum of masses is over."""


def _finished(ids: Sequence[int], masses: Sequence[float], missing: float) -> OwnRow:
    by_token: Dict[int, float] = {}
    for token, mass in zip(ids, masses):
        by_token[token] = by_token.get(token, 0.0) + mass
    ordered = sorted(((token, mass) for token, mass in by_token.items() if mass > 0), key=lambda entry: (-entry[1], entry[0]))
    total = _sum(mass for _, mass in ordered)
    scale = (1 - missing) / total if ordered else 0.0
    return [token for token, _ in ordered], [mass * scale for _, mass in ordered], missing


def _sum(values: Iterable[float]) -> float:
    """From left to right; Python's own sum compensates since 3.12."""
    return functools.reduce(operator.add, values, 0.0)
