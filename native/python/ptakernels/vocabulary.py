"""Vocabularies: what the strings of a tokenizer mean (SPEC A3.1), and two of them together."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import struct
import threading
from array import array
from itertools import accumulate
from typing import Any, Callable, ContextManager, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from . import _abi, _token_text
from ._arrays import take
from ._encoder import Encoder
from ._library import Handle, check, native
from ._token_table import TokenTable

__all__ = ["Vocabulary", "VocabularyPair"]

_STYLES = {"sentencepiece": _abi.STYLE_SENTENCEPIECE, "byte-level": _abi.STYLE_BYTE_LEVEL}

NO_ENTRY, OUTSIDE_TARGET = -1, -3
"""In an official map by id: a key that the map lacks, and a mapped string that the target lacks."""


class Vocabulary:
    """A tokenizer's tokens by id: strings, decoded bytes and roles. Immutable, usable by any number of threads, equal to itself only.

    Make one with from_tokens, from_tokenizer or load.
    """

    __slots__ = ("_handle", "_strings", "_ids", "_name", "_marker", "_style", "_dummy_prefix", "_fingerprint", "__weakref__")

    def __init__(self, table: TokenTable) -> None:
        strings = table.strings
        encoded = [b"" if s is None else _token_text.encoded(s) for s in strings]
        view = _abi.TokenStrings(
            count=len(strings), strings=b"".join(encoded), marker=_token_text.encoded(table.marker),
            style=_abi.STYLE_BYTE_LEVEL if table.byte_level else _abi.STYLE_SENTENCEPIECE, adds_dummy_prefix=int(table.dummy_prefix),
        )
        string_offsets = _offsets(encoded)
        view.string_offsets = string_offsets.buffer_info()[0]
        roles = (ctypes.c_uint8 * len(strings)).from_buffer_copy(bytes(table.roles))
        view.roles = ctypes.addressof(roles)
        if table.texts is not None:
            texts = b"".join(table.texts)
            content = ctypes.create_string_buffer(texts, max(1, len(texts)))
            text_offsets = _offsets(table.texts)
            view.texts, view.text_offsets = ctypes.addressof(content), text_offsets.buffer_info()[0]
        address = ctypes.c_void_p()
        check(native().pta_vocabulary_create(ctypes.byref(view), ctypes.byref(address)))
        self._handle = Handle(address.value, native().pta_vocabulary_destroy)
        self._strings = tuple(strings)
        self._ids: Optional[Dict[str, int]] = None
        self._name = table.name
        self._marker = table.marker
        self._style = "byte-level" if table.byte_level else "sentencepiece"
        self._dummy_prefix = table.dummy_prefix
        self._fingerprint: Optional[str] = None

    @staticmethod
    def from_tokens(
        strings: Sequence[Optional[str]], *, style: str, special: Iterable[int] = (), roles: Optional[Sequence[int]] = None, bos_id: Optional[int] = None,
        eos_id: Optional[int] = None, pad_id: Optional[int] = None, unk_id: Optional[int] = None, marker: Optional[str] = None,
        dummy_prefix: Optional[bool] = None, texts: Optional[Sequence[bytes]] = None, name: str = "vocabulary",
    ) -> "Vocabulary":
        """A vocabulary from its strings by id; None is an id without a token.

        style: "sentencepiece" (the marker is a space, "<0xNN>" that byte, all else UTF-8) or "byte-level" (GPT-2's alphabet, a character for each byte; a
        string with other characters is special).
        special: ids of special tokens, which have no text of their own. roles: PTA_ROLE_* by id, in addition.
        marker: the word marker, by default U+2581 or U+0120 by style. dummy_prefix: the encoder puts a space before the text; by default so for sentencepiece.
        texts: decoded bytes by id instead of those that the strings say; those of special tokens and holes are ignored.
        Raises ValueError where a string stands twice or an id is none of these; the sentence says which.
        """
        if style not in _STYLES:
            raise ValueError(f"style is {style!r}; expected {' or '.join(map(repr, _STYLES))}.")
        strings = list(strings)
        if not strings:
            raise ValueError("strings is empty; expected a token for each id.")
        for i, string in enumerate(strings):
            if string is not None and not isinstance(string, str):
                raise TypeError(f"strings[{i}] is a {type(string).__name__}; expected a str, or None for an id without a token.")
        by_id = bytearray(len(strings)) if roles is None else bytearray(roles)
        if len(by_id) != len(strings):
            raise ValueError(f"roles has {len(by_id)} entries for {len(strings)} strings; expected one each.")
        named: List[Tuple[str, Optional[int], int]] = [("special", i, _abi.ROLE_SPECIAL) for i in special]
        named += [("bos_id", bos_id, _abi.ROLE_BOS), ("eos_id", eos_id, _abi.ROLE_EOS), ("pad_id", pad_id, _abi.ROLE_PAD), ("unk_id", unk_id, _abi.ROLE_UNK)]
        for argument, token, role in named:
            if token is None:
                continue
            if not 0 <= token < len(strings) or strings[token] is None:
                raise ValueError(f"{argument} is {token}, which has no token; expected an id of one of the strings.")
            by_id[token] |= role
        if texts is not None and len(texts) != len(strings):
            raise ValueError(f"texts has {len(texts)} entries for {len(strings)} strings; expected one each.")
        for i, string in enumerate(strings):
            if string is None:
                by_id[i] = _abi.ROLE_HOLE
            elif by_id[i]:
                by_id[i] |= _abi.ROLE_SPECIAL
        byte_level = style == "byte-level"
        return Vocabulary(TokenTable(
            name, strings, None if texts is None else [b"" if by_id[i] else bytes(t) for i, t in enumerate(texts)], by_id,
            marker or (_token_text.BYTE_LEVEL_MARKER if byte_level else _token_text.SENTENCEPIECE_MARKER), byte_level,
            not byte_level if dummy_prefix is None else bool(dummy_prefix),
        ))

    @staticmethod
    def from_tokenizer(tokenizer: Any) -> "Vocabulary":
        """The vocabulary of a Hugging Face tokenizer (fast or slow), a sentencepiece processor or a tiktoken encoding; see ptakernels.tokenizers."""
        from .tokenizers import table_of

        return Vocabulary(table_of(tokenizer))

    @staticmethod
    def load(path: Union[str, "os.PathLike[str]"]) -> "Vocabulary":
        """A vocabulary from a file or a folder that holds one; the formats are those of ptakernels.vocabulary_files. Raises DataError."""
        from .vocabulary_files import read

        return Vocabulary(read(os.fspath(path)))

    def __len__(self) -> int:
        """Number of ids, holes included."""
        return len(self._strings)

    def __repr__(self) -> str:
        return f"<Vocabulary {self._name}: {len(self)} ids, {self._style}>"

    def __reduce__(self) -> Tuple[Any, ...]:
        count = len(self)
        table = TokenTable(
            self._name, list(self._strings), [self.text(i) for i in range(count)], bytes(self.roles(i) for i in range(count)), self._marker,
            self._style == "byte-level", self._dummy_prefix,
        )
        return (Vocabulary, (table,))

    @property
    def name(self) -> str:
        """A short name for messages."""
        return self._name

    @property
    def marker(self) -> str:
        """The word marker in the strings."""
        return self._marker

    @property
    def style(self) -> str:
        """"sentencepiece" or "byte-level"."""
        return self._style

    @property
    def dummy_prefix(self) -> bool:
        """Whether the encoder puts a space before the text."""
        return self._dummy_prefix

    def string(self, token: int) -> Optional[str]:
        """The string of an id; None for a hole. Raises IndexError outside of 0..len - 1."""
        return self._strings[self._checked(token)]

    def text(self, token: int) -> bytes:
        """Decoded bytes of an id; empty for special tokens and holes."""
        address, length = ctypes.c_void_p(), ctypes.c_int32()
        check(native().pta_vocabulary_token(self._handle.address, self._checked(token), ctypes.byref(address), ctypes.byref(length), None))
        return ctypes.string_at(address.value or 0, length.value) if length.value else b""

    def roles(self, token: int) -> int:
        """PTA_ROLE_* of an id, or-ed: 0 ordinary, 1 special, 2 bos, 4 eos, 8 pad, 16 unk, 128 no token."""
        roles = ctypes.c_uint8()
        check(native().pta_vocabulary_token(self._handle.address, self._checked(token), None, None, ctypes.byref(roles)))
        return roles.value

    def find(self, string: str) -> Optional[int]:
        """The id of a string, or None."""
        if self._ids is None:
            self._ids = {s: i for i, s in enumerate(self._strings) if s is not None}
        return self._ids.get(string)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of a SHA-256 over every id's string and role: equal exactly when two vocabularies mean the same tokens, here and in pta."""
        if self._fingerprint is None:
            digest = hashlib.sha256()
            for i, string in enumerate(self._strings):
                text = b"" if string is None else _token_text.replaced_utf8(string)
                digest.update(struct.pack("<iB", len(text), self.roles(i)))
                digest.update(text)
            self._fingerprint = digest.hexdigest()[:16]
        return self._fingerprint

    def _checked(self, token: int) -> int:
        if not 0 <= token < len(self._strings):
            raise IndexError(f"id {token} is outside of {self._name}, which has {len(self._strings)} ids.")
        return token


