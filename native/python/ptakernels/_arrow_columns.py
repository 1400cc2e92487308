"""Columns of Arrow arrays: offsets, values and validity as NumPy arrays, whole columns at a time, rows without copying."""

from __future__ import annotations

import operator
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple

from ._arrow_schema import DataType, LARGE, LISTS, TEXTS
from ._numpy import numpy as np
from .errors import DataError


class Column:
    """A column of ``length`` rows.

    ``type`` is its Arrow type. ``valid`` is [length] bool, None where no row is null. What else there is depends on the type:

    ============================== =============== ====================================== ==================
    type                           offsets         values                                 children
    ============================== =============== ====================================== ==================
    numbers, ``bool``, dates       None            [length] of that type                  none
    ``utf8``, ``binary`` and large [length + 1]    [bytes] uint8                          none
    ``list``, ``large_list``       [length + 1]    None                                   the items, flat
    ``fixed_size_list``            None            None                                   the items, flat
    ``struct``                     None            None                                   a column per field
    ``null``                       None            None                                   none
    ============================== =============== ====================================== ==================

    Offsets count items of the child, or bytes, and need not start at 0. Arrays may point into a mapped file, and are then read-only.
    ``column[i]`` is row i: a NumPy array for a list of numbers, a Column for a list of anything else, str, bytes, a dict for a struct, a Python number,
    or None. Rows are from 0; negative ones count from the end.
    """

    __slots__ = ("type", "length", "valid", "offsets", "values", "children")

    def __init__(self, type: DataType, length: int, *, valid: Optional[np.ndarray] = None, offsets: Optional[np.ndarray] = None,
                 values: Optional[np.ndarray] = None, children: Sequence["Column"] = ()) -> None:
        self.type, self.length, self.valid, self.children = type, length, valid, tuple(children)
        self.offsets: Any = offsets
        self.values: Any = values

    @property
    def child(self) -> "Column":
        """A list's items, flat."""
        return self.children[0]

    def __len__(self) -> int:
        return self.length

    def is_null(self, row: int) -> bool:
        """Whether a row is null."""
        return self.type.name == "null" or (self.valid is not None and not self.valid[row])

    def span(self, row: int) -> Tuple[int, int]:
        """Where a row's items, or bytes, begin and end."""
        if self.type.name == "fixed_size_list":
            return row * self.type.size, (row + 1) * self.type.size
        return int(self.offsets[row]), int(self.offsets[row + 1])

    def __getitem__(self, row: int) -> Any:
        if row < 0:
            row += self.length
        if not 0 <= row < self.length:
            raise IndexError(f"row {row} of a column of {self.length}")
        if self.is_null(row):
            return None
        name = self.type.name
        if name in TEXTS:
            start, end = self.span(row)
            data = self.values[start:end].tobytes()
            return _text(data, row) if name.endswith("utf8") else data
        if name in LISTS:
            items = self.child.slice(*self.span(row))
            return items.values if items.values is not None and items.offsets is None and items.valid is None else items
        if name == "struct":
            return {part.name: column[row] for part, column in zip(self.type.children, self.children)}
        return self.values[row].item()

    def __iter__(self) -> Iterator[Any]:
        return (self[row] for row in range(self.length))

    def slice(self, start: int, end: int) -> "Column":
        """Rows start to end, which share this column's memory."""
        def cut(array: Optional[np.ndarray], first: int, last: int) -> Optional[np.ndarray]:
            return None if array is None else array[first:last]
        name, children = self.type.name, self.children
        if name == "fixed_size_list":
            children = (self.child.slice(start * self.type.size, end * self.type.size),)
        elif name == "struct":
            children = tuple(c.slice(start, end) for c in children)
        values = self.values if self.offsets is not None else cut(self.values, start, end)
        return Column(self.type, end - start, valid=cut(self.valid, start, end), offsets=cut(self.offsets, start, end + 1), values=values, children=children)

    def matrix(self, row: int) -> np.ndarray:
        """A row of lists of numbers as [rows, width], without copying.

        ValueError where the lists of the row have different lengths, or where one of them or a number is null.
        """
        start, end = self.span(row)
        lists = self.child.slice(start, end)
        leaf = lists.child
        if lists.type.name == "fixed_size_list":
            first, width = 0, lists.type.size
        elif lists.length == 0:
            first, width = 0, 0
        else:
            first, width = int(lists.offsets[0]), int(lists.offsets[1] - lists.offsets[0])
            if not (np.diff(lists.offsets) == width).all():
                raise ValueError(f"the lists of row {row} have different lengths")
        if lists.valid is not None and not lists.valid.all():
            raise ValueError(f"row {row} has a null list")
        flat = leaf.slice(first, first + lists.length * width)
        if flat.valid is not None and not flat.valid.all():
            raise ValueError(f"row {row} has a null number")
        return flat.values.reshape(lists.length, width)

    def to_list(self) -> List[Any]:
        """The rows as Python lists, numbers, strings and None."""
        if self.type.name in LISTS:
            return [None if self.is_null(i) else self.child.slice(*self.span(i)).to_list() for i in range(self.length)]
        if self.type.name == "struct":
            parts = [c.to_list() for c in self.children]
            return [None if self.is_null(i) else {f.name: part[i] for f, part in zip(self.type.children, parts)} for i in range(self.length)]
        if self.values is not None and self.offsets is None and self.valid is None:
            return self.values.tolist()
        return list(self)


def dtype_of(type: DataType) -> np.dtype:
    """The NumPy type of the values of a type of fixed width."""
    return np.dtype({"date32": "int32", "date64": "int64", "bool": "bool"}.get(type.name, type.name))


def offsets_type(type: DataType) -> np.dtype:
    """The type of a column's offsets."""
    return np.dtype("<i8" if type.name in LARGE else "<i4")


