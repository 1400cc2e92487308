"""Golden rows: JSON lines, plain or gzip, in which NaN and infinities may stand as strings; and what a check makes of one."""

from __future__ import annotations

import abc
import gzip
import json
import math
import os
import zlib
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import DataError, PtaError
from ..vocabulary import Vocabulary

__all__ = ["Context", "FAILED", "GoldenCheck", "PASSED", "Result", "SKIPPED", "attempt", "difference", "failed", "numbers", "skipped"]

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Result(NamedTuple):
    """A row's verdict. message: what differs, or why it was skipped. ties: steps that differ only by a tie of an argmax, of steps compared (SPEC A4)."""

    verdict: str = PASSED
    message: str = ""
    ties: int = 0
    steps: int = 0


def failed(message: str) -> Result:
    """A row that is not as expected."""
    return Result(FAILED, message)


def skipped(message: str) -> Result:
    """A row that cannot be checked here."""
    return Result(SKIPPED, message)


class Context:
    """What the checks share: the folder, and the vocabularies of another one, NAME.json or NAME.json.gz, read when first asked for."""

    def __init__(self, folder: str, vocabularies: str) -> None:
        self.folder = folder
        self.vocabularies = vocabularies
        self._known: Dict[str, Optional[Vocabulary]] = {}

    def vocabulary(self, name: str) -> Optional[Vocabulary]:
        """A vocabulary, or None where the folder does not have it."""
        if name not in self._known:
            paths = [os.path.join(self.vocabularies, name + ending) for ending in (".json.gz", ".json")]
            path = next((p for p in paths if os.path.isfile(p)), None)
            self._known[name] = None if path is None else Vocabulary.load(path)
        return self._known[name]

    def both(self, source: str, target: str) -> Optional[Tuple[Vocabulary, Vocabulary]]:
        """Two vocabularies, or None where one is missing."""
        found = self.vocabulary(source), self.vocabulary(target)
        return None if found[0] is None or found[1] is None else found  # type: ignore[return-value]

    def missing(self, *names: str) -> Result:
        """The row that needs them."""
        return skipped(f"needs the vocabularies {' and '.join(names)} in {self.vocabularies}")


class GoldenCheck(abc.ABC):
    """Checks the rows of one kind of golden file."""

    def __init__(self, context: Context, name: str) -> None:
        self.context = context
        self.name = name

    def rows(self, path: str) -> List[Any]:
        """The rows of a file, not yet parsed; one line each unless the kind says otherwise. DataError where it is damaged or cut off."""
        return [line for line in _content(path).splitlines() if line.strip()]

    def check_all(self, rows: Sequence[Any]) -> List[Result]:
        """A result for each row; whatever a damaged row breaks, that row has failed and no other."""
        return [attempt(self.check, row) for row in rows]

    @abc.abstractmethod
    def check(self, row: Any) -> Result:
        """The result of a parsed row."""


def attempt(check: Callable[[Any], Result], row: bytes) -> Result:
    """A row's result; what breaks on it is its failure."""
    try:
        return check(json.loads(row))
    except (ArithmeticError, AttributeError, ImportError, LookupError, PtaError, TypeError, ValueError) as error:
        return failed(f"{type(error).__name__}: {error}")


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{os.path.basename(path)}: cannot be read ({error}); copy or make the file again.") from None


def numbers(value: Any) -> Any:
    """A number, or nested lists of them, as floats."""
    return [numbers(item) for item in value] if isinstance(value, list) else float(value)


def difference(actual: Sequence[float], expected: Sequence[float]) -> float:
    """The largest absolute difference; infinite where NaN or infinity stand on one side only, or the lengths differ."""
    if len(actual) != len(expected):
        return math.inf
    largest = 0.0
    for a, b in zip(actual, expected):
        if a == b or (a != a and b != b):
            continue
        apart = abs(a - b)
        largest = max(largest, math.inf if apart != apart else apart)
    return largest
