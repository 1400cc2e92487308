"""The official step 3 over dataset folders: base and blending in, the base's documents with the blending model's aligned rows out (SPEC B 0)."""

from __future__ import annotations

import argparse
import os
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._arrow import RecordBatch
from .._arrow_columns import list_column
from .._numpy import numpy as np
from ..errors import DataError
from ..folders import Column, DatasetFolder, DatasetSplit, DatasetWriter, Field, Schema, column_of, type_of
from .model_tokenizers import load_tokenizer, read_mapping
from .progress import Progress
from .transfer import Aligner, Side

__all__ = ["run"]

_IDS, _LOGITS, _INDICES, _TEXT = "input_ids", "per_step_logits", "per_step_indices", "text"
_DOCUMENT_METRIC, _TOKEN_METRIC = "metric_ce", "per_step_metric_ce"

_MOST_DOCUMENTS = 64
"""Documents of one native call: enough for every core, and few enough that their arrays stay small."""


class _Document(NamedTuple):
    """A document of both models: what is aligned, and the blending model's metric."""

    base: Side
    blending: Side
    metric: Any


class _Rows:
    """The rows of a split one after another; record batches are opened once."""

    def __init__(self, split: DatasetSplit) -> None:
        self._batches = split.batches()
        self._batch: Optional[RecordBatch] = None
        self._next = 0

    def take(self) -> Tuple[RecordBatch, int]:
        """The next row's batch and its place there."""
        while self._batch is None or self._next >= self._batch.rows:
            self._batch, self._next = next(self._batches), 0
        self._next += 1
        return self._batch, self._next - 1


def run(arguments: argparse.Namespace, logits_number: Optional[int], epsilon: float) -> int:
    """Runs the step with its official arguments; logits_number None is FuseLLM's without transport.

    The output folder appears, or replaces an older dataset, when it is complete; a run that was stopped leaves none and starts again.
    Raises DataError with one sentence that names the folder, the split and the row.
    """
    base, blending = DatasetFolder(arguments.base_dataset_dir), DatasetFolder(arguments.blending_dataset_dir)
    _require_apart(arguments.dataset_save_dir, base.path, blending.path)
    mapping = None
    if arguments.vocab_align_type == "soft":
        if arguments.vocab_mapping_save_dir is None:
            raise DataError("--vocab_align_type soft needs --vocab_mapping_save_dir, the file that the command vocab_mapping has written.")
        mapping = read_mapping(arguments.vocab_mapping_save_dir)
    names = (arguments.base_model_name_or_path, arguments.blending_model_name_or_path)
    base_tokenizer, blending_tokenizer = (load_tokenizer(name, arguments.cache_dir, arguments.model_max_length) for name in names)
    aligner = Aligner(base_tokenizer, blending_tokenizer, base_tokenizer.get_vocab(), arguments.vocab_align_type, mapping, epsilon, logits_number)
    threads = max(1, min(arguments.preprocessing_num_workers, os.cpu_count() or 1))
    steps = [_SplitStep(split, _counterpart(blending, split), aligner, arguments, threads) for split in base]
    total = sum(len(split) for split in base)
    with Progress("aligning", "documents", total) as progress:
        with DatasetWriter(arguments.dataset_save_dir, list(base.splits) if base.is_dict else None, replace=True) as output:
            for step in steps:
                output.begin(step.name, step.schema, step.features)
                for columns in step.columns():
                    output.write(columns)
                    progress.add(columns[0].length, step.name)
        print(f"{arguments.dataset_save_dir}: {progress.done} documents in {len(base)} splits, {progress.seconds:.1f} s")
    return 0


def _counterpart(blending: DatasetFolder, split: DatasetSplit) -> DatasetSplit:
    """The blending model's split of the same documents."""
    if split.name not in blending.splits:
        raise DataError(f"{blending.path}: has no split {split.name}, which the base has; give the datasets of the same documents.")
    found = blending[split.name]
    if len(found) < len(split):
        raise DataError(f"{found.folder}: has {len(found)} rows where the base's split {split.name} has {len(split)}; give the datasets of the same documents.")
    return found


def _require_apart(output: str, *inputs: str) -> None:
    path = os.path.realpath(output)
    for folder in map(os.path.realpath, inputs):
        if os.path.commonpath([path, folder]) in (path, folder):
            raise DataError(f"{output}: is, holds or lies in the input {folder}; name another --dataset_save_dir.")


