"""Several sources of one target (SPEC A3.5): the choice between independent ones, and the fold of recursive ones."""

from __future__ import annotations

import math
from array import array
from dataclasses import replace
from typing import Any, Iterable, List, Optional, Sequence, Tuple, Union

from . import _abi
from ._arrays import numpy
from ._fallback import own_rows
from .alignment import TokenizedDocument, align_batch
from .options import DEFAULT_PRESET, Options
from .rows import ROW_BYTES, ROW_TYPE, RULE_CURRENT, RULE_LABEL, RULE_NONE, RULE_TARGET, TRANSFERRED, AlignedDocument
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
    return [
        merge([rows[d] for rows in by_source], scores[d] if scores is not None else [0.0], fill=options.fill, target=target, options=options, order=ranked)  # type: ignore[misc]
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
    starts, tokens, values = array("i", [0]), array("i"), array("d")
    records = bytearray(ROW_BYTES * len(chosen))
    memories = [_bytes(document) for document in documents]
    for t, s in enumerate(chosen):
        if s is None:
            s = _OWN if options.fallback == "target" else None
        if s is None:
            record = _fall_back(t, target, options, tokens, values)
        elif s == _OWN:
            (own_tokens, masses, missing), = own_rows(target, [t], options)
            tokens.extend(own_tokens)
            values.extend(masses)
            record = _record(RULE_TARGET, missing)
        else:
            first, last = documents[s].starts[t], documents[s].starts[t + 1]
            tokens.extend(_plain(documents[s].tokens[first:last]))
            values.extend(_plain(documents[s].values[first:last]))
            record = memories[s][ROW_BYTES * t : ROW_BYTES * (t + 1)]
        records[ROW_BYTES * t : ROW_BYTES * (t + 1)] = record
        starts.append(len(tokens))
    sources = [_OWN if s is None else s for s in chosen]
    if numpy is not None:
        rows = numpy.frombuffer(records, ROW_TYPE)
        return AlignedDocument(numpy.array(starts), numpy.array(tokens, "i4"), numpy.array(values, "f8"), rows, 0, _column(sources))
    return AlignedDocument(memoryview(starts), memoryview(tokens), memoryview(values), memoryview(records), 0, _column(sources))


def _fall_back(t: int, target: Optional[TokenizedDocument], options: Options, tokens: array, values: array) -> bytes:
    if options.fallback == "mask" or (options.fallback == "label" and t + 1 == target.length):  # type: ignore[union-attr]
        return _record(RULE_NONE)
    tokens.append(int(target.ids[t + (options.fallback == "label")]))  # type: ignore[union-attr]
    values.append(1.0)
    return _record(RULE_LABEL if options.fallback == "label" else RULE_CURRENT)


def _record(rule: int, missing: float = 0.0) -> bytes:
    return bytes(_abi.Row(rule=rule, source_row=-1, transport_status=-1, iterations=0, missing=missing, kappa=1.0, signal=math.nan, marginal_error=0.0))


def _bytes(document: AlignedDocument) -> Any:
    memory = document._rows
    return memoryview(memory.tobytes() if numpy is not None else memory)


def _plain(values: Any) -> Iterable[Any]:
    return values.tolist()


def _column(values: Sequence[int]) -> Any:
    return numpy.array(values, "i4") if numpy is not None else memoryview(array("i", values))
