"""What a row holds that no source reaches (SPEC A2): inserted for a whole batch at once where NumPy is installed, row by row otherwise."""

from __future__ import annotations

import math
from array import array
from typing import Any, Dict, List, Sequence, Tuple

from ._arrays import numpy
from .options import Options
from .rows import RULE_CURRENT, RULE_LABEL, RULE_NONE, RULE_TARGET, TRANSFERRED

__all__ = ["fill", "own_rows"]

OwnRow = Tuple[List[int], List[float], float]
"""Tokens heaviest first, their masses, the missing mass."""


def fill(batch: Any, options: Options) -> Tuple[Any, Any, Any, List[int]]:
    """starts of all documents one after the other, tokens and values, and the entry at which each document's begin, with the fallback's rows in place.

    With fallback mask these are the batch's own arrays, in which documents have gaps behind them.
    """
    firsts, entry = [], 0
    for _, _, capacity in batch.taken:
        firsts.append(entry)
        entry += capacity
    if options.fallback == "mask" or not batch.taken:
        return batch.starts, batch.tokens, batch.values, firsts
    targets = [target for _, target, _ in batch.taken]
    usable = [batch.about(n)[0] == 0 for n in range(len(targets))]
    return (_fill_numpy if numpy is not None else _fill_plainly)(batch, targets, usable, firsts, options)


def _fill_numpy(batch: Any, targets: Sequence[Any], usable: Sequence[bool], firsts: List[int], options: Options) -> Tuple[Any, Any, Any, List[int]]:
    lengths = numpy.array(batch.lengths)
    ends = numpy.cumsum(lengths)
    documents = numpy.repeat(numpy.arange(len(targets)), lengths)
    places = numpy.arange(len(documents)) + documents  # of a row in starts, which have one more per document
    starts, rules = batch.starts, batch.rows["rule"]
    for n in range(len(targets)):
        if not usable[n]:
            starts[ends[n] - lengths[n] + n : ends[n] + n + 1] = 0
            rules[ends[n] - lengths[n] : ends[n]] = RULE_NONE
    needs = ~numpy.array(TRANSFERRED)[rules]
    if options.fallback == "label":
        needs[ends - 1] = False
    filled = numpy.flatnonzero(needs)
    counts = numpy.diff(starts)[places]
    used = [slice(first, first + int(starts[end + n])) for n, (first, end) in enumerate(zip(firsts, ends.tolist()))]
    if options.fallback == "target":
        counts[filled], tokens, values = _own_of_batch(batch, targets, filled, ends, options)
    else:
        ids = numpy.concatenate([target.ids for target in targets])
        tokens, values = ids[filled + (options.fallback == "label")], 1.0
        counts[filled] = 1
        _describe(rules, filled, options)
    is_filled = numpy.repeat(needs, counts)
    others = ~is_filled
    all_tokens, all_values = numpy.empty(len(others), "i4"), numpy.empty(len(others), "f8")
    all_tokens[others] = numpy.concatenate([batch.tokens[u] for u in used])
    all_values[others] = numpy.concatenate([batch.values[u] for u in used])
    all_tokens[is_filled], all_values[is_filled] = tokens, values
    running = numpy.cumsum(counts)
    first_entries = numpy.concatenate([[0], running[ends[:-1] - 1]])
    new_starts = numpy.zeros(len(starts), "i4")
    new_starts[places + 1] = running - first_entries[documents]
    return new_starts, all_tokens, all_values, first_entries.tolist()


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


def _fill_plainly(batch: Any, targets: Sequence[Any], usable: Sequence[bool], firsts: List[int], options: Options) -> Tuple[Any, Any, Any, List[int]]:
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
            if usable[n] and TRANSFERRED[rules[row]]:
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
            starts.append(len(tokens) - first_entries[n])
        begin += target.length
    return memoryview(starts), memoryview(tokens), memoryview(values), first_entries


# ---- The target's own distribution.


def own_rows(target: Any, rows: Sequence[int], options: Options) -> List[OwnRow]:
    """The target's own distribution in some rows: its candidates' mass by the mass rule, heaviest first, ties by id.

    Exponentials are this machine's; pta's own differ from them in the last bit at most.
    """
    k = target.k
    tail = options.mass == "tail"
    ids, logits, sums = target.indices, target.values, target.lse if tail else None
    found = []
    for t in rows:
        row = logits[t * k : (t + 1) * k].tolist()
        if sums is not None:
            masses = [math.exp(v - float(sums[t])) for v in row]
            missing = max(0.0, 1 - math.fsum(masses))
        else:
            scaled = [v / options.temperature for v in row]
            top = max(scaled)
            masses = [math.exp(v - top) for v in scaled]
            total = math.fsum(masses)
            masses, missing = [m / total for m in masses], 0.0
        found.append(_finished(ids[t * k : (t + 1) * k].tolist(), masses, missing, tail))
    return found


def _finished(ids: Sequence[int], masses: Sequence[float], missing: float, tail: bool) -> OwnRow:
    by_token: Dict[int, float] = {}
    for token, mass in zip(ids, masses):
        by_token[token] = by_token.get(token, 0.0) + mass
    ordered = sorted(((token, mass) for token, mass in by_token.items() if mass > 0), key=lambda entry: (-entry[1], entry[0]))
    total = math.fsum(mass for _, mass in ordered)
    scale = (1 - missing) / total if ordered else 0.0
    return [token for token, _ in ordered], [mass * scale for _, mass in ordered], missing
