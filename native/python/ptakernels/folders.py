"""Dataset folders of Hugging Face ``save_to_disk``, read and written without the packages datasets and pyarrow.

A Dataset is a folder with ``state.json``, which lists its Arrow files, and ``dataset_info.json``, which describes its columns; a DatasetDict has
``dataset_dict.json`` and a Dataset folder for each split. The official code of PTA-LLM and FuseLLM exchanges such folders (SPEC B 0).
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, BinaryIO, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Union

from ._arrow import ArrowFile, ArrowWriter, RecordBatch
from ._arrow_columns import Column, column_of
from ._arrow_schema import DataType, Field, LISTS, Schema, fixed_size_list, type_of
from ._durable import AtomicFolder, CommittedOnExit, flush_file, write_file
from .errors import DataError

__all__ = ["Column", "DataType", "DatasetFolder", "DatasetSplit", "DatasetWriter", "Field", "Schema", "column_of", "features_of", "fixed_size_list", "type_of"]

_DICT_FILE, _STATE_FILE, _INFO_FILE = "dataset_dict.json", "state.json", "dataset_info.json"
_UNNAMED = "data"
MAX_SHARD_BYTES = 500_000_000
"""Largest file of a split, as in ``save_to_disk``."""

_ROWS_PER_BATCH = 1000
_VALUE_NAMES = {"utf8": "string", "large_utf8": "large_string"}

Path = Union[str, "os.PathLike[str]"]


class DatasetFolder:
    """A Dataset or a DatasetDict, opened.

    Opening reads the JSON files and the headers of all shards; a column of a record batch is mapped when it is asked for. ``folder[split]`` is a
    DatasetSplit; a Dataset has one, named as its own state says, or ``data``.
    """

    def __init__(self, path: Path) -> None:
        """DataError where the folder is no dataset, or a file is missing, cut off or damaged."""
        self.path = os.fspath(path)
        self.is_dict = os.path.exists(os.path.join(self.path, _DICT_FILE))
        if not self.is_dict and not os.path.exists(os.path.join(self.path, _STATE_FILE)):
            raise DataError(f"{self.path}: is no dataset folder: it has neither {_DICT_FILE} nor {_STATE_FILE}; name a folder made by save_to_disk.")
        if self.is_dict:
            file = os.path.join(self.path, _DICT_FILE)
            names = [_name_in(file, name) for name in _list_in(file, "splits")]
            self._splits = {name: DatasetSplit(os.path.join(self.path, name), name) for name in names}
        else:
            split = DatasetSplit(self.path)
            self._splits = {split.name: split}

    @property
    def splits(self) -> Tuple[str, ...]:
        """The splits' names, in order."""
        return tuple(self._splits)

    def __getitem__(self, split: str) -> "DatasetSplit":
        if split not in self._splits:
            raise KeyError(f"{self.path} has no split {split}, but {', '.join(self._splits)}")
        return self._splits[split]

    def __iter__(self) -> Iterator["DatasetSplit"]:
        return iter(self._splits.values())

    def __len__(self) -> int:
        """Number of splits."""
        return len(self._splits)


class DatasetSplit:
    """One Dataset folder: its rows, shard by shard. Rows are from 0; ``split[i]`` is a dict of row i's columns (see Column)."""

    def __init__(self, folder: Path, name: Optional[str] = None) -> None:
        """``name`` is the split's in its DatasetDict. DataError as for DatasetFolder."""
        self.folder = os.fspath(folder)
        file = os.path.join(self.folder, _STATE_FILE)
        state = _object_in(file)
        if state.get("_indices_data_files"):
            raise DataError(f"{self.folder}: holds a selection of rows by index files; load it, call flatten_indices() and save it again.")
        said = state.get("_split")
        self.name = name or (said if isinstance(said, str) and said else _UNNAMED)
        entries = _list_in(file, "_data_files")
        names = [_name_in(file, entry.get("filename") if isinstance(entry, dict) else None) for entry in entries]
        self.shards = [_shard(os.path.join(self.folder, shard)) for shard in names]
        self.schema = self.shards[0].schema
        for shard in self.shards[1:]:
            if [(f.name, str(f.type)) for f in shard.schema.fields] != [(f.name, str(f.type)) for f in self.schema.fields]:
                raise DataError(f"{shard.name}: its columns differ from those of {self.shards[0].name}; save the dataset again.")
        if len(set(self.schema.names)) != len(self.schema.names):
            raise DataError(f"{self.shards[0].name}: has several columns of one name; save the dataset again with different names.")

    @property
    def columns(self) -> List[str]:
        """The columns' names."""
        return self.schema.names

    @property
    def features(self) -> Dict[str, Any]:
        """What ``dataset_info.json`` says of the columns, as far as it does."""
        file = os.path.join(self.folder, _INFO_FILE)
        said = _object_in(file).get("features") if os.path.exists(file) else None
        return {name: feature for name, feature in said.items() if name in self.columns} if isinstance(said, dict) else {}

    def __len__(self) -> int:
        return sum(shard.rows for shard in self.shards)

    def batches(self) -> Iterator[RecordBatch]:
        """The record batches in order."""
        return (batch for shard in self.shards for batch in shard)

    def rows(self, columns: Optional[Sequence[str]] = None) -> Iterator[Dict[str, Any]]:
        """The rows in order, with these columns, or all. KeyError for a column that is not there."""
        for batch in self.batches():
            chosen = {name: batch.column(name) for name in (self.columns if columns is None else columns)}
            for row in range(batch.rows):
                yield {name: column[row] for name, column in chosen.items()}

    def __getitem__(self, row: int) -> Dict[str, Any]:
        batch, place = self.find(row)
        return {name: batch.column(name)[place] for name in self.columns}

    def find(self, row: int) -> Tuple[RecordBatch, int]:
        """The record batch that holds a row, and its place there. IndexError where there is no such row."""
        left = row + len(self) if row < 0 else row
        for shard in self.shards if left >= 0 else ():
            if left >= shard.rows:
                left -= shard.rows
                continue
            for index in range(len(shard)):
                if left < shard.rows_of(index):
                    return shard.batch(index), left
                left -= shard.rows_of(index)
        raise IndexError(f"row {row} of a split of {len(self)} rows")


