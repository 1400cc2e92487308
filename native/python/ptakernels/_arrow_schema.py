"""Types, fields and schemas of Arrow, and the messages that hold them (Arrow's Schema.fbs and Message.fbs, metadata versions 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ._flatbuffers import Builder, FlatbufferError, Table, Value, Writer, longs, table, tables, text

FIXED_WIDTHS = {
    "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8,
    "float16": 2, "float32": 4, "float64": 8, "date32": 4, "date64": 8,
}
"""Bytes of a value of each type of fixed width; ``bool`` takes a bit."""

LISTS = ("list", "large_list", "fixed_size_list")
TEXTS = ("utf8", "large_utf8", "binary", "large_binary")
LARGE = ("large_list", "large_utf8", "large_binary")
"""Types whose offsets have 64 bits."""

SCHEMA, DICTIONARY_BATCH, RECORD_BATCH = 1, 2, 3
"""Kinds of messages."""

_VERSION_4, _VERSION_5 = 3, 4
_MAX_DEPTH = 64
_LEAST_FIELD_BYTES = 16  # a field's table and its references: bounds how many fields a header can honestly have
_NULL, _INT, _FLOAT, _BINARY, _UTF8, _BOOL, _DATE, _LIST, _STRUCT, _FIXED_LIST = 1, 2, 3, 4, 5, 6, 8, 12, 13, 16
_LARGE_BINARY, _LARGE_UTF8, _LARGE_LIST = 19, 20, 21
_PLAIN = {
    _NULL: "null", _BINARY: "binary", _UTF8: "utf8", _BOOL: "bool", _LIST: "list", _STRUCT: "struct",
    _LARGE_BINARY: "large_binary", _LARGE_UTF8: "large_utf8", _LARGE_LIST: "large_list",
}
_REFUSED = {
    7: "decimal", 9: "time", 10: "timestamp", 11: "interval", 14: "union", 15: "fixed-size binary", 17: "map", 18: "duration",
    22: "run-end encoded", 23: "binary view", 24: "string view", 25: "list view", 26: "large list view",
}
_FLOATS = ("float16", "float32", "float64")
_CODECS = {0: "lz4", 1: "zstd"}


class UnsupportedError(ValueError):
    """Something that the format allows and that is not read here; the message names it."""


@dataclass(frozen=True)
class DataType:
    """A type.

    ``name`` is ``null``, ``bool``, ``int8`` to ``int64``, ``uint8`` to ``uint64``, ``float16``, ``float32``, ``float64``, ``date32``, ``date64``, ``utf8``,
    ``large_utf8``, ``binary``, ``large_binary``, ``list``, ``large_list``, ``fixed_size_list`` or ``struct``. ``children`` holds a list's item, or a
    struct's fields; ``size`` the items of a row of a fixed-size list.
    """

    name: str
    children: Tuple["Field", ...] = ()
    size: int = 0

    @property
    def item(self) -> "DataType":
        """A list's item type."""
        return self.children[0].type

    def __str__(self) -> str:
        if self.name in LISTS:
            return f"{self.name}<{self.item}>" + (f"[{self.size}]" if self.name == "fixed_size_list" else "")
        if self.name == "struct":
            return f"struct<{', '.join(f'{c.name}: {c.type}' for c in self.children)}>"
        return self.name


