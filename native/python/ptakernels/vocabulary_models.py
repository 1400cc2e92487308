"""SentencePiece models and tiktoken rank files as vocabularies."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from . import _abi
from ._json_place import JsonPlace, stem
from ._token_table import MAX_ID, TokenTable, TokenTableBuilder, quoted
from ._token_text import BYTE_LEVEL_MARKER, SENTENCEPIECE_MARKER, byte_level_of_bytes, byte_of_fallback, bytes_of_piece
from .errors import DataError

__all__ = ["is_sentencepiece", "is_tiktoken", "read_sentencepiece", "read_tiktoken", "tiktoken_table"]

# ---- Protobuf's wire format, every length checked against what is left.

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

Field = Tuple[int, int, Any, int]
"""Number, wire type, value (an int, or bytes), and where it ends in the file."""


def _fields(file: str, message: bytes, start: int = 0) -> Iterator[Field]:
    at = 0

    def wrong(found: str, expected: str) -> DataError:
        return DataError(f"{file}: byte {start + at}: found {found}; expected {expected}.")

    def varint() -> int:
        nonlocal at
        value = 0
        for shift in range(0, 70, 7):
            if at >= len(message):
                raise wrong("the end", "more bytes; the file is cut off or not a SentencePiece model")
            byte = message[at]
            at += 1
            if shift == 63 and byte > 1:
                break
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise wrong("a number of more than 64 bits", "a protobuf field")

    while at < len(message):
        tag = varint()
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29 or wire not in (_VARINT, _FIXED64, _LENGTH, _FIXED32):
            raise wrong(f"field {number} of wire type {wire}", "a protobuf field")
        if wire == _VARINT:
            value: Any = varint()
            yield number, wire, value - (1 << 64) if value >> 63 else value, start + at
            continue
        length = varint() if wire == _LENGTH else 8 if wire == _FIXED64 else 4
        if length > len(message) - at:
            raise wrong(f"a length of {length}" if wire == _LENGTH else "the end", f"at most the {len(message) - at} bytes that are left")
        value = message[at : at + length]
        at += length
        yield number, wire, value, start + at


def _require(file: str, field: Field, wire: int, expected: str) -> Any:
    if field[1] != wire:
        raise DataError(f"{file}: byte {field[3]}: found field {field[0]} of wire type {field[1]}; expected {expected}.")
    return field[2]


# ---- SentencePiece (field numbers of sentencepiece_model.proto).

_PIECES, _TRAINER, _NORMALIZER, _DENORMALIZER = 1, 2, 3, 5
_PIECE_TEXT, _PIECE_SCORE, _PIECE_TYPE = 1, 2, 3
_WHITESPACE_AS_SUFFIX, _UNK_ID, _BOS_ID, _EOS_ID, _PAD_ID = 24, 40, 41, 42, 43
_ADD_DUMMY_PREFIX = 3
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6


class _Piece(NamedTuple):
    text: str
    kind: int


def is_sentencepiece(content: bytes) -> bool:
    """Whether the first field is one of a model's: a block, with a length that the file can hold."""
    return len(content) > 1 and content[0] & 7 == _LENGTH and _PIECES <= content[0] >> 3 <= _DENORMALIZER and (content[1] >= 0x80 or content[1] < len(content))


def read_sentencepiece(file: str, content: bytes, name: str) -> TokenTable:
    """A SentencePiece .model: the pieces, their types, the trainer's ids and whether the normaliser puts a space before the text. Raises DataError."""
    pieces: List[_Piece] = []
    ids: Dict[int, int] = {}
    dummy_prefix = True
    for field in _fields(file, content):
        number = field[0]
        if number not in (_PIECES, _TRAINER, _NORMALIZER):
            continue
        message = _require(file, field, _LENGTH, "bytes")
        inner = _fields(file, message, field[3] - len(message))
        if number == _PIECES:
            if len(pieces) > MAX_ID:
                raise DataError(f"{file}: has more than {MAX_ID} pieces; expected a vocabulary.")
            pieces.append(_piece(file, inner, len(pieces), field[3]))
        elif number == _TRAINER:
            _read_trainer(file, inner, ids)
        else:
            for setting in inner:
                if setting[0] == _ADD_DUMMY_PREFIX:
                    dummy_prefix = _require(file, setting, _VARINT, "a number") != 0
    return _pieces_table(file, pieces, ids, dummy_prefix, name)


