"""Reads compact stores: any document by its number, from mapped shards that are compared with the manifest when they are first used."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import OrderedDict
from itertools import accumulate
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple, Union

from ._arrow import ArrowFile, RecordBatch
from ._numpy import numpy as np
from ._store_format import ALIGNED, PREFIX_RULE, RULES, StoreHeader, StoreTokenizer, TEACHER, TokenIds, damage_of, read_manifest
from .errors import DataError

_OPEN_SHARDS, _OPEN_BATCHES = 64, 64
_NO_SOURCE = 15
_RULE_LETTERS = np.frombuffer(RULES.encode().ljust(16, b"?"), np.uint8)


class _Shard:
    """A mapped shard, and the record batches that were asked for last."""

    def __init__(self, file: ArrowFile) -> None:
        self._file = file
        self._starts = [0, *accumulate(file.rows_of(i) for i in range(len(file)))]
        self._batches: "OrderedDict[int, RecordBatch]" = OrderedDict()

    @property
    def file(self) -> ArrowFile:
        return self._file

    def find(self, row: int) -> Tuple[RecordBatch, int]:
        index = bisect_right(self._starts, row) - 1
        if index not in self._batches:
            self._batches[index] = self._file.batch(index)
            if len(self._batches) > _OPEN_BATCHES:
                self._batches.popitem(last=False)
        self._batches.move_to_end(index)
        return self._batches[index], row - self._starts[index]


class _Store:
    """What both kinds of stores have in common."""

    _kind = ""

    def __init__(self, path: Union[str, "os.PathLike[str]"], split: Optional[str] = None, verify: bool = True) -> None:
        """Opens a complete store. ``split``: only its documents; None: all, in order. ``verify``: whether a shard's SHA-256 is compared before its first use.

        DataError where it is no store, damaged, not complete, or of the other kind; ValueError where it has no such split.
        """
        self.path, self._split, self._verify = os.fspath(path), split, verify
        self._begin()

    def _begin(self) -> None:
        manifest = read_manifest(self.path)
        if manifest.header is None or manifest.header.kind != self._kind:
            holds = "aligned documents" if self._kind == TEACHER else "candidates of a model"
            raise DataError(f"{self.path}: holds {holds}; read it as the other kind of store.")
        self.header: StoreHeader = manifest.header
        if self._split is not None and self._split not in self.splits:
            raise ValueError(f"{self.path} has no split {self._split!r}, but {self.splits}.")
        self._entries = [s for s in manifest.shards if self._split is None or s["split"] == self._split]
        self._starts = [0, *accumulate(s["documents"] for s in self._entries)]
        self._split_starts = self._starts_in_splits()
        self._expected = [(f.name, str(f.type)) for f in self.header.schema().fields]
        self._shards: "OrderedDict[int, _Shard]" = OrderedDict()
        self._whole: Set[int] = set()
        self._lock = threading.Lock()

    def _starts_in_splits(self) -> List[int]:
        before: Dict[str, int] = {}
        starts = []
        for entry in self._entries:
            starts.append(before.get(entry["split"], 0))
            before[entry["split"]] = starts[-1] + entry["documents"]
        return starts

    @property
    def tokenizer(self) -> StoreTokenizer:
        """The tokenizer of ``input_ids``."""
        return self.header.tokenizer

    @property
    def splits(self) -> Tuple[str, ...]:
        """The store's splits, one named by the empty string where there are none."""
        return tuple(self.header.content["splits"])

    @property
    def tokens(self) -> int:
        """Tokens of all documents."""
        return sum(s["tokens"] for s in self._entries)

    def __len__(self) -> int:
        """Number of documents."""
        return self._starts[-1]

    def __getstate__(self) -> Dict[str, Any]:
        return {"path": self.path, "_split": self._split, "_verify": self._verify}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def _find(self, index: int) -> Tuple[RecordBatch, int, str, str]:
        """A document's record batch, its row there, its name for want of one, and its place for messages."""
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"document {index} of a store of {len(self)}")
        number = bisect_right(self._starts, index) - 1
        in_split = self._split_starts[number] + index - self._starts[number]
        split = self._entries[number]["split"]
        with self._lock:
            shard = self._shard(number)
            batch, row = shard.find(index - self._starts[number])
        return batch, row, f"{split}/{in_split}" if split else f"document {in_split}", f"{shard.file.name}, document {in_split}"

    def _shard(self, number: int) -> _Shard:
        if number not in self._shards:
            entry = self._entries[number]
            path = os.path.join(self.path, entry["file"])
            if self._verify and number not in self._whole:
                if (damage := damage_of(self.path, entry)) is not None:
                    raise DataError(f"{path}: {damage}; run `pta store repair {self.path}`, or copy the file again.")
                self._whole.add(number)
            self._shards[number] = _Shard(self._opened(path, entry["documents"]))
            if len(self._shards) > _OPEN_SHARDS:
                self._shards.popitem(last=False)  # its mapping stays while an array points into it
        self._shards.move_to_end(number)
        return self._shards[number]

    def _opened(self, path: str, documents: int) -> ArrowFile:
        try:
            file = ArrowFile(path)
        except FileNotFoundError as error:
            raise DataError(f"{path}: is missing; run `pta store repair {self.path}`, or copy the file again.") from error
        if [(f.name, str(f.type)) for f in file.schema.fields][:len(self._expected)] != self._expected or file.rows != documents:
            raise DataError(f"{path}: its columns or documents are not those that the manifest names; run `pta store check` on the folder, or copy it again.")
        return file


