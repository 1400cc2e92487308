"""FlatBuffers, as far as Arrow's messages need them: tables read with every offset checked, and written from front to back.

A table starts with a signed offset back to its vtable; the vtable holds its own size, the table's size and each field's place in the table, 0 for a
field that is absent. References are unsigned offsets forward from where they stand. Everything is little-endian.
"""

from __future__ import annotations

import struct
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

_U16, _I32, _U32, _I64 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I"), struct.Struct("<q")

Bytes = Union[bytes, bytearray, memoryview]


class FlatbufferError(ValueError):
    """Bytes that are no such table."""


def _unpack(form: struct.Struct, buffer: Bytes, at: int) -> int:
    if at < 0 or at + form.size > len(buffer):
        raise FlatbufferError("an offset points outside the header")
    return form.unpack_from(buffer, at)[0]


class Table:
    """A table inside a buffer."""

    __slots__ = ("_buffer", "_start", "_fields", "_count")

    def __init__(self, buffer: Bytes, start: int) -> None:
        self._buffer, self._start = buffer, start
        self._fields = start - _unpack(_I32, buffer, start)
        size = _unpack(_U16, buffer, self._fields)
        if size < 4 or self._fields + size > len(buffer):
            raise FlatbufferError("a table has no list of its fields")
        self._count = (size - 4) // 2

    @classmethod
    def root(cls, buffer: Bytes) -> "Table":
        """The table that a buffer begins with."""
        return cls(buffer, _unpack(_U32, buffer, 0))

    def _place(self, field: int) -> int:
        """Where a field stands, or -1 where it is absent."""
        if field >= self._count:
            return -1
        offset = _unpack(_U16, self._buffer, self._fields + 4 + 2 * field)
        return self._start + offset if offset else -1

    def _target(self, field: int) -> int:
        at = self._place(field)
        return -1 if at < 0 else at + _unpack(_U32, self._buffer, at)

    def has(self, field: int) -> bool:
        """Whether a field is there."""
        return self._place(field) >= 0

    def number(self, field: int, form: str, default: int = 0) -> int:
        """A number of a struct format: ``B`` or ``b``, ``h``, ``i``, ``q``."""
        at = self._place(field)
        return default if at < 0 else _unpack(struct.Struct("<" + form), self._buffer, at)

    def table(self, field: int) -> Optional["Table"]:
        """A table that a field refers to; None where it is absent."""
        at = self._target(field)
        return None if at < 0 else Table(self._buffer, at)

    def _list(self, field: int, width: int) -> Tuple[int, int]:
        at = self._target(field)
        if at < 0:
            return 0, 0
        count = _unpack(_U32, self._buffer, at)
        if at + 4 + count * width > len(self._buffer):
            raise FlatbufferError("a list is longer than the header")
        return at + 4, count

    def text(self, field: int) -> Optional[str]:
        """A string; None where it is absent."""
        if not self.has(field):
            return None
        start, count = self._list(field, 1)
        return bytes(self._buffer[start:start + count]).decode("utf-8", "replace")

    def tables(self, field: int) -> List["Table"]:
        """A list of tables, empty where it is absent."""
        start, count = self._list(field, 4)
        places = range(start, start + 4 * count, 4)
        return [Table(self._buffer, at + _unpack(_U32, self._buffer, at)) for at in places]

    def longs(self, field: int, per_item: int) -> List[Tuple[int, ...]]:
        """A list of structs of 64-bit integers, empty where it is absent."""
        start, count = self._list(field, 8 * per_item)
        flat = struct.unpack_from(f"<{count * per_item}q", self._buffer, start) if count else ()
        return [flat[i:i + per_item] for i in range(0, len(flat), per_item)]


Writer = Callable[["Builder"], int]
"""Appends something to a builder and returns where it stands."""

Value = Union[Tuple[str, int], Writer]
"""A field's value: a number with its struct format, or something that it refers to."""


class Builder:
    """Writes tables from front to back: a table first, then what it refers to."""

    def __init__(self) -> None:
        self._bytes = bytearray(4)

    def finish(self, root: Writer) -> bytes:
        """The bytes of a buffer with this root table, a multiple of 8."""
        _U32.pack_into(self._bytes, 0, root(self))
        self._pad(8, 0)
        return bytes(self._bytes)

    def _pad(self, multiple: int, rest: int) -> None:
        self._bytes.extend(bytes((rest - len(self._bytes)) % multiple))

    def _refer(self, places: Sequence[Tuple[int, Writer]]) -> None:
        for at, write in places:
            _U32.pack_into(self._bytes, at, write(self) - at)

    def _table(self, fields: Dict[int, Value]) -> int:
        sized = sorted(((struct.calcsize("<" + v[0]) if isinstance(v, tuple) else 4, field, v) for field, v in fields.items()), key=lambda f: (-f[0], f[1]))
        count = max(fields, default=-1) + 1
        # The table stands 4 after a multiple of 8: behind its own 4 bytes the widest fields, which come first, are aligned.
        self._pad(8, 4 - (4 + 2 * count) % 8)
        vtable, start = len(self._bytes), len(self._bytes) + 4 + 2 * count
        places, at = [0] * count, 4
        for size, field, _ in sized:
            places[field], at = at, at + size
        self._bytes += struct.pack(f"<HH{count}Hi", 4 + 2 * count, at, *places, start - vtable)
        references = []
        for _, field, value in sized:
            if isinstance(value, tuple):
                self._bytes += struct.pack("<" + value[0], value[1])
            else:
                references.append((len(self._bytes), value))
                self._bytes += bytes(4)
        self._refer(references)
        return start

    def _text(self, text: str) -> int:
        data = text.encode("utf-8")
        self._pad(4, 0)
        start = len(self._bytes)
        self._bytes += _U32.pack(len(data)) + data + b"\0"
        return start

    def _tables(self, items: Sequence[Writer]) -> int:
        self._pad(4, 0)
        start = len(self._bytes)
        self._bytes += _U32.pack(len(items)) + bytes(4 * len(items))
        self._refer([(start + 4 + 4 * i, item) for i, item in enumerate(items)])
        return start

    def _longs(self, items: Sequence[Tuple[int, ...]]) -> int:
        self._pad(8, 4)
        start = len(self._bytes)
        flat = [value for item in items for value in item]
        self._bytes += _U32.pack(len(items)) + struct.pack(f"<{len(flat)}q", *flat)
        return start


def table(fields: Dict[int, Value]) -> Writer:
    """A table with these fields by number."""
    return lambda builder: builder._table(fields)


def text(value: str) -> Writer:
    """A string."""
    return lambda builder: builder._text(value)


def tables(items: Sequence[Writer]) -> Writer:
    """A list of tables."""
    return lambda builder: builder._tables(items)


def longs(items: Sequence[Tuple[int, ...]]) -> Writer:
    """A list of structs of 64-bit integers."""
    return lambda builder: builder._longs(items)
