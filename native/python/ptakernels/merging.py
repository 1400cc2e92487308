"""Several sources of one target (SPEC A3.5): the choice between independent ones, and the fold of recursive ones."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from typing import Any, List, Optional, Sequence, Tuple, Union

from . import _abi
from ._arrays import numpy
from ._fallback import own_rows
from .alignment import TokenizedDocument, align_batch
from .options import DEFAULT_PRESET, Options
from .rows import ROW_BYTES, ROW_TYPE, RULE_CURRENT, RULE_LABEL, RULE_NONE, RULE_TARGET, TRANSFERRED, AlignedDocument, Results
from .vocabulary import VocabularyPair

__all__ = ["align_sources", "fold", "merge"]

_OWN = -1
"""In place of a source: the target itself."""


def merge(
    aligned: Sequence[AlignedDocument], scores: Sequence[float], *, fill: bool = False, target: Optional[TokenizedDocument] = None,
    options: Union[str, Options] = DEFAULT_PRESET, order: Optional[Sequence[int]] = None,
) -> AlignedDocument:
    """MinCE per document (SPEC A3.5): the rows of the source with the smallest score.

    aligned: one document's rows from each source, all of one length, with fallback mask. scores: bits per UTF-8 byte of the document under each source's
    model; smaller is better. order: sources from the best of the corpus to the worst, which decides ties; by default as listed. fill: a row that the chosen
    source does not reach goes to the next best that reaches it. target: the target's view, for fallbacks other than mask.
    Rows that nobody reaches hold the fallback of the options. The result's sources name the source of each row.
    """
    options = Options.preset(options) if isinstance(options, str) else options
    if not aligned or len(scores) != len(aligned):
        raise ValueError(f"{len(scores)} scores for {len(aligned)} aligned documents; expected one each, at least one.")
    for s, score in enumerate(scores):
        if not math.isfinite(score):
            raise ValueError(f"scores[{s}] is {score}, which cannot be compared; expected bits per byte.")
    length = _length(aligned)
    ranked = sorted(_order(order, len(aligned)), key=lambda s: scores[s])
    reached = [[TRANSFERRED[rule] for rule in document.rows.rule.tolist()] for document in aligned]
    candidates = ranked if fill else ranked[:1]
    chosen = [next((s for s in candidates if reached[s][t]), None) for t in range(length)]
    return _assembled(aligned, chosen, _target_for(target, options, length), options)


def fold(
    target: TokenizedDocument, aligned: AlignedDocument, before: Optional[AlignedDocument] = None, options: Union[str, Options] = "paper", source: int = 0,
) -> AlignedDocument:
    """D_s of SPEC A3.5, recursive: the rows of this source where it transfers, else those of D_(s-1), at first the target's own distribution.

    aligned: what this source gave, with `before` as its prior. The result is the next source's prior, and after the last source the fused document but for
    rows that no source reached, whose rule is T (the target's own).
    """
    options = Options.preset(options) if isinstance(options, str) else options
    _target_for(target, options, len(aligned))
    transferred = [TRANSFERRED[rule] for rule in aligned.rows.rule.tolist()]
    documents = [aligned] if before is None else [aligned, before]
    if before is not None and len(before) != len(aligned):
        raise ValueError(f"before has {len(before)} rows, aligned {len(aligned)}; expected two views of one target.")
    chosen: List[Optional[int]] = [0 if moved else _OWN if before is None else 1 for moved in transferred]
    folded = _assembled(documents, chosen, target, options)
    earlier = [_OWN] * len(aligned) if before is None or before.sources is None else before.sources.tolist()
    folded.sources = _column([source if moved else was for moved, was in zip(transferred, earlier)])
    return folded


def align_sources(
    pairs: Sequence[VocabularyPair], documents: Sequence[Tuple[TokenizedDocument, Sequence[TokenizedDocument]]], options: Union[str, Options] = DEFAULT_PRESET,
    *, scores: Optional[Sequence[Sequence[float]]] = None, order: Optional[Sequence[int]] = None, threads: int = 1,
) -> List[AlignedDocument]:
    """Aligns documents of a target with several sources and fuses them: MinCE over independent sources (preset fusion), or the fold (preset paper).

    pairs: [sources] each source's vocabulary and the target's. documents: (target, [a view from each source]) each. scores: [documents][sources] bits per
    byte, which MinCE needs. order: sources from the best of the corpus to the worst, by default as listed. Raises DataError for the first bad document.
    Output official keeps every source's columns, so that there is nothing to fuse: call align_batch once per source.
    """
    options = Options.preset(options) if isinstance(options, str) else options
    if options.output == "official":
        raise ValueError("output official keeps each source's rows for the trainer to choose from; call align_batch for each source.")
    ranked = _order(order, len(pairs))
    for d, (_, views) in enumerate(documents):
        if len(views) != len(pairs):
            raise ValueError(f"documents[{d}] has {len(views)} source views for {len(pairs)} pairs; expected one each.")
    if options.sources == "independent" and len(pairs) > 1 and (scores is None or len(scores) != len(documents)):
        raise ValueError("scores are needed to choose between sources: bits per byte, one list for each document.")
    masked = replace(options, fallback="mask")
    targets = [target for target, _ in documents]
    if options.sources == "recursive":
        folded: List[Optional[AlignedDocument]] = [None] * len(documents)
        for s in ranked:
            batch = [(views[s], target, before) for (target, views), before in zip(documents, folded)]
            given = align_batch(pairs[s], batch, masked, threads=threads)
            folded = [fold(target, rows, before, options, s) for target, rows, before in zip(targets, given, folded)]  # type: ignore[arg-type]
        return [_with_fallback(target, rows, options) for target, rows in zip(targets, folded)]  # type: ignore[arg-type]
    by_source = [align_batch(pair, [(views[s], target) for target, views in documents], masked, threads=threads) for s, pair in enumerate(pairs)]
    ranks = [[0.0]] * len(targets) if scores is None else scores
    return [
        merge([rows[d] for rows in by_source], ranks[d], fill=options.fill, target=target, options=options, order=ranked)  # type: ignore[misc]
        for d, target in enumerate(targets)
    ]


def _with_fallback(target: TokenizedDocument, folded: AlignedDocument, options: Options) -> AlignedDocument:
    """After the last fold: a row that no source reached gets the fallback."""
    chosen = [None if rule == RULE_TARGET else 0 for rule in folded.rows.rule.tolist()]
    sources = folded.sources
    merged = _assembled([folded], chosen, target, options)
    merged.sources = sources
    return merged


def _order(order: Optional[Sequence[int]], count: int) -> List[int]:
    ranked = list(range(count)) if order is None else list(order)
    if sorted(ranked) != list(range(count)):
        raise ValueError(f"order is {ranked}; it must name each of {count} sources once.")
    return ranked


def _length(aligned: Sequence[AlignedDocument]) -> int:
    for s, document in enumerate(aligned):
        if len(document) != len(aligned[0]):
            raise ValueError(f"aligned[{s}] has {len(document)} rows, aligned[0] {len(aligned[0])}; expected views of one target.")
    return len(aligned[0])


def _target_for(target: Optional[TokenizedDocument], options: Options, length: int) -> Optional[TokenizedDocument]:
    if target is None:
        if options.fallback != "mask":
            raise ValueError(f"target is None, which fallback {options.fallback} reads; pass the target's view.")
    elif target.length != length:
        raise ValueError(f"target has {target.length} tokens for {length} rows; expected one each.")
    return target


def _assembled(
    documents: Sequence[AlignedDocument], chosen: Sequence[Optional[int]], target: Optional[TokenizedDocument], options: Options,
) -> AlignedDocument:
    """A document whose rows are those of the chosen documents, _OWN for the target's own, None for the fallback."""
    here = len(documents)  # what no document gives stands in one more
    origins = [here if s is None or s == _OWN else s for s in chosen]
    others = [t for t, origin in enumerate(origins) if origin == here]
    pieces = [*documents, _extra(others, [chosen[t] for t in others], target, options)]
    places = list(range(len(chosen)))
    for place, t in enumerate(others):
        places[t] = place
    results = (_gathered if numpy is not None else _gathered_plainly)(pieces, origins, places)
    return AlignedDocument(results, len(chosen), sources=_column([_OWN if s is None else s for s in chosen]))


def _gathered(pieces: Sequence[AlignedDocument], origins: Sequence[int], places: Sequence[int]) -> Results:
    """Row t is row places[t] of document origins[t]."""
    from_piece, at = numpy.array(origins), numpy.array(places)
    entries = numpy.cumsum([0, *(int(piece.starts[-1]) for piece in pieces)])[from_piece]
    starts = numpy.concatenate([piece.starts for piece in pieces])
    first_starts = numpy.cumsum([0, *(len(piece) + 1 for piece in pieces)])[from_piece] + at
    first_rows = numpy.cumsum([0, *(len(piece) for piece in pieces)])[from_piece] + at
    counts = starts[first_starts + 1] - starts[first_starts]
    ends = numpy.cumsum(counts)
    index = numpy.repeat(entries + starts[first_starts] - (ends - counts), counts) + numpy.arange(int(ends[-1]))
    return Results(
        numpy.concatenate([[0], ends]).astype("i4"), numpy.concatenate([piece.tokens for piece in pieces])[index],
        numpy.concatenate([piece.values for piece in pieces])[index], numpy.concatenate([piece.rows.records for piece in pieces])[first_rows],
    )


def _gathered_plainly(pieces: Sequence[AlignedDocument], origins: Sequence[int], places: Sequence[int]) -> Results:
    starts, tokens, values = array("i", [0]), array("i"), array("d")
    records = bytearray()
    memories = [piece.rows.memory for piece in pieces]
    for origin, place in zip(origins, places):
        row_tokens, row_values = pieces[origin][place]
        tokens.extend(row_tokens)
        values.extend(row_values)
        records += memories[origin][ROW_BYTES * place : ROW_BYTES * (place + 1)]
        starts.append(len(tokens))
    return Results(memoryview(starts), memoryview(tokens), memoryview(values), memoryview(records))


def _extra(rows: Sequence[int], chosen: Sequence[Optional[int]], target: Optional[TokenizedDocument], options: Options) -> AlignedDocument:
    """Rows of the target that no source gives, one after the other: its own distribution, or the fallback."""
    own = [t for t, s in zip(rows, chosen) if s == _OWN or options.fallback == "target"]
    distributions = dict(zip(own, own_rows(target, own, options))) if own else {}
    ids = target.ids if target is not None and options.fallback in ("label", "one-hot-current") else ()
    starts, tokens, values, records = array("i", [0]), array("i"), array("d"), bytearray()
    for t in rows:
        rule, missing = RULE_NONE, 0.0
        if t in distributions:
            own_tokens, masses, missing = distributions[t]
            rule = RULE_TARGET
        elif options.fallback == "mask" or (options.fallback == "label" and t + 1 == len(ids)):
            own_tokens, masses = [], []
        else:
            own_tokens, masses = [int(ids[t + (options.fallback == "label")])], [1.0]
            rule = RULE_LABEL if options.fallback == "label" else RULE_CURRENT
        tokens.extend(own_tokens)
        values.extend(masses)
        starts.append(len(tokens))
        records += bytes(_abi.Row(rule=rule, source_row=-1, transport_status=-1, iterations=0, missing=missing, kappa=1.0, signal=math.nan, marginal_error=0.0))
    memory = memoryview(records)
    if numpy is None:
        return AlignedDocument(Results(memoryview(starts), memoryview(tokens), memoryview(values), memory), len(rows))
    described = numpy.array(memory).view(ROW_TYPE) if rows else numpy.empty(0, ROW_TYPE)
    return AlignedDocument(Results(numpy.array(starts), numpy.array(tokens, "i4"), numpy.array(values, "f8"), described), len(rows))


def _column(values: Sequence[int]) -> Any:
    return numpy.array(values, "i4") if numpy is not None else memoryview(array("i", values))