class _SplitStep:
    """One split's schema and columns."""

    def __init__(self, base: DatasetSplit, blending: DatasetSplit, aligner: Aligner, arguments: argparse.Namespace, threads: int) -> None:
        self.name = base.name
        self._base, self._blending, self._aligner, self._threads = base, blending, aligner, threads
        self._documents = max(1, min(arguments.batch_size, _MOST_DOCUMENTS))
        token_level = arguments.metric_level == "token"
        self._metric, dropped = (_TOKEN_METRIC, _DOCUMENT_METRIC) if token_level else (_DOCUMENT_METRIC, _TOKEN_METRIC)
        for split, needed in ((base, (_IDS, _LOGITS, _INDICES)), (blending, (_IDS, _LOGITS, _INDICES, self._metric))):
            missing = [name for name in needed if name not in split.columns]
            if missing:
                raise DataError(f"{split.folder}: has no column {missing[0]}; give what the official step 2 wrote.")
        k = arguments.blending_model_index
        kept = [f for f in base.schema.fields if f.name not in (_TEXT, dropped)]
        fields = [Field(f.name, _trimmed_type(base, f)) if f.name in (_LOGITS, _INDICES) else f for f in kept]
        made = [
            Field(f"per_step_aligned_logits_{k}", type_of("list<list<float64>>")), Field(f"per_step_aligned_indices_{k}", type_of("list<list<int64>>")),
            Field(f"{self._metric}_aligned_{k}", type_of("list<float64>" if token_level else "float64")),
        ]
        for field in made:
            if field.name in base.columns:
                raise DataError(f"{base.folder}: already has a column {field.name}; give another --blending_model_index, or the dataset before its alignment.")
        self._kept, self._made = kept, made
        self.schema = Schema((*fields, *made))
        self.features = {name: feature for name, feature in base.features.items() if name not in (_LOGITS, _INDICES)}

    def columns(self) -> Iterator[List[Column]]:
        """The output's record batches, in the schema's order."""
        others = _Rows(self._blending)
        row = 0
        for batch in self._base.batches():
            for start in range(0, batch.rows, self._documents):
                end = min(start + self._documents, batch.rows)
                documents = [self._document(batch, place, others, row + place) for place in range(start, end)]
                yield self._kept_columns(batch, start, end, documents) + self._made_columns(documents, row + start)
            row += batch.rows

    def _document(self, batch: RecordBatch, place: int, others: _Rows, row: int) -> _Document:
        base = self._side(self._base, batch, place, row)
        other_batch, other_place = others.take()
        blending = self._side(self._blending, other_batch, other_place, row)
        metric = other_batch.column(self._metric)[other_place]
        return _Document(base, blending, metric[: len(blending.ids)] if self._metric == _TOKEN_METRIC and metric is not None else metric)

    def _side(self, split: DatasetSplit, batch: RecordBatch, place: int, row: int) -> Side:
        """A model's view of a row, cut at its length: what lies beyond is padding."""
        ids = batch.column(_IDS)[place]
        if ids is None or not isinstance(ids, np.ndarray):
            raise DataError(f"{_where(split, row)}: input_ids is null or holds a null; remove the row or run the model again for it.")
        matrices = []
        for name in (_INDICES, _LOGITS):
            column = batch.column(name)
            try:
                matrix = None if column.is_null(place) else column.matrix(place)
            except ValueError as error:
                raise DataError(f"{_where(split, row)}, column {name}: {error}; run the model again for this row.") from None
            if matrix is None or len(matrix) < len(ids):
                found = "null" if matrix is None else f"{len(matrix)} positions"
                raise DataError(f"{_where(split, row)}, column {name}: {found} for {len(ids)} input_ids; run the model again for this row.")
            matrices.append(matrix[: len(ids)])
        return Side(ids, *matrices)

    def _kept_columns(self, batch: RecordBatch, start: int, end: int, documents: Sequence[_Document]) -> List[Column]:
        trimmed = {_LOGITS: [d.base.logits for d in documents], _INDICES: [d.base.indices for d in documents]}
        return [
            column_of(self.schema.fields[i].type, trimmed[f.name]) if f.name in trimmed else batch.column(f.name).slice(start, end)
            for i, f in enumerate(self._kept)
        ]

    def _made_columns(self, documents: Sequence[_Document], row: int) -> List[Column]:
        try:
            found = self._aligner.align([(d.base, d.blending) for d in documents], self._threads)
        except DataError as error:
            raise DataError(f"{_where(self._base, row + (error.index or 0))}: {_in_its_words(error.reason)}") from None
        flat = [_flat(rows) for rows in found]
        counts = np.concatenate([counts for counts, _, _ in flat])
        lengths = [len(counts) for counts, _, _ in flat]
        logits, indices, metric = (field.type for field in self._made)
        columns = []
        for type, values in ((logits, np.concatenate([v for _, _, v in flat])), (indices, np.concatenate([t for _, t, _ in flat]).astype(np.int64))):
            leaf = column_of(type.item.item, values)
            columns.append(list_column(type, list_column(type.item, leaf, counts), lengths))
        metrics = [d.metric if d.metric is None or self._metric == _DOCUMENT_METRIC else np.asarray(d.metric, np.float64) for d in documents]
        return [*columns, column_of(metric, metrics)]


def _flat(rows: Any) -> Tuple[Any, Any, Any]:
    """Entries of each row, tokens, values."""
    if isinstance(rows, list):
        counts = np.array([len(tokens) for tokens, _ in rows], np.int64)
        return counts, np.array([t for tokens, _ in rows for t in tokens], np.int64), np.array([v for _, values in rows for v in values], np.float64)
    return np.diff(rows.starts), rows.tokens, rows.values


def _in_its_words(reason: str) -> str:
    """A sentence of the native library about a document in the words of this step, whose rows are documents."""
    for ours, theirs in (("target", "base"), ("source", "blending")):
        reason = reason.replace(ours, theirs)
    return "position " + reason[len("row ") :] if reason.startswith("row ") else reason


def _trimmed_type(split: DatasetSplit, field: Field) -> Any:
    leaf = field.type
    for _ in range(2):
        if not leaf.children:
            raise DataError(f"{split.folder}: column {field.name} is {field.type}; expected a list of numbers for each position.")
        leaf = leaf.item
    return type_of(f"list<list<{leaf}>>")


def _where(split: DatasetSplit, row: int) -> str:
    return f"{split.folder}: split {split.name}, row {row}"