def _damaged(where: str, error: Exception) -> DataError:
    return DataError(f"{where}: damaged ({error}); run `pta store check` on the folder, or copy it again.")


def _ids(encoding: TokenIds, batch: RecordBatch, column: str, row: int, count: int) -> np.ndarray:
    items = batch.column(column)[row]
    if items is None:
        raise ValueError(f"{column} is null")
    try:
        return encoding.decode(np.frombuffer(items, np.uint8) if isinstance(items, bytes) else items, count)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from error


def _required(batch: RecordBatch, column: str, row: int, count: Optional[int] = None) -> np.ndarray:
    items = batch.column(column)[row]
    if not isinstance(items, np.ndarray) or (count is not None and len(items) != count):
        raise ValueError(f"{column} is null, or has not {count} values")
    return items


def _optional(batch: RecordBatch, column: str, row: int, count: int) -> Optional[np.ndarray]:
    return None if batch.column(column).is_null(row) else _required(batch, column, row, count)


class TeacherRows(NamedTuple):
    """A document of a teacher's store; arrays are as stored, and read-only where they point into the shard.

    ``id``; ``input_ids`` [length]; ``candidates`` and ``values`` [length, k], best first; ``log_sum_exp`` [length], zeros for log-probabilities, None
    where not known; ``label_cross_entropy`` [length - 1] and ``mean_cross_entropy`` in nats, or None; ``spans`` [length, 2], where each token's bytes
    begin and end in the document's UTF-8, or None; ``text_bytes``, or None; ``others``: further columns by name.
    """

    id: str
    input_ids: np.ndarray
    candidates: np.ndarray
    values: np.ndarray
    log_sum_exp: Optional[np.ndarray]
    label_cross_entropy: Optional[np.ndarray]
    mean_cross_entropy: Optional[float]
    spans: Optional[np.ndarray]
    text_bytes: Optional[int]
    others: Dict[str, Any]


class TeacherStore(_Store):
    """A store of a model's next-token candidates; ``store[i]`` is document i as TeacherRows. Row t is the distribution of the token after position t.

    Opens its shards as they are needed, can be pickled, and may be used by several threads.
    """

    _kind = TEACHER

    @property
    def k(self) -> int:
        """Candidates per position."""
        return self.header.k

    @property
    def value_kind(self) -> str:
        """``raw_logit`` or ``logprob``."""
        return self.header.content["value_kind"]

    def __getitem__(self, index: int) -> TeacherRows:
        batch, row, name, where = self._find(index)
        try:
            return self._rows(batch, row, name)
        except (ValueError, IndexError) as error:
            if isinstance(error, DataError):
                raise
            raise _damaged(where, error) from error

    def __iter__(self) -> Iterator[TeacherRows]:
        return (self[i] for i in range(len(self)))

    def _rows(self, batch: RecordBatch, row: int, name: str) -> TeacherRows:
        values = _required(batch, "values", row)
        length = len(values) // self.k
        sums = np.zeros(length, np.float32) if self.value_kind == "logprob" else _optional(batch, "log_sum_exp", row, length)
        return TeacherRows(
            batch.column("id")[row] or name, _ids(self.header.ids, batch, "input_ids", row, length),
            _ids(self.header.ids, batch, "candidates", row, length * self.k).reshape(length, self.k), values.reshape(length, self.k), sums,
            _optional(batch, "label_cross_entropy", row, max(0, length - 1)), batch.column("mean_cross_entropy")[row], _spans(batch, row, length),
            batch.column("text_bytes")[row], {f.name: batch.column(f.name)[row] for f in batch.schema.fields[len(self._expected):]},
        )


def _spans(batch: RecordBatch, row: int, length: int) -> Optional[np.ndarray]:
    lengths = _optional(batch, "byte_lengths", row, length)
    if lengths is not None:
        ends = np.cumsum(lengths, dtype=np.int64)
        return np.stack([ends - lengths, ends], axis=1)
    offsets = _optional(batch, "byte_offsets", row, 2 * length)
    return None if offsets is None else offsets.reshape(length, 2)


