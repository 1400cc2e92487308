"""From the strings of a tokenizer to the bytes that they stand for (SPEC A3.1)."""

from __future__ import annotations

import re
from typing import Dict, List, Optional

__all__ = [
    "BYTE_LEVEL_MARKER", "SENTENCEPIECE_MARKER", "byte_level_of_bytes", "byte_of_fallback", "bytes_of_byte_level", "bytes_of_piece", "encoded", "replaced_utf8",
]

SENTENCEPIECE_MARKER = "\u2581"
BYTE_LEVEL_MARKER = "\u0120"


def _alphabet() -> List[str]:
    """GPT-2's bijection: printable Latin-1 bytes stand for themselves, the other 68 for the characters from U+0100 on, in byte order."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(b if b in printable else next(others)) for b in range(256)]


_CHARACTERS = _alphabet()
_ALPHABET = frozenset(_CHARACTERS)
_TO_BYTE: Dict[int, int] = {ord(character): byte for byte, character in enumerate(_CHARACTERS)}
_FALLBACK = re.compile(r"<0x([0-9A-Fa-f]{2})>")


def bytes_of_byte_level(token: str) -> Optional[bytes]:
    """Bytes of a byte-level BPE string; None where a character is outside that alphabet."""
    return token.translate(_TO_BYTE).encode("latin-1") if _ALPHABET.issuperset(token) else None


def byte_level_of_bytes(text: bytes) -> str:
    """The byte-level BPE string of some bytes."""
    return "".join(map(_CHARACTERS.__getitem__, text))


def byte_of_fallback(token: str) -> Optional[bytes]:
    """The byte of a byte-fallback piece <0xNN>, else None."""
    match = _FALLBACK.fullmatch(token)
    return bytes([int(match.group(1), 16)]) if match else None


def bytes_of_piece(token: str, marker: str) -> bytes:
    """Bytes of a piece that is not a byte: the marker is a space, everything else is UTF-8."""
    return encoded(token.replace(marker, " "))


def encoded(text: str) -> bytes:
    """UTF-8, in which a lone surrogate stands as its three bytes."""
    return text.encode("utf-8", "surrogatepass")


def replaced_utf8(text: str) -> bytes:
    """UTF-8, in which a lone surrogate is replaced by U+FFFD, as .NET encodes it."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode("utf-8")
