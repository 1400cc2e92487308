"""A vocabulary's content before the native side has it, and what collects it by id."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from . import _abi
from .errors import DataError

__all__ = ["TokenTable", "TokenTableBuilder", "quoted"]

MAX_ID = 4_000_000
"""No vocabulary comes near it; a damaged id does."""

_HOLES_PER_TOKEN, _FREE_HOLES = 16, 1 << 16
"""Ids that a vocabulary of T tokens may reach: T * _HOLES_PER_TOKEN + _FREE_HOLES. Bounds what a damaged id can make us allocate."""

_LONGEST_QUOTE = 60


class TokenTable(NamedTuple):
    """Strings (None: no token), decoded bytes or None where the style says them, PTA_ROLE_* by id; the marker, the style and the dummy prefix."""

    name: str
    strings: Sequence[Optional[str]]
    texts: Optional[Sequence[bytes]]
    roles: Sequence[int]
    marker: str
    byte_level: bool
    dummy_prefix: bool


class Token(NamedTuple):
    """A token under construction."""

    string: str
    text: bytes
    roles: int


class TokenTableBuilder:
    """Collects tokens by id, in any order, and checks what every format must keep: ids in range, each id and each string once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._tokens: Dict[int, Token] = {}
        self._ids: Dict[str, int] = {}
        self._count = 0

    def add(self, where: str, token: int, string: str, text: bytes, roles: int = 0) -> None:
        """Adds a token; raises DataError where the id is out of range, or the id or the string has been taken."""
        if not 0 <= token <= MAX_ID:
            raise DataError(f"{self.file}: {where}: token {quoted(string)} has id {token}; expected 0 to {MAX_ID}.")
        if token in self._tokens:
            raise DataError(f"{self.file}: {where}: id {token} belongs to {quoted(self._tokens[token].string)} and to {quoted(string)}; expected one token per id.")
        if string in self._ids:
            raise DataError(f"{self.file}: {where}: token {quoted(string)} has the ids {self._ids[string]} and {token}; expected every token string once.")
        self._tokens[token] = Token(string, text, roles)
        self._ids[string] = token
        self._count = max(self._count, token + 1)

    def reserve(self, count: int) -> None:
        """Ids up to here exist even when they have no token."""
        self._count = max(self._count, count)

    def id_of(self, string: str) -> int:
        """The id of a string, or -1."""
        return self._ids.get(string, -1)

    def find(self, token: int) -> Optional[Token]:
        """The token of an id, or None."""
        return self._tokens.get(token)

    def tokens(self) -> Iterator[Tuple[int, Token]]:
        """Ids and tokens in the order in which they came; what is marked meanwhile is not seen."""
        return iter(list(self._tokens.items()))

    def mark(self, token: int, roles: int) -> None:
        """Gives a token roles; it becomes special, so it has no text of its own."""
        known = self._tokens[token]
        self._tokens[token] = Token(known.string, b"", known.roles | roles | _abi.ROLE_SPECIAL)

    def retext(self, token: int, text: bytes) -> None:
        """Replaces what a token stands for."""
        self._tokens[token] = self._tokens[token]._replace(text=text)

    def build(self, name: str, marker: str, byte_level: bool, dummy_prefix: bool) -> TokenTable:
        """The table; ids that were not added are holes. Raises DataError where there are no tokens or their ids lie far apart."""
        if not self._tokens:
            raise DataError(f"{self.file}: holds no tokens; expected a vocabulary.")
        if self._count > len(self._tokens) * _HOLES_PER_TOKEN + _FREE_HOLES:
            raise DataError(f"{self.file}: its {len(self._tokens)} tokens reach up to id {self._count - 1}; expected ids that lie together.")
        strings: List[Optional[str]] = [None] * self._count
        texts = [b""] * self._count
        roles = bytearray([_abi.ROLE_HOLE]) * self._count
        for i, token in self._tokens.items():
            strings[i], texts[i], roles[i] = token
        return TokenTable(name, strings, texts, bytes(roles), marker, byte_level, dummy_prefix)


def quoted(text: str) -> str:
    """A string of a file in a message: short, on one line."""
    start = text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "\u2026"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in start) + '"'