class VocabularyPair:
    """A source's and a target's vocabulary together, with what is found between them and kept. Usable by any number of threads.

    official_map: an official map (SPEC B 3a) for preset reference instead of one that is found on demand: {source string with its marker replaced by the
    target's: target string}, as the official JSON has it, or [len(source)] target ids, -1 for no entry and -3 for one outside of the target.
    encoder: what projection byte of preset fusion asks for the target's first token of some bytes from inside of a document: a callable bytes -> id or
    None, where the encoder leaves nothing of them; see encoder_of. It is asked from any thread, and answers are remembered. By default it is the longest
    ordinary token that the bytes begin with, the lowest id of several. What it raises is raised by the call that asked.
    """

    __slots__ = ("source", "target", "_map", "_encoder", "_making", "_handles", "__weakref__")

    def __init__(
        self, source: Vocabulary, target: Vocabulary, *, official_map: Union[None, Mapping[str, str], Sequence[int], Any] = None,
        encoder: Optional[Callable[[bytes], Optional[int]]] = None,
    ) -> None:
        for name, vocabulary in (("source", source), ("target", target)):
            if not isinstance(vocabulary, Vocabulary):
                raise TypeError(f"{name} is a {type(vocabulary).__name__}; expected a Vocabulary.")
        if encoder is not None and not callable(encoder):
            raise TypeError(f"encoder is a {type(encoder).__name__}; expected a callable bytes -> id or None.")
        self.source = source
        self.target = target
        if isinstance(official_map, Mapping):
            official_map = _by_id(official_map, source, target)
        self._map = None if official_map is None else take("official_map", official_map, "i4", shape=(len(source),))
        self._encoder = None if encoder is None else Encoder(encoder, len(target))
        self._making = threading.Lock()
        self._handles: List[Optional[Handle]] = [None, None]

    def __repr__(self) -> str:
        return f"<VocabularyPair {self.source.name} to {self.target.name}>"

    @property
    def encoder(self) -> Optional[Callable[[bytes], Optional[int]]]:
        """The encoder as given."""
        return None if self._encoder is None else self._encoder.function

    def _native(self, official: bool) -> int:
        """The native pair; the official strings are laid out only where a preset reads them, because that takes longer."""
        handle = self._handles[official]
        if handle is None:
            with self._making:
                handle = self._handles[official] or self._join(official)
                self._handles[official] = handle
        return handle.address  # type: ignore[return-value]

    def _serving(self, asks: bool) -> ContextManager[None]:
        """Around a native call that may ask the encoder: its exceptions come out of it."""
        return self._encoder.serving() if asks and self._encoder is not None else contextlib.nullcontext()

    def _join(self, official: bool) -> Handle:
        address = ctypes.c_void_p()
        given = self._map.address if official and self._map is not None else None
        check(native().pta_vocabulary_pair_join(self.source._handle.address, self.target._handle.address, int(official), given, ctypes.byref(address)))
        handle = Handle(address.value, native().pta_vocabulary_pair_destroy)
        if self._encoder is not None:
            check(native().pta_vocabulary_pair_set_encoder(handle.address, self._encoder.callback, None))
        return handle


def _by_id(entries: Mapping[str, str], source: Vocabulary, target: Vocabulary) -> "array[int]":
    nearest = array("i", [NO_ENTRY]) * len(source)
    for i, string in enumerate(source._strings):
        value = None if string is None else entries.get(string.replace(source.marker, target.marker))
        if value is not None:
            found = target.find(value)
            nearest[i] = OUTSIDE_TARGET if found is None else found
    return nearest


def _offsets(parts: Sequence[bytes]) -> "array[int]":
    return array("i", [0, *accumulate(map(len, parts))])