@dataclass(frozen=True)
class Field:
    """A column of a schema, or a part of a nested type."""

    name: str
    type: DataType
    nullable: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """The columns of a stream, and what is said about them."""

    fields: Tuple[Field, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> List[str]:
        """The columns' names."""
        return [f.name for f in self.fields]

    def index(self, name: str) -> int:
        """A column's place. KeyError where there is none."""
        for i, f in enumerate(self.fields):
            if f.name == name:
                return i
        raise KeyError(name)


def type_of(name: str) -> DataType:
    """A type without parts, or a list of one: ``float16``, ``list<int32>``, ``large_list<list<float32>>``."""
    if name.endswith(">") and "<" in name:
        outer, inner = name[:-1].split("<", 1)
        if outer in ("list", "large_list"):
            return DataType(outer, (Field("item", type_of(inner)),))
    elif name in FIXED_WIDTHS or name in TEXTS or name in ("null", "bool"):
        return DataType(name)
    raise ValueError(f"{name} is no type of a column here.")


def fixed_size_list(item: DataType, size: int) -> DataType:
    """A list of as many items in every row."""
    return DataType("fixed_size_list", (Field("item", item),), size)


class Message(NamedTuple):
    """What the header of a message says; a record batch's parts are in the order of its columns, depth first."""

    kind: int
    body: int
    schema: Optional[Schema] = None
    rows: int = 0
    nodes: Sequence[Tuple[int, ...]] = ()
    buffers: Sequence[Tuple[int, ...]] = ()
    codec: Optional[str] = None


def parse_message(metadata: memoryview) -> Message:
    """Reads a message's header.

    FlatbufferError where it is damaged, UnsupportedError where it holds what is not read here.
    """
    message = Table.root(metadata)
    if message.number(0, "h") not in (_VERSION_4, _VERSION_5):
        raise UnsupportedError(f"is of metadata version {message.number(0, 'h') + 1}, and 4 and 5 are read")
    kind, body, header = message.number(1, "B"), message.number(3, "q"), message.table(2)
    if body < 0 or header is None:
        raise FlatbufferError("a message has no content")
    if kind == SCHEMA:
        return Message(kind, body, schema=_schema_in(header, len(metadata)))
    if kind == DICTIONARY_BATCH:
        raise UnsupportedError("has a dictionary, and dictionaries are not read; save the column with its values")
    if kind != RECORD_BATCH:
        raise FlatbufferError(f"a message is of kind {kind}")
    rows = header.number(0, "q")
    if not 0 <= rows < 2 ** 31:
        raise FlatbufferError(f"a record batch claims {rows} rows")
    codec = None
    if (compression := header.table(3)) is not None:
        codec = _CODECS.get(compression.number(0, "b"), "an unknown codec")
    return Message(kind, body, rows=rows, nodes=header.longs(1, 2), buffers=header.longs(2, 2), codec=codec)


def _schema_in(header: Table, size: int) -> Schema:
    if header.number(0, "h") != 0:
        raise UnsupportedError("is big-endian, and little-endian is read; save it on another machine")
    budget = [size // _LEAST_FIELD_BYTES]
    return Schema(tuple(_field_in(f, budget, 0) for f in header.tables(1)), _metadata_in(header, 2))


def _metadata_in(owner: Table, place: int) -> Dict[str, str]:
    return {entry.text(0) or "": entry.text(1) or "" for entry in owner.tables(place)}


def _field_in(source: Table, budget: List[int], depth: int) -> Field:
    budget[0] -= 1  # forged headers may let many fields share one table
    if depth > _MAX_DEPTH or budget[0] < 0:
        raise FlatbufferError("has more fields than its bytes can hold")
    name = source.text(0) or ""
    if source.has(4):
        raise UnsupportedError(f"has column {name} in a dictionary, and dictionaries are not read; save the column with its values")
    children = tuple(_field_in(child, budget, depth + 1) for child in source.tables(5))
    return Field(name, _type_in(source, name, children), bool(source.number(1, "B")), _metadata_in(source, 6))


def _type_in(source: Table, name: str, children: Tuple[Field, ...]) -> DataType:
    kind, details = source.number(2, "B"), source.table(3)
    if kind in _REFUSED:
        raise UnsupportedError(f"has column {name} of type {_REFUSED[kind]}, which is not read; leave that column out")
    if details is None:
        raise FlatbufferError(f"column {name} has no type")
    if kind == _INT:
        plain = f"{'int' if details.number(1, 'B') else 'uint'}{details.number(0, 'i')}"
    elif kind == _FLOAT:
        precision = details.number(0, "h")
        plain = _FLOATS[precision] if 0 <= precision < 3 else ""
    elif kind == _DATE:
        plain = "date64" if details.number(0, "h", 1) else "date32"
    elif kind == _FIXED_LIST:
        plain = "fixed_size_list"
    else:
        plain = _PLAIN.get(kind, "")
    if plain in LISTS:
        if len(children) != 1:
            raise FlatbufferError(f"column {name} is a list of {len(children)} items")
        size = details.number(0, "i") if plain == "fixed_size_list" else 0
        if size < 0:
            raise FlatbufferError(f"column {name} has rows of {size} items")
        return DataType(plain, children, size)
    if plain == "struct":
        return DataType(plain, children)
    if plain not in FIXED_WIDTHS and plain not in TEXTS and plain not in ("null", "bool"):
        raise FlatbufferError(f"column {name} is of an unknown type ({kind})")
    return DataType(plain)


def _message(kind: int, header: Writer, body: int) -> bytes:
    return Builder().finish(table({0: ("h", _VERSION_5), 1: ("B", kind), 2: header, 3: ("q", body)}))


def schema_message(schema: Schema) -> bytes:
    """The header of the message that a stream begins with."""
    return _message(SCHEMA, table({0: ("h", 0), 1: tables([_field(f) for f in schema.fields]), 2: _metadata(schema.metadata)}), 0)


def batch_message(rows: int, nodes: Sequence[Tuple[int, int]], buffers: Sequence[Tuple[int, int]], body: int) -> bytes:
    """The header of a record batch's message."""
    return _message(RECORD_BATCH, table({0: ("q", rows), 1: longs(nodes), 2: longs(buffers)}), body)


def _metadata(entries: Mapping[str, str]) -> Writer:
    return tables([table({0: text(key), 1: text(value)}) for key, value in entries.items()])


def _field(source: Field) -> Writer:
    kind, details = _type(source.type)
    children = tables([_field(c) for c in source.type.children])
    fields: Dict[int, Value] = {0: text(source.name), 1: ("B", int(source.nullable)), 2: ("B", kind), 3: table(details), 5: children}
    if source.metadata:
        fields[6] = _metadata(source.metadata)
    return table(fields)


def _type(source: DataType) -> Tuple[int, Dict[int, Value]]:
    name = source.name
    if name in _FLOATS:
        return _FLOAT, {0: ("h", _FLOATS.index(name))}
    if name in ("date32", "date64"):
        return _DATE, {0: ("h", int(name == "date64"))}
    if name in FIXED_WIDTHS:
        return _INT, {0: ("i", 8 * FIXED_WIDTHS[name]), 1: ("B", int(not name.startswith("u")))}
    if name == "fixed_size_list":
        return _FIXED_LIST, {0: ("i", source.size)}
    return next(kind for kind, plain in _PLAIN.items() if plain == name), {}
