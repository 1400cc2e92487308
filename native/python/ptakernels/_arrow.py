"""Arrow IPC streams: files mapped into memory, bytes, and pipes in; any binary file object out.

A stream is a schema's message, record batches, and an end. A message is eight bytes (a marker and the header's size), the header, and a body that holds
the buffers of all columns, each at a multiple of eight bytes. Every offset and length is compared with the bytes that are there before it is used.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import Any, BinaryIO, Dict, Iterator, List, Mapping, NamedTuple, Optional, Protocol, Sequence, Tuple, Union

from ._arrow_codecs import decompress
from ._arrow_columns import Column, dtype_of, offsets_type
from ._arrow_schema import (DataType, Field, FIXED_WIDTHS, LISTS, Message, RECORD_BATCH, SCHEMA, Schema, TEXTS, UnsupportedError, batch_message, parse_message,
                            schema_message)
from ._flatbuffers import FlatbufferError
from ._numpy import numpy as np
from .errors import DataError

_FRAME = struct.Struct("<II")
_CONTINUATION = 0xFFFFFFFF
_END = _FRAME.pack(_CONTINUATION, 0)
_MAX_HEADER = 1 << 26
_MAX_BODY = 1 << 40
_PIECE = 1 << 24  # what a pipe is read by: a forged length costs no memory
_ALIGNMENT = 8
AGAIN = "copy or save it again"


class RecordBatch:
    """Rows of a stream; a column is taken apart, and checked, when it is first asked for."""

    def __init__(self, schema: Schema, message: Message, body: memoryview, where: str) -> None:
        self.schema, self.rows = schema, message.rows
        self._message, self._body, self._where = message, body, where
        self._columns: Dict[int, Column] = {}
        self._starts = _starts(schema.fields, message, where)

    def __len__(self) -> int:
        return self.rows

    def column(self, key: Union[str, int]) -> Column:
        """A column by its name or its place.

        KeyError where there is none, DataError where its bytes are damaged.
        """
        place = self.schema.index(key) if isinstance(key, str) else key
        if place not in self._columns:
            field = self.schema.fields[place]
            parser = _BodyParser(self._message, self._body, *self._starts[place], f"{self._where}, column {field.name}")
            column = parser.column(field.type)
            if column.length != self.rows:
                raise parser.damaged(f"has {column.length} rows in a batch of {self.rows}")
            self._columns[place] = column
        return self._columns[place]

    def columns(self) -> List[Column]:
        """All columns."""
        return [self.column(place) for place in range(len(self.schema.fields))]


def _parts(type: DataType) -> Tuple[int, int]:
    """How many nodes and buffers a type takes, its children's included."""
    own = 0 if type.name == "null" else 1 if type.name in ("struct", "fixed_size_list") else 3 if type.name in TEXTS else 2
    parts = [_parts(child.type) for child in type.children]
    return 1 + sum(p[0] for p in parts), own + sum(p[1] for p in parts)


def _starts(fields: Sequence[Field], message: Message, where: str) -> List[Tuple[int, int]]:
    """Where each column's nodes and buffers begin."""
    starts, nodes, buffers = [], 0, 0
    for field in fields:
        starts.append((nodes, buffers))
        more = _parts(field.type)
        nodes, buffers = nodes + more[0], buffers + more[1]
    if (nodes, buffers) != (len(message.nodes), len(message.buffers)):
        found = f"{len(message.nodes)} arrays and {len(message.buffers)} buffers"
        raise DataError(f"{where}: damaged: {found} where the schema needs {nodes} and {buffers}; {AGAIN}.")
    return starts