def _piece(file: str, fields: Iterator[Field], token: int, end: int) -> _Piece:
    text, kind = "", _NORMAL
    for field in fields:
        if field[0] == _PIECE_TEXT:
            try:
                text = _require(file, field, _LENGTH, "bytes").decode("utf-8")
            except UnicodeDecodeError:
                raise DataError(f"{file}: byte {field[3]}: found bytes that are not UTF-8; expected a string.") from None
        elif field[0] == _PIECE_SCORE:
            _require(file, field, _FIXED32, "a 32-bit number")
        elif field[0] == _PIECE_TYPE:
            kind = _require(file, field, _VARINT, "a number")
    if not text:
        raise DataError(f"{file}: piece {token} before byte {end} is empty; expected text.")
    if not _NORMAL <= kind <= _BYTE:
        raise DataError(f"{file}: piece {token} before byte {end} has type {kind}; expected 1 to 6.")
    return _Piece(text, kind)


def _read_trainer(file: str, fields: Iterator[Field], ids: Dict[int, int]) -> None:
    for field in fields:
        if field[0] in (_UNK_ID, _BOS_ID, _EOS_ID, _PAD_ID):
            value = _require(file, field, _VARINT, "a number") & 0xFFFFFFFF
            ids[field[0]] = value - (1 << 32) if value >> 31 else value
        elif field[0] == _WHITESPACE_AS_SUFFIX and _require(file, field, _VARINT, "a number") != 0:
            raise DataError(f"{file}: treats white space as a suffix, which is not supported; expected a model that marks the start of words.")


def _pieces_table(file: str, pieces: List[_Piece], ids: Mapping[int, int], dummy_prefix: bool, name: str) -> TokenTable:
    builder = TokenTableBuilder(file)
    for token, piece in enumerate(pieces):
        roles = _abi.ROLE_SPECIAL | _abi.ROLE_UNK if piece.kind == _UNKNOWN else _abi.ROLE_SPECIAL if piece.kind == _CONTROL else 0
        builder.add(f"piece {token}", token, piece.text, _piece_text(file, piece, token), roles)
    unknown = [token for token, piece in enumerate(pieces) if piece.kind == _UNKNOWN]
    if len(unknown) != 1:
        raise DataError(f"{file}: {len(unknown)} of its {len(pieces)} pieces have type UNKNOWN; expected a SentencePiece model, which has one.")
    if ids.get(_UNK_ID, unknown[0]) != unknown[0]:
        raise DataError(f"{file}: unk_id is {ids[_UNK_ID]}; expected {unknown[0]}, the piece of type UNKNOWN.")
    for label, number, usual, role in (("bos_id", _BOS_ID, 1, _abi.ROLE_BOS), ("eos_id", _EOS_ID, 2, _abi.ROLE_EOS), ("pad_id", _PAD_ID, -1, _abi.ROLE_PAD)):
        token = ids.get(number, usual)
        if number in ids and token >= len(pieces):
            raise DataError(f"{file}: {label} is {token}; expected -1 or one of the {len(pieces)} pieces.")
        # A role holds where the piece is a control piece, as in the library; a negative id means that the model has none.
        if 0 <= token < len(pieces) and pieces[token].kind == _CONTROL:
            builder.mark(token, role)
    return builder.build(name, SENTENCEPIECE_MARKER, False, dummy_prefix)


def _piece_text(file: str, piece: _Piece, token: int) -> bytes:
    """Unknown and control pieces have no text; a user-defined one is matched after spaces were marked, so it decodes as a normal one does."""
    if piece.kind in (_UNKNOWN, _CONTROL):
        return b""
    if piece.kind != _BYTE:
        return bytes_of_piece(piece.text, SENTENCEPIECE_MARKER)
    byte = byte_of_fallback(piece.text)
    if byte is None:
        raise DataError(f"{file}: piece {token} is {quoted(piece.text)} of type BYTE; expected <0xNN>.")
    return byte


# ---- tiktoken. Per line a token's bytes in base64, a space and its id. The special tokens are not in the file: they come from NAME.special.json beside it,
# {token: id} and optionally bos_token, eos_token, pad_token, unk_token: token, or are known because the ranks are those of r50k, p50k, cl100k or o200k.

_END_OF_TEXT = "<|endoftext|>"
_LINE = re.compile(rb"([A-Za-z0-9+/]+={0,2}) ([0-9]{1,18})\r?")
_LONGEST_LINE = 1 << 16

_NAMED = {"bos_token": _abi.ROLE_BOS, "eos_token": _abi.ROLE_EOS, "pad_token": _abi.ROLE_PAD, "unk_token": _abi.ROLE_UNK}


