"""Aligned documents: fused rows and where each of them came from."""

from __future__ import annotations

import ctypes
import struct
from typing import Any, Iterator, NamedTuple, Optional, Tuple

from . import _abi
from ._arrays import numpy

__all__ = ["AlignedDocument", "LETTERS", "Results", "Row", "Rows", "TRANSFERS"]

LETTERS = ".OSNXMGBPZLTCW"
"""The letter of each rule's number: . nothing (masked); O transport of a row paired by equal or mapped strings; S FuseLLM soft values; N the same, the
transport was not a number; X and M fallback, paired with another string or not one to one; G last row of a paired group; B the source token that ends at
the same byte; P candidates that continue the text, prefix stripped; Z leading begin-of-sequence row; L fallback label; T the target's own distribution;
C fallback one-hot on the current token; W a mixture of several sources."""

RULE_NONE, RULE_LABEL, RULE_TARGET, RULE_CURRENT = 0, 10, 11, 12

TRANSFERS = frozenset("OSNGBPZW")
"""Letters of rules that take a teacher's row."""

TRANSFERRED = tuple(letter in TRANSFERS for letter in LETTERS)
"""The same by number."""

_INTEGERS = ("rule", "source_row", "transport_status", "iterations")
_DOUBLES = ("missing", "kappa", "signal", "marginal_error")
ROW_BYTES = 48
ROW_TYPE = [(name, "i4") for name in _INTEGERS] + [(name, "f8") for name in _DOUBLES]


class Row(NamedTuple):
    """Where one row came from: the columns of Rows at its position."""

    rule: int
    source_row: int
    transport_status: int
    iterations: int
    missing: float
    kappa: float
    signal: float
    marginal_error: float

    @property
    def letter(self) -> str:
        """The rule as a letter."""
        return LETTERS[self.rule]


class Rows:
    """Columns by target position, each a view: NumPy arrays, or memoryviews without NumPy.

    rule: number of the rule, an index of LETTERS. source_row: the source row it was made from, or -1. transport_status: how its transport ended (0 converged,
    1 exact-fallback, 2 iteration-limit, 3 not-finite), or -1 where none ran. iterations: of that transport. missing: missing mass s, 0 unless mass is tail.
    kappa: kept share of rule (b) of SPEC A3.2, else 1. signal: teacher signal kept, NaN when not measured. marginal_error: of the transport.
    records: all of them as a structured NumPy array; None without NumPy.
    """

    __slots__ = ("memory",)

    def __init__(self, memory: Any) -> None:
        self.memory = memory  # a structured array, or a memoryview of bytes

    def __len__(self) -> int:
        return len(self.memory) if numpy is not None else len(self.memory) // ROW_BYTES

    def __getitem__(self, row: int) -> Row:
        if numpy is not None:
            return Row(*self.memory[row].tolist())
        at = range(len(self))[row]
        return Row._make(_abi.Row.from_buffer_copy(self.memory, at * ROW_BYTES).__getattribute__(name) for name in Row._fields)

    def __iter__(self) -> Iterator[Row]:
        return (self[t] for t in range(len(self)))

    @property
    def letters(self) -> str:
        """The rules as letters, one for each row."""
        return "".join(map(LETTERS.__getitem__, self.rule.tolist()))

    @property
    def records(self) -> Any:
        return self.memory if numpy is not None else None

    def _column(self, name: str) -> Any:
        if numpy is not None:
            return self.memory[name]
        if name in _INTEGERS:
            return self.memory.cast("i")[_INTEGERS.index(name) :: 12]
        return self.memory.cast("d")[2 + _DOUBLES.index(name) :: 6]

    rule = property(lambda self: self._column("rule"))
    source_row = property(lambda self: self._column("source_row"))
    transport_status = property(lambda self: self._column("transport_status"))
    iterations = property(lambda self: self._column("iterations"))
    missing = property(lambda self: self._column("missing"))
    kappa = property(lambda self: self._column("kappa"))
    signal = property(lambda self: self._column("signal"))
    marginal_error = property(lambda self: self._column("marginal_error"))