class _BodyParser:
    """Takes a column of a record batch apart."""

    def __init__(self, message: Message, body: memoryview, node: int, buffer: int, where: str) -> None:
        self._message, self._body, self._node, self._buffer, self._where = message, body, node, buffer, where

    def damaged(self, what: str) -> DataError:
        return DataError(f"{self._where}: damaged: {what}; {AGAIN}.")

    def column(self, type: DataType) -> Column:
        length, nulls = self._message.nodes[self._node]
        self._node += 1
        if not 0 <= length < 2 ** 40 or not 0 <= nulls <= length:
            raise self.damaged(f"it claims {length} rows and {nulls} nulls")
        if type.name == "null":
            return Column(type, length)
        bits = self._bytes()
        valid = None if nulls == 0 else self._bits(bits, length)
        if type.name == "bool":
            return Column(type, length, valid=valid, values=self._bits(self._bytes(), length))
        if type.name in FIXED_WIDTHS:
            return Column(type, length, valid=valid, values=self._array(dtype_of(type), length))
        if type.name == "struct":
            children = [self.column(child.type) for child in type.children]
            if any(child.length < length for child in children):
                raise self.damaged(f"a part has fewer than {length} rows")
            return Column(type, length, valid=valid, children=[c.slice(0, length) for c in children])
        if type.name == "fixed_size_list":
            child = self.column(type.item)
            if child.length < length * type.size:
                raise self.damaged(f"{child.length} items where {length} rows of {type.size} need more")
            return Column(type, length, valid=valid, children=(child.slice(0, length * type.size),))
        offsets = self._offsets(type, length)
        if type.name in LISTS:
            child = self.column(type.item)
            self._require_offsets(offsets, child.length)
            return Column(type, length, valid=valid, offsets=offsets, children=(child,))
        data = np.frombuffer(self._bytes(), np.uint8)
        self._require_offsets(offsets, len(data))
        return Column(type, length, valid=valid, offsets=offsets, values=data)

    def _bytes(self) -> memoryview:
        offset, size = self._message.buffers[self._buffer]
        self._buffer += 1
        if offset < 0 or size < 0 or offset + size > len(self._body):
            raise self.damaged(f"a buffer of {size} bytes at {offset} of a body of {len(self._body)}")
        data = self._body[offset:offset + size]
        return data if self._message.codec is None or size == 0 else decompress(self._message.codec, data, self._where)

    def _bits(self, data: memoryview, count: int) -> np.ndarray:
        if len(data) * 8 < count:
            raise self.damaged(f"{len(data)} bytes hold no {count} bits")
        return np.unpackbits(np.frombuffer(data, np.uint8, (count + 7) // 8), count=count, bitorder="little").view(bool)

    def _array(self, dtype: np.dtype, count: int) -> np.ndarray:
        data = self._bytes()
        if len(data) < count * dtype.itemsize:
            raise self.damaged(f"{len(data)} bytes hold no {count} values")
        return np.frombuffer(data, dtype.newbyteorder("<"), count)

    def _offsets(self, type: DataType, length: int) -> np.ndarray:
        dtype = offsets_type(type)
        if length == 0 and self._message.buffers[self._buffer][1] == 0:
            self._buffer += 1
            return np.zeros(1, dtype)
        return self._array(dtype, length + 1)

    def _require_offsets(self, offsets: np.ndarray, items: int) -> None:
        if offsets[0] < 0 or offsets[-1] > items or (offsets[1:] < offsets[:-1]).any():
            raise self.damaged(f"its offsets {int(offsets[0])} to {int(offsets[-1])} do not fit {items} items")


class _Frame(NamedTuple):
    """Where a record batch lies in a file."""

    start: int
    body: int
    message: Message


class ArrowFile:
    """A stream in a file or in memory, read in any order without copying.

    Opening reads the headers of all messages and no body, so that a file that was cut off is refused before any work is done. Columns point into the
    mapping, which lives as long as one of them.
    """

    def __init__(self, source: Union[str, "os.PathLike[str]", bytes, bytearray, memoryview], name: Optional[str] = None) -> None:
        """``source`` is a path, or the stream's bytes; ``name`` stands for these in messages.

        DataError where it is no whole stream, or holds what is not read here; OSError where a file cannot be opened.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            self.name, self._buffer = name or "the stream", memoryview(source).cast("B")
        else:
            self.name, self._buffer = name or os.fspath(source), _mapped(source)
        self._frames: List[_Frame] = []
        self.schema = self._walk()
        self.rows = sum(frame.message.rows for frame in self._frames)

    def __len__(self) -> int:
        """Number of record batches."""
        return len(self._frames)

    def batch(self, index: int) -> RecordBatch:
        """A record batch by its number."""
        frame = self._frames[index]
        return RecordBatch(self.schema, frame.message, self._buffer[frame.body:frame.body + frame.message.body], f"{self.name}, message at byte {frame.start}")

    def rows_of(self, index: int) -> int:
        """Rows of a record batch."""
        return self._frames[index].message.rows

    def __iter__(self) -> Iterator[RecordBatch]:
        return (self.batch(index) for index in range(len(self)))

    def _walk(self) -> Schema:
        at, size, schema = 0, len(self._buffer), None
        while True:
            start = at
            if at + 8 > size:
                raise _cut_off(self.name, at, size)
            header = _header_size(self.name, start, self._buffer[at:at + 8])
            at += 8
            if header == 0:
                if schema is None:
                    raise _no_stream(self.name)
                return schema
            if at + header > size:
                raise _cut_off(self.name, at, size)
            message = _parse(self.name, start, self._buffer[at:at + header], schema is None)
            at += header
            if message.body > size - at:
                raise _cut_off(self.name, at, size)
            if message.kind == SCHEMA:
                schema = message.schema
            else:
                self._frames.append(_Frame(start, at, message))
            at += message.body


class ArrowStream:
    """A stream read from front to back, as from a pipe or a socket; its schema is read at once, each record batch when it is asked for."""

    def __init__(self, source: BinaryIO, name: str = "the stream") -> None:
        """``source`` is a binary file object; it is not closed. DataError as for ArrowFile."""
        self.name, self._source, self._at, self._ended = name, source, 0, False
        message, _, _ = self._next(first=True)
        if message is None or message.schema is None:
            raise _no_stream(name)
        self.schema = message.schema

    def __iter__(self) -> Iterator[RecordBatch]:
        while (batch := self.read()) is not None:
            yield batch

    def read(self) -> Optional[RecordBatch]:
        """The next record batch; None at the stream's end. DataError where it is damaged or ends too soon."""
        if self._ended:
            return None
        message, body, start = self._next(first=False)
        return None if message is None else RecordBatch(self.schema, message, body, f"{self.name}, message at byte {start}")

    def _next(self, first: bool) -> Tuple[Optional[Message], memoryview, int]:
        start = self._at
        header = _header_size(self.name, start, self._exactly(8))
        if header == 0:
            self._ended = True
            return None, memoryview(b""), start
        message = _parse(self.name, start, self._exactly(header), first)
        return message, self._exactly(message.body), start

    def _exactly(self, size: int) -> memoryview:
        data = bytearray()
        while len(data) < size:
            piece = self._source.read(min(_PIECE, size - len(data)))
            if not piece:
                raise _cut_off(self.name, self._at, self._at + len(data))
            data += piece
        self._at += size
        return memoryview(data).toreadonly()


class Sink(Protocol):
    """What a stream is written to: a binary file object, or anything with these two of its methods."""

    def write(self, data: Any) -> Optional[int]:
        """Takes bytes; says how many, or None for all."""

    def flush(self) -> None:
        """Passes on what was taken."""


class ArrowWriter:
    """Writes a stream: the schema at once, record batches as they come, the end when it is closed; everything is flushed, for pipes."""

    def __init__(self, sink: Sink, schema: Schema) -> None:
        """``sink`` is not closed."""
        self._sink, self.schema, self._closed = sink, schema, False
        self._send(schema_message(schema), [], 0)

    def write(self, columns: Union[Mapping[str, Column], Sequence[Column]]) -> int:
        """Writes a record batch and returns its rows.

        ``columns`` are the schema's, by name or in its order. ValueError where they are others or have different lengths.
        """
        if isinstance(columns, Mapping):
            if sorted(columns) != sorted(self.schema.names):
                raise ValueError(f"columns {', '.join(sorted(columns))} are not {', '.join(sorted(self.schema.names))}")
            columns = [columns[name] for name in self.schema.names]
        if len(columns) != len(self.schema.fields) or not columns:
            raise ValueError(f"{len(columns)} columns where the schema has {len(self.schema.fields)}")
        nodes: List[Tuple[int, int]] = []
        buffers: List[Any] = []
        for field, column in zip(self.schema.fields, columns):
            if str(column.type) != str(field.type):
                raise ValueError(f"column {field.name} is {column.type} and not {field.type}")
            if column.length != columns[0].length:
                raise ValueError(f"column {field.name} has {column.length} rows and the first {columns[0].length}")
            _flatten(column, nodes, buffers)
        places, at = [], 0
        for buffer in buffers:
            places.append((at, buffer.nbytes))
            at += -(-buffer.nbytes // _ALIGNMENT) * _ALIGNMENT
        self._send(batch_message(columns[0].length, nodes, places, at), buffers, at)
        return columns[0].length

    def close(self) -> None:
        """Writes the end of the stream, once."""
        if not self._closed:
            self._closed = True
            _write(self._sink, _END)
            self._sink.flush()

    def __enter__(self) -> "ArrowWriter":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.close()

    def _send(self, header: bytes, buffers: Sequence[np.ndarray], body: int) -> None:
        if self._closed:
            raise ValueError("the stream is closed")
        _write(self._sink, _FRAME.pack(_CONTINUATION, len(header)) + header)
        for buffer in buffers:
            if buffer.nbytes:
                _write(self._sink, buffer.view(np.uint8).data)
                _write(self._sink, bytes(-buffer.nbytes % _ALIGNMENT))
        self._sink.flush()


def _write(sink: Sink, data: Union[bytes, memoryview]) -> None:
    """Writes all of it: an unbuffered pipe may take less at a time."""
    view = memoryview(data)
    while len(view):
        written = sink.write(view)
        view = view[len(view) if written is None else written:]


def _flatten(column: Column, nodes: List[Tuple[int, int]], buffers: List[np.ndarray]) -> None:
    """A column's nodes and buffers, depth first; offsets are made to begin at 0."""
    name = column.type.name
    nulls = column.length if name == "null" else 0 if column.valid is None else int(column.length - np.count_nonzero(column.valid))
    nodes.append((column.length, nulls))
    if name == "null":
        return
    buffers.append(np.packbits(column.valid, bitorder="little") if nulls and column.valid is not None else np.empty(0, np.uint8))
    if column.offsets is not None:
        first, last = int(column.offsets[0]), int(column.offsets[-1])
        buffers.append(np.ascontiguousarray(column.offsets if first == 0 else column.offsets - first, offsets_type(column.type)))
        if column.values is not None:
            buffers.append(np.ascontiguousarray(column.values[first:last]))
        for child in column.children:
            _flatten(child if (first, last) == (0, child.length) else child.slice(first, last), nodes, buffers)
        return
    if name == "bool":
        buffers.append(np.packbits(column.values, bitorder="little"))
    elif column.values is not None:
        buffers.append(np.ascontiguousarray(column.values, dtype_of(column.type).newbyteorder("<")))
    for child in column.children:
        _flatten(child, nodes, buffers)


def _mapped(path: Union[str, "os.PathLike[str]"]) -> memoryview:
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b"")


def _header_size(name: str, at: int, frame: memoryview) -> int:
    marker, size = _FRAME.unpack(frame)
    if marker != _CONTINUATION:
        raise _no_stream(name) if at == 0 else DataError(f"{name}: damaged: no message starts at byte {at}; {AGAIN}.")
    if size > _MAX_HEADER:
        raise DataError(f"{name}: damaged: the message at byte {at} has a header of {size} bytes; {AGAIN}.")
    return size


def _parse(name: str, at: int, header: memoryview, first: bool) -> Message:
    try:
        message = parse_message(header)
    except UnsupportedError as error:
        raise DataError(f"{name}: {error}.") from error
    except FlatbufferError as error:
        raise DataError(f"{name}: damaged: the message at byte {at}: {error}; {AGAIN}.") from error
    if (message.kind == SCHEMA) != first or (message.kind == SCHEMA and message.body) or message.body > _MAX_BODY:
        raise DataError(f"{name}: damaged: the message at byte {at} does not belong there; {AGAIN}.")
    return message


def _cut_off(name: str, at: int, end: int) -> DataError:
    return DataError(f"{name}: cut off: it ends at byte {end} inside the message that goes on from byte {at}; {AGAIN}.")


def _no_stream(name: str) -> DataError:
    return DataError(f"{name}: is no Arrow stream; give a file as save_to_disk writes it, or a store's shard.")