class _Known(NamedTuple):
    """An encoding by the number of its ranks and its last token."""

    ranks: int
    last: int
    last_text: bytes
    specials: Mapping[str, int]


_KNOWN = (
    _Known(50256, 50255, b" gazed", {_END_OF_TEXT: 50256}),
    _Known(50280, 50280, b" " * 25, {_END_OF_TEXT: 50256}),
    _Known(
        100256, 100255, b" Conveyor",
        {_END_OF_TEXT: 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260, "<|endofprompt|>": 100276},
    ),
    _Known(199998, 199997, b" cocos", {_END_OF_TEXT: 199999, "<|endofprompt|>": 200018}),
)


def is_tiktoken(content: bytes) -> bool:
    """Whether the first line has the form of a rank."""
    return _rank(content.lstrip(b"\r\n").split(b"\n", 1)[0]) is not None


def read_tiktoken(file: str, content: bytes, name: str) -> TokenTable:
    """A tiktoken rank file with its special tokens; strings are the byte-level spelling of the bytes. Raises DataError."""
    builder = TokenTableBuilder(file)
    ranks = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        line = line.rstrip(b"\r")
        if not line:
            continue
        rank = _rank(line)
        if rank is None:
            raise DataError(f"{file}: line {number} is {quoted(line[:80].decode('latin-1'))}; expected a token in base64, a space and its id.")
        builder.add(f"line {number}", rank[1], byte_level_of_bytes(rank[0]), rank[0])
        ranks += 1
    _add_specials(builder, file, ranks)
    return builder.build(name, BYTE_LEVEL_MARKER, True, False)


def tiktoken_table(name: str, ranks: Mapping[bytes, int], specials: Mapping[str, int]) -> TokenTable:
    """An encoding's tokens by their bytes and its special tokens."""
    builder = TokenTableBuilder(name)
    for text, token in ranks.items():
        builder.add("ranks", token, byte_level_of_bytes(text), bytes(text))
    for string, token in specials.items():
        builder.add("special tokens", token, string, b"", _abi.ROLE_SPECIAL | (_abi.ROLE_EOS if string == _END_OF_TEXT else 0))
    return builder.build(name, BYTE_LEVEL_MARKER, True, False)


def _rank(line: bytes) -> Optional[Tuple[bytes, int]]:
    match = _LINE.fullmatch(line) if len(line) <= _LONGEST_LINE else None
    if match is None:
        return None
    try:
        text = base64.b64decode(match.group(1), validate=True)
    except binascii.Error:
        return None
    return (text, int(match.group(2))) if text else None


def _add_specials(builder: TokenTableBuilder, file: str, ranks: int) -> None:
    path = stem(file) + ".special.json"
    given = JsonPlace.open(path)
    if given is not None:
        _add_given(builder, given)
        return
    for known in _KNOWN:
        last = builder.find(known.last)
        if known.ranks == ranks and last is not None and last.text == known.last_text:
            for string, token in known.specials.items():
                builder.add("special tokens", token, string, b"", _abi.ROLE_SPECIAL | (_abi.ROLE_EOS if string == _END_OF_TEXT else 0))
            return
    beside = path.replace("\\", "/").rsplit("/", 1)[-1]
    raise DataError(
        f"{file}: {ranks} ranks are no known encoding (r50k, p50k, cl100k, o200k), or not all of it; expected its special tokens as {{token: id}} in {beside} "
        "beside it, {} if it has none."
    )


def _add_given(builder: TokenTableBuilder, root: JsonPlace) -> None:
    place = root.file.rsplit("/", 1)[-1]
    for string, token in root.members():
        if not token.is_string:
            builder.add(place, token.integer(), string, b"", _abi.ROLE_SPECIAL)
    spelled = True
    for label, value in root.members():
        if not value.is_string or label == "pat_str":
            continue
        token_id = builder.id_of(value.text())
        known = builder.find(token_id)
        if label not in _NAMED or known is None or not known.roles & _abi.ROLE_SPECIAL:
            raise value.wrong("an id, or for bos_token, eos_token, pad_token and unk_token one of the tokens in this file")
        builder.mark(token_id, _NAMED[label])
        spelled = False
    end = builder.find(builder.id_of(_END_OF_TEXT))
    if spelled and end is not None and end.roles & _abi.ROLE_SPECIAL:
        builder.mark(builder.id_of(_END_OF_TEXT), _abi.ROLE_EOS)