class AlignedRows(NamedTuple):
    """A document of aligned rows.

    ``id``; ``row``: number of the target's document in its split, or None; ``input_ids`` [length]; ``starts`` [length + 1] int64: position t is taught the
    tokens starts[t] to starts[t + 1], none where it is masked; ``tokens`` and ``values`` [starts[length]]: their ids, and their probabilities (float32, or
    float64 where stored so), scaled so that with ``missing`` [length] a position's sum to 1 (as stored under output ``official``); ``rules``: a letter for
    each position, ``.`` where it is masked; ``sources`` [length] int8, -1 for none; ``kappa`` [length], the kept share of rule P, else 1.
    """

    id: str
    row: Optional[int]
    input_ids: np.ndarray
    starts: np.ndarray
    tokens: np.ndarray
    values: np.ndarray
    missing: np.ndarray
    rules: str
    sources: np.ndarray
    kappa: np.ndarray


class AlignedStore(_Store):
    """A store that ``pta align`` wrote; ``store[i]`` is document i as AlignedRows.

    Opens its shards as they are needed, can be pickled, and may be used by several threads. A store of output ``official`` has rows for each source:
    ``store.group(i, source)``.
    """

    _kind = ALIGNED

    @property
    def sources(self) -> Tuple[StoreTokenizer, ...]:
        """The sources' tokenizers, in the order that ``AlignedRows.sources`` counts."""
        return self.header.sources

    def __getitem__(self, index: int) -> AlignedRows:
        if self.header.groups != ("",):
            raise DataError(f"{self.path}: holds rows of output official, one group for each of {len(self.sources)} sources; ask for group(i, source).")
        return self.group(index, 0)

    def __iter__(self) -> Iterator[AlignedRows]:
        return (self[i] for i in range(len(self)))

    def group(self, index: int, source: int) -> AlignedRows:
        """A document's rows of one source under output ``official``; where the sources are merged there is only group 0."""
        suffix = self.header.groups[source]
        batch, row, name, where = self._find(index)
        try:
            return self._rows(batch, row, name, suffix)
        except (ValueError, IndexError) as error:
            if isinstance(error, DataError):
                raise
            raise _damaged(where, error) from error

    def _rows(self, batch: RecordBatch, row: int, name: str, suffix: str) -> AlignedRows:
        provenance = _required(batch, f"provenance{suffix}", row)
        length = len(provenance)
        counts = _required(batch, f"counts{suffix}", row, length)
        starts = np.zeros(length + 1, np.int64)
        np.cumsum(counts, out=starts[1:])
        stored = _required(batch, f"values{suffix}", row, int(starts[-1]))
        values = stored.astype(np.float64)
        missing = _optional(batch, f"missing{suffix}", row, length)
        left = np.zeros(length) if missing is None else missing.astype(np.float64)
        if self.header.content["unit"] == "probabilities":
            _scale(values, left, counts)
        rules, sources = provenance & 15, (provenance >> 4).astype(np.int8)
        if (rules >= len(RULES)).any():
            raise ValueError(f"provenance {int(provenance[rules >= len(RULES)][0])} has no rule")
        sources[sources == _NO_SOURCE] = -1
        precise = np.float64 if stored.dtype == np.float64 else np.float32
        return AlignedRows(
            batch.column("id")[row] or name, batch.column("row")[row], _ids(self.header.ids, batch, "input_ids", row, length), starts,
            _ids(self.header.ids, batch, f"tokens{suffix}", row, int(starts[-1])), values.astype(precise), left.astype(precise),
            _RULE_LETTERS[rules].tobytes().decode(), sources, _kappa(batch, row, suffix, rules).astype(precise),
        )


def _scale(values: np.ndarray, missing: np.ndarray, counts: np.ndarray) -> None:
    """Makes a row's probabilities and its missing mass sum to 1 again, which rounding undid; a masked row keeps its missing mass."""
    owner = np.repeat(np.arange(len(counts)), counts)
    sums = missing + np.bincount(owner, values, len(counts))
    sums[~(sums > 0) | np.isinf(sums) | (counts == 0)] = 1
    values /= sums[owner]
    missing /= sums


def _kappa(batch: RecordBatch, row: int, suffix: str, rules: np.ndarray) -> np.ndarray:
    kappa, places = np.ones(len(rules)), np.flatnonzero(rules == PREFIX_RULE)
    if not batch.column(f"kappa{suffix}").is_null(row):
        stored = _required(batch, f"kappa{suffix}", row)
        kappa[places[:len(stored)]] = stored[:len(places)]
    return kappa