def _shard(path: str) -> ArrowFile:
    try:
        return ArrowFile(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: missing, though the folder lists it; copy the whole folder again.") from error


def features_of(schema: Schema, given: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
    """The ``features`` that ``load_from_disk`` needs; what ``given`` says of a column is kept as it is."""
    given = given or {}
    return {f.name: given[f.name] if f.name in given else _feature(f.type) for f in schema.fields}


def _feature(type: DataType) -> Dict[str, Any]:
    if type.name == "struct":
        return {f.name: _feature(f.type) for f in type.children}
    if type.name in LISTS:
        length = {"length": type.size} if type.name == "fixed_size_list" else {}
        return {"feature": _feature(type.item), **length, "_type": "LargeList" if type.name == "large_list" else "Sequence"}
    return {"dtype": _VALUE_NAMES.get(type.name, type.name), "_type": "Value"}


class DatasetWriter(CommittedOnExit):
    """Writes a Dataset or a DatasetDict, which appears under its name only when it is complete.

    ::

        with DatasetWriter("aligned", splits=["train"]) as out:
            out.begin("train", Schema((Field("input_ids", type_of("list<int32>")),)))
            out.write_rows([{"input_ids": [1, 2]}])

    Leaving the ``with`` block commits; an exception removes what was written.
    """

    def __init__(self, path: Path, splits: Optional[Sequence[str]] = None, replace: bool = False, max_shard_bytes: int = MAX_SHARD_BYTES) -> None:
        """``splits`` are those of a DatasetDict; None makes a Dataset. ``replace``: whether a dataset folder of that name may be replaced.

        DataError where the name is taken, or is no dataset's.
        """
        path = os.fspath(path)
        if replace and os.path.isdir(path) and os.listdir(path) and not any(os.path.exists(os.path.join(path, f)) for f in (_DICT_FILE, _STATE_FILE)):
            raise DataError(f"{path}: is a folder but no dataset, so it is not replaced; name another one.")
        for name in splits or ():
            if name != os.path.basename(name) or name in ("", ".", ".."):
                raise ValueError(f"{name!r} is no name of a split.")
        self._splits = None if splits is None else list(splits)
        self._written: Set[str] = set()
        self._max = max_shard_bytes
        self._open: Optional[_Shards] = None
        self._folder = AtomicFolder(path, replace)

    def begin(self, split: str, schema: Schema, features: Optional[Mapping[str, Any]] = None) -> None:
        """Begins a split and ends the one before. ``features`` says more of columns than their Arrow types do, as in ``dataset_info.json``."""
        if (self._splits is not None and split not in self._splits) or split in self._written or (self._splits is None and self._written):
            raise ValueError(f"split {split} was written already, or is none of {self._splits}.")
        self._end()
        folder = self._folder.partial if self._splits is None else os.path.join(self._folder.partial, split)
        os.makedirs(folder, exist_ok=True)
        described = features_of(schema, features)
        metadata = {**schema.metadata, "huggingface": json.dumps({"info": {"features": described}})}
        self._written.add(split)
        self._open = _Shards(folder, split, Schema(schema.fields, metadata), described, self._max)

    def write(self, columns: Union[Mapping[str, Column], Sequence[Column]]) -> None:
        """Writes a record batch to the present split: the schema's columns, by name or in order."""
        self._present().write(columns)

    def write_rows(self, rows: Iterable[Mapping[str, Any]], batch_rows: int = _ROWS_PER_BATCH) -> None:
        """Writes rows to the present split; a column that a row does not have is null."""
        shards = self._present()
        waiting: List[Mapping[str, Any]] = []
        for row in rows:
            waiting.append(row)
            if len(waiting) == batch_rows:
                shards.write_rows(waiting)
                waiting = []
        if waiting:
            shards.write_rows(waiting)

    def commit(self) -> None:
        """Completes the folder and gives it its name. ValueError where a split is missing."""
        missing = [s for s in self._splits or () if s not in self._written]
        if missing or not self._written:
            raise ValueError(f"{self._folder.path}: split {missing[0] if missing else ''} was not begun.")
        self._end()
        if self._splits is not None:
            write_file(os.path.join(self._folder.partial, _DICT_FILE), json.dumps({"splits": self._splits}).encode())
        self._folder.commit()

    def close(self) -> None:
        """Removes what was not committed."""
        if self._open is not None:
            self._open.file.close()
        self._open = None
        self._folder.discard()

    def _present(self) -> "_Shards":
        if self._open is None:
            raise ValueError("no split was begun.")
        return self._open

    def _end(self) -> None:
        if self._open is not None:
            self._open.finish()
        self._open = None


class _Shards:
    """The Arrow files of one split, and a fingerprint of all their bytes."""

    def __init__(self, folder: str, split: str, schema: Schema, features: Dict[str, Any], max_bytes: int) -> None:
        self._folder, self._split, self._schema, self._features, self._max = folder, split, schema, features, max_bytes
        self._hash = hashlib.sha256()
        self._files: List[str] = []
        self._start()

    def _start(self) -> None:
        self._files.append(os.path.join(self._folder, f"shard-{len(self._files):05d}"))
        self.file: BinaryIO = open(self._files[-1], "wb")
        self._writer, self._rows = ArrowWriter(_Hashed(self.file, self._hash), self._schema), 0

    def write(self, columns: Union[Mapping[str, Column], Sequence[Column]]) -> None:
        before = self.file.tell()
        if self._rows and before >= self._max:
            self._stop()
            self._start()
        self._rows += self._writer.write(columns)

    def write_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        columns = []
        for field in self._schema.fields:
            try:
                columns.append(column_of(field.type, [row.get(field.name) for row in rows]))
            except (TypeError, ValueError) as error:
                raise ValueError(f"column {field.name}: {error}") from error
        self.write(columns)

    def _stop(self) -> None:
        self._writer.close()
        flush_file(self.file.fileno())
        self.file.close()

    def finish(self) -> None:
        self._stop()
        names = [f"data-{i:05d}-of-{len(self._files):05d}.arrow" for i in range(len(self._files))]
        for file, name in zip(self._files, names):
            os.rename(file, os.path.join(self._folder, name))
        state: Dict[str, Any] = {
            "_data_files": [{"filename": name} for name in names], "_fingerprint": self._hash.hexdigest()[:16], "_format_columns": None, "_format_kwargs": {},
            "_format_type": None, "_output_all_columns": False, "_split": self._split,
        }
        info = {"citation": "", "description": "", "features": self._features, "homepage": "", "license": ""}
        for name, content in ((_STATE_FILE, state), (_INFO_FILE, info)):
            write_file(os.path.join(self._folder, name), json.dumps(content, indent=2).encode())


class _Hashed:
    """A file that is hashed while it is written."""

    def __init__(self, file: BinaryIO, digest: Any) -> None:
        self._file, self._digest = file, digest

    def write(self, data: Any) -> int:
        self._digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _object_in(file: str) -> Dict[str, Any]:
    try:
        with open(file, "rb") as stream:
            content = json.loads(stream.read())
    except FileNotFoundError as error:
        raise DataError(f"{file}: missing; copy the whole folder again.") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not whole JSON; copy or save the dataset again.") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: is no JSON object; copy or save the dataset again.")
    return content


def _list_in(file: str, name: str) -> List[Any]:
    found = _object_in(file).get(name)
    if not isinstance(found, list) or not found:
        raise DataError(f"{file}: has no list {name}; copy or save the dataset again.")
    return found


def _name_in(file: str, name: Any) -> str:
    """Only names inside the folder: a JSON file cannot lead elsewhere."""
    if not isinstance(name, str) or name != os.path.basename(name) or name in ("", ".", ".."):
        raise DataError(f"{file}: {json.dumps(name)} is no name inside the folder; copy or save the dataset again.")
    return name
