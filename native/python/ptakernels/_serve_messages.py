"""What is said to `pta serve` and what it answers: documents as columns of Arrow, columns as aligned documents, vocabularies as files (version 1)."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Union

from . import _abi
from ._arrow import ArrowWriter, RecordBatch
from ._arrow_columns import Column, column_of, list_column
from ._arrow_schema import DataType, Field, Schema, type_of
from ._numpy import numpy as np
from ._token_text import encoded
from .alignment import TokenizedDocument
from .errors import DataError
from .rows import ROW_TYPE, AlignedDocument, Results
from .vocabulary import Vocabulary

VERSION_KEY, VERSION = "ptakernels.serve", "1"

_SIDES = ("source", "target")
_INTEGERS, _NUMBERS = type_of("list<int32>"), type_of("list<float64>")
_PER_SIDE = {"_ids": _INTEGERS, "_indices": _INTEGERS, "_values": _NUMBERS, "_k": type_of("int32"), "_log_sum_exp": _NUMBERS, "_spans": _INTEGERS}
_PRIOR = {"prior_starts": _INTEGERS, "prior_tokens": _INTEGERS, "prior_values": _NUMBERS}

REQUESTS = Schema(
    (
        Field("id", type_of("utf8")),
        *(Field(side + suffix, type) for side in _SIDES for suffix, type in _PER_SIDE.items()),
        *(Field(name, type) for name, type in _PRIOR.items()),
    ),
    {VERSION_KEY: VERSION},
)
"""Columns of a request; a row is a document."""

_ROW_COLUMNS = ("rule", "source_row", "transport_status", "iterations", "missing", "kappa", "signal", "marginal_error")


class Request(NamedTuple):
    """A document on its way: its position among all, both views, and the arrays of D_(s-1) or None."""

    index: int
    source: TokenizedDocument
    target: TokenizedDocument
    prior: Optional[Sequence[Any]]

    @property
    def bytes(self) -> int:
        """About what its arrays take."""
        own = sum(24 + view.length * (28 + 12 * view.k) for view in (self.source, self.target))
        return own + (0 if self.prior is None else sum(part.nbytes for part in self.prior))


def columns_of(requests: Sequence[Request]) -> Dict[str, Column]:
    """A record batch of requests. A document goes by its position, as in the messages of align_batch."""
    columns = {"id": column_of(type_of("utf8"), [str(r.index) for r in requests])}
    for side in _SIDES:
        views = [getattr(r, side) for r in requests]
        for place, suffix in enumerate(("_ids", "_indices", "_values", "_log_sum_exp", "_spans")):
            columns[side + suffix] = _lists(_PER_SIDE[suffix], [_array(view, place) for view in views])
        columns[side + "_k"] = column_of(type_of("int32"), np.array([view.k for view in views], np.int32))
    for place, (name, type) in enumerate(_PRIOR.items()):
        columns[name] = _lists(type, [None if r.prior is None else r.prior[place] for r in requests])
    return columns


def results_of(batch: RecordBatch, requests: Sequence[Request]) -> List[Union[AlignedDocument, DataError]]:
    """What became of the documents of a batch. DataError, raised, where the answer does not fit the question."""
    if len(batch) != len(requests):
        raise DataError(f"pta serve answered {len(requests)} documents by {len(batch)} rows.")
    errors = batch.column("error")
    starts, tokens, values = (_flat(batch, name) for name in ("starts", "tokens", "values"))
    counts, seconds = _flat(batch, "counts"), _flat(batch, "seconds")
    rows = np.empty(len(_flat(batch, "rule")), ROW_TYPE)
    for name in _ROW_COLUMNS:
        rows[name] = _flat(batch, name)
    rows["signal"][np.isnan(rows["signal"])] = np.nan  # .NET's has another sign
    shared = Results(starts, tokens, values, rows, _documents(counts, seconds))
    results: List[Union[AlignedDocument, DataError]] = []
    row = entry = n = 0
    for r, request in enumerate(requests):
        if not errors.is_null(r):
            results.append(DataError(_reason(errors[r], request.index), request.index))
            continue
        length = request.target.length
        results.append(AlignedDocument(shared, length, row, n, entry))
        entry += int(starts[row + n + length])
        row, n = row + length, n + 1
    if row != len(rows) or entry != len(tokens):
        raise DataError(f"pta serve answered {row} rows with {len(rows)}, and {entry} entries with {len(tokens)}.")
    return results


def _documents(counts: Any, seconds: Any) -> bytearray:
    """What the structs of a native call say of its documents."""
    documents = (_abi.Document * (len(counts) // 2))()
    for n, document in enumerate(documents):
        document.repaired, document.ties = int(counts[2 * n]), int(counts[2 * n + 1])
        document.seconds[:] = seconds[5 * n : 5 * n + 5].tolist()
    return bytearray(documents)


def write_vocabulary(sink: Any, vocabulary: Vocabulary, official_map: Optional[Any]) -> None:
    """Writes a vocabulary as `pta serve` takes it: strings, decoded bytes and roles by id, and the official map where the pair was given one."""
    ids = range(len(vocabulary))
    binary, columns = DataType("binary"), {}
    columns["string"] = column_of(binary, [None if s is None else encoded(s) for s in map(vocabulary.string, ids)])
    columns["text"] = column_of(binary, list(map(vocabulary.text, ids)))
    columns["roles"] = column_of(type_of("uint8"), np.fromiter(map(vocabulary.roles, ids), np.uint8, len(ids)))
    if official_map is not None:
        columns["map"] = column_of(type_of("int32"), np.asarray(official_map, np.int32))
    metadata = {
        "name": vocabulary.name or "vocabulary", "marker": vocabulary.marker, "byte_level": _flag(vocabulary.style == "byte-level"),
        "dummy_prefix": _flag(vocabulary.dummy_prefix),
    }
    with ArrowWriter(sink, Schema(tuple(Field(name, column.type) for name, column in columns.items()), metadata)) as writer:
        writer.write(columns)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _array(view: TokenizedDocument, part: int) -> Optional[Any]:
    """An array of a view, flat; an empty document has its ids only."""
    found = view._flat(part)
    return np.empty(0) if found is None and part < 3 else found


def _lists(type: DataType, arrays: Iterable[Optional[Any]]) -> Column:
    arrays = list(arrays)
    present = [a for a in arrays if a is not None]
    item = np.dtype(type.item.name)
    flat = np.concatenate(present).astype(item, copy=False) if present else np.empty(0, item)
    valid = None if len(present) == len(arrays) else np.array([a is not None for a in arrays], bool)
    return list_column(type, Column(type.item, len(flat), values=flat), np.array([0 if a is None else len(a) for a in arrays], np.int64), valid)


def _flat(batch: RecordBatch, name: str) -> Any:
    """The items of a list column, writable and by themselves."""
    column = batch.column(name)
    return column.child.values[int(column.offsets[0]) : int(column.offsets[-1])].copy()


def _reason(sentence: str, index: int) -> str:
    place = f"document {index}: "
    return sentence[len(place) :] if sentence.startswith(place) else sentence