def column_of(type: DataType, rows: Iterable[Any]) -> Column:
    """A column from rows: numbers, str, bytes, dicts, None, and for lists anything that can be iterated; NumPy arrays are fastest.

    ValueError where a row is not of the type, OverflowError where the offsets have 32 bits and do not suffice.
    """
    name = type.name
    if name in LISTS:
        return _lists(type, list(rows))
    if name in TEXTS:
        return _texts(type, list(rows))
    if name in ("struct", "null"):
        rows = list(rows)
        valid = _validity([r is not None for r in rows])
        if name == "null":
            if valid is None and rows:
                raise ValueError("a column of type null has only nulls")
            return Column(type, len(rows))
        children = [column_of(f.type, [None if r is None else r.get(f.name) for r in rows]) for f in type.children]
        return Column(type, len(rows), valid=valid, children=children)
    if isinstance(rows, np.ndarray):
        return Column(type, len(rows), values=_exact(rows, type))
    rows = list(rows)
    valid = _validity([r is not None for r in rows])
    if valid is not None:
        rows = [0 if r is None else r for r in rows]
    return Column(type, len(rows), valid=valid, values=_plain(rows, type))


def list_column(type: DataType, child: Column, lengths: Iterable[int], valid: Optional[np.ndarray] = None) -> Column:
    """A list column from its items, flat, and how many each row has."""
    lengths = np.asarray(list(lengths) if not isinstance(lengths, np.ndarray) else lengths, np.int64)
    if int(lengths.sum()) != child.length:
        raise ValueError(f"rows of {int(lengths.sum())} items in all do not fit {child.length} items")
    return Column(type, len(lengths), valid=valid, offsets=_offsets(type, lengths), children=(child,))


def _text(data: bytes, row: int) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"row {row} of a column of texts is no UTF-8: {error.reason} at byte {error.start}; save the data again.") from error


def _validity(present: List[bool]) -> Optional[np.ndarray]:
    return None if all(present) else np.array(present, bool)


def _plain(rows: List[Any], type: DataType) -> np.ndarray:
    """Python's numbers in the column's type; NumPy would make large integers float64 on the way."""
    wanted = dtype_of(type)
    if not rows:
        return np.empty(0, wanted)
    if wanted.kind not in "iu" or any(isinstance(r, float) for r in rows):
        return _exact(np.asarray(rows), type)
    try:
        limits, integers = np.iinfo(wanted), [operator.index(r) for r in rows]
    except TypeError as error:
        raise ValueError(f"a value is no {type}") from error
    if min(integers) < limits.min or max(integers) > limits.max:
        raise ValueError(f"a value does not fit {type}")
    return np.array(integers, wanted)


def _exact(values: np.ndarray, type: DataType) -> np.ndarray:
    """Values in the column's type; what is beyond it is refused instead of being cut."""
    wanted = dtype_of(type)
    if values.ndim != 1:
        raise ValueError(f"values of shape {values.shape} are no column of {type}")
    if values.dtype == wanted:
        return values
    if wanted.kind in "iu" and values.dtype.kind == "f" or values.dtype.kind not in "iufb":
        raise ValueError(f"values of type {values.dtype} are no {type}")
    with np.errstate(over="ignore"):
        cast = values.astype(wanted)
    if not (cast == values).all() if wanted.kind in "iu" else (np.isinf(cast) & ~np.isinf(values)).any():
        raise ValueError(f"a value does not fit {type}")
    return cast


def _offsets(type: DataType, lengths: np.ndarray) -> np.ndarray:
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    if type.name not in LARGE and ends[-1] >= 2 ** 31:
        raise OverflowError(f"{int(ends[-1])} items are more than a column of {type} can hold; write smaller batches.")
    return ends.astype(offsets_type(type))


def _texts(type: DataType, rows: List[Any]) -> Column:
    encoded = []
    for row in rows:
        if row is not None and not isinstance(row, str if type.name.endswith("utf8") else (bytes, bytearray, memoryview)):
            raise ValueError(f"{row!r:.60} is no {type}")
        encoded.append(b"" if row is None else row.encode("utf-8") if isinstance(row, str) else bytes(row))
    lengths = np.fromiter((len(e) for e in encoded), np.int64, len(encoded))
    valid, values = _validity([r is not None for r in rows]), np.frombuffer(b"".join(encoded), np.uint8)
    return Column(type, len(rows), valid=valid, offsets=_offsets(type, lengths), values=values)


def _lists(type: DataType, rows: List[Any]) -> Column:
    valid = _validity([r is not None for r in rows])
    filler = [None] * type.size
    parts = [(filler if type.name == "fixed_size_list" else ()) if row is None else row for row in rows]
    parts = [part if hasattr(part, "__len__") else list(part) for part in parts]
    lengths = np.fromiter((len(p) for p in parts), np.int64, len(parts))
    there = [p for p in parts if len(p)]
    ranks = {p.ndim if isinstance(p, np.ndarray) else 0 for p in there}
    if ranks == {1}:
        child = column_of(type.item, np.concatenate(there))
    elif ranks == {2} and type.item.name in ("list", "large_list"):
        flat = column_of(type.item.item, np.concatenate([p.reshape(-1) for p in there]))
        child = list_column(type.item, flat, np.concatenate([np.full(len(p), p.shape[1]) for p in there]))
    else:
        child = column_of(type.item, [value for part in there for value in part])
    if type.name == "fixed_size_list":
        if (lengths != type.size).any():
            raise ValueError(f"a row has not {type.size} items")
        return Column(type, len(rows), valid=valid, children=(child,))
    return Column(type, len(rows), valid=valid, offsets=_offsets(type, lengths), children=(child,))