class Results(NamedTuple):
    """What a batch's documents share: starts and rows one document after the other, entries, and the structs of the call, or None."""

    starts: Any
    tokens: Any
    values: Any
    rows: Any
    documents: Optional[bytearray] = None


class AlignedDocument:
    """The fused rows of one target document: a sparse distribution per position over target ids. Its arrays are views that keep their memory alive.

    starts [length + 1] int32: first entry of each row; tokens, values [starts[length]] int32 and float64: row t is entries starts[t] to starts[t + 1], heaviest
    first, or in the official order for output official; empty rows are masked. rows: where each came from. sources: [length] index of the source that gave
    each row, -1 for none; None where there is one source.
    """

    __slots__ = ("_results", "_row", "_length", "_place", "_entry", "sources", "__weakref__")

    def __init__(self, results: Results, length: int, row: int = 0, place: int = 0, entry: int = 0, sources: Any = None) -> None:
        # Of the shared results: the first row, the document's number, the first entry.
        self._results = results
        self._length = length
        self._row = row
        self._place = place
        self._entry = entry
        self.sources = sources

    def __len__(self) -> int:
        """Number of rows: the target's length."""
        return self._length

    def __repr__(self) -> str:
        return f"<AlignedDocument: {len(self)} rows, {len(self.tokens)} entries>"

    def __getitem__(self, row: int) -> Tuple[Any, Any]:
        """(tokens, values) of one row."""
        at = self._row + self._place + range(self._length)[row]
        starts = self._results.starts
        part = slice(self._entry + int(starts[at]), self._entry + int(starts[at + 1]))
        return self._results.tokens[part], self._results.values[part]

    def __iter__(self) -> Iterator[Tuple[Any, Any]]:
        return (self[t] for t in range(self._length))

    @property
    def starts(self) -> Any:
        first = self._row + self._place
        return self._results.starts[first : first + self._length + 1]

    @property
    def tokens(self) -> Any:
        return self._results.tokens[self._entry : self._entry + int(self.starts[-1])]

    @property
    def values(self) -> Any:
        return self._results.values[self._entry : self._entry + int(self.starts[-1])]

    @property
    def rows(self) -> Rows:
        unit = 1 if numpy is not None else ROW_BYTES
        return Rows(self._results.rows[unit * self._row : unit * (self._row + self._length)])

    @property
    def repaired(self) -> bool:
        """Whether the decoded texts differed and were byte-aligned first."""
        return bool(self._about()[1])

    @property
    def ties(self) -> int:
        """Choices of a heaviest column that only the tie rule decided."""
        return int(self._about()[2])

    @property
    def seconds(self) -> Tuple[float, ...]:
        """Of pairing, mapping, candidates, transport and projection."""
        return self._about()[3:]

    def _about(self) -> Tuple[Any, ...]:
        documents = self._results.documents
        return (0,) * 8 if documents is None else about(documents, self._place)

    def __reduce__(self) -> Tuple[Any, ...]:
        if numpy is None:
            raise TypeError("an AlignedDocument can be pickled where NumPy is installed only.")
        own = Results(self.starts.copy(), self.tokens.copy(), self.values.copy(), self.rows.records.copy(), self._own_struct())
        return (AlignedDocument, (own, self._length, 0, 0, 0, self.sources))

    def _own_struct(self) -> Optional[bytearray]:
        documents, size = self._results.documents, ctypes.sizeof(_abi.Document)
        return None if documents is None else documents[size * self._place : size * (self._place + 1)]


def about(documents: bytearray, place: int) -> Tuple[Any, ...]:
    """(status, repaired, ties, seconds of the five stages) of a document in an array of pta_document."""
    return _READ(documents, place * ctypes.sizeof(_abi.Document) + _abi.Document.status.offset)


_READ = struct.Struct("2iq5d").unpack_from
