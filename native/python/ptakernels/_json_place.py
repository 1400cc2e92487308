"""A value in a JSON file that knows its file and its place in it, so that a wrong one makes one sentence."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ._token_table import quoted
from .errors import DataError

__all__ = ["FORMATS", "JsonPlace", "beside", "read_content", "stem"]

FORMATS = "tokenizer.json, a folder with it, vocab.json, .model, .tiktoken, or our JSON"

MAX_BYTES = 128 << 20
"""Four times the largest tokenizer file in use; what is larger is not a vocabulary, and gzip can claim any size."""


class _Object(Dict[str, Any]):
    """A JSON object that knows of a name that stands in it twice."""

    twice: Optional[str] = None


def _object(pairs: List[Tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        names = set()
        made.twice = next(name for name, _ in pairs if name in names or names.add(name))  # type: ignore[func-returns-value]
    return made


class JsonPlace:
    """One value: its file, the way to it and what it is."""

    __slots__ = ("file", "where", "value")

    def __init__(self, file: str, where: str, value: Any) -> None:
        self.file = file
        self.where = where
        self.value = value

    @staticmethod
    def parse(file: str, content: bytes) -> "JsonPlace":
        """The outermost value. Raises DataError where the content is not JSON."""
        try:
            return JsonPlace(file, "", json.loads(content.decode("utf-8"), object_pairs_hook=_object))
        except json.JSONDecodeError as error:
            raise DataError(f"{file}: not valid JSON (line {error.lineno}); expected vocabulary JSON, whole.") from None
        except (UnicodeDecodeError, RecursionError):
            raise DataError(f"{file}: not valid JSON in UTF-8; expected vocabulary JSON, whole.") from None

    @staticmethod
    def open(file: str) -> Optional["JsonPlace"]:
        """A file that may be missing: None then."""
        return JsonPlace.parse(file, read_content(file)) if os.path.isfile(file) else None

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    @property
    def is_string(self) -> bool:
        return isinstance(self.value, str)

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, (int, float)) and not isinstance(self.value, bool)

    def find(self, name: str) -> Optional["JsonPlace"]:
        """A member that is there and not null."""
        value = self.value.get(name) if self.is_object else None
        return None if value is None else JsonPlace(self.file, self._inside(name), value)

    def text_of(self, name: str) -> Optional[str]:
        """A member's text, or None where it is missing or null."""
        found = self.find(name)
        return None if found is None else found.text()

    def flag(self, name: str, missing: bool = False) -> bool:
        """A member that is true; a missing one has the value given."""
        found = self.find(name)
        if found is None:
            return missing
        if not isinstance(found.value, bool):
            raise found.wrong("true or false")
        return found.value

    def text(self) -> str:
        if not self.is_string:
            raise self.wrong("a string")
        if not _is_whole(self.value):
            raise self.wrong("a string of whole characters")
        return str(self.value)

    def integer(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not -(1 << 63) <= self.value < 1 << 63:
            raise self.wrong("a whole number")
        return self.value

    def items(self) -> Iterator["JsonPlace"]:
        if not self.is_list:
            raise self.wrong("a list")
        for i, item in enumerate(self.value):
            yield JsonPlace(self.file, f"{self.where}[{i}]", item)

    def members(self) -> Iterator[Tuple[str, "JsonPlace"]]:
        if not self.is_object:
            raise self.wrong("an object")
        if self.value.twice is not None:
            raise DataError(f"{self.file}: {self._place} has the name {quoted(self.value.twice)} twice; expected every name once.")
        for name, value in self.value.items():
            if not _is_whole(name):
                raise DataError(f"{self.file}: {self._place} has a name with half a character in it; expected whole characters.")
            yield name, JsonPlace(self.file, self._inside(name), value)

    def wrong(self, expected: str) -> DataError:
        return DataError(f"{self.file}: {self._place} is {self._kind}; expected {expected}.")

    @property
    def _place(self) -> str:
        return self.where or "the whole"

    @property
    def _kind(self) -> str:
        if self.value is None:
            return "null"
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if self.is_number:
            return repr(self.value)
        return "an object" if self.is_object else "a list" if self.is_list else "a string"

    def _inside(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def read_content(file: str) -> bytes:
    """The bytes of a vocabulary file, unpacked where it is gzip, without a byte order mark.

    Raises DataError where it is missing, unreadable, cut off or too large.
    """
    expected = f"expected a vocabulary: {FORMATS}"
    try:
        with open(file, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        if content[:2] == b"\x1f\x8b":
            with gzip.open(file, "rb") as unpacked:
                content = unpacked.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DataError(f"{file}: no such file; {expected}.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{file}: not a whole gzip file; {expected}.") from None
    except OSError as error:
        raise DataError(f"{file}: {error.strerror or error}; {expected}.") from None
    if len(content) > MAX_BYTES:
        raise DataError(f"{file}: is larger than {MAX_BYTES >> 20} MiB unpacked; expected a vocabulary.")
    return content[3:] if content[:3] == b"\xef\xbb\xbf" else content


def beside(file: str, name: str) -> str:
    """A file in the same folder."""
    return os.path.join(os.path.dirname(file), name)


def stem(file: str) -> str:
    """The path without .gz and without the ending before it."""
    return os.path.splitext(file[:-3] if file.lower().endswith(".gz") else file)[0]


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
