"""What can go wrong beside wrong arguments, which are TypeError and ValueError as anywhere in Python, and MemoryError."""

from __future__ import annotations

from typing import Any, Optional, Tuple

__all__ = ["AbiError", "DataError", "IsaError", "PtaError"]


class PtaError(Exception):
    """Base of this package's own errors; raised itself where the native library reports a defect of its own."""


class DataError(PtaError, ValueError):
    """A document, a row or a file that is bad input (SPEC A5).

    index: position of the document in the batch, or None where the error is not about one of a batch.
    reason: the sentence without that position.
    """

    def __init__(self, reason: str, index: Optional[int] = None) -> None:
        super().__init__(reason if index is None else f"document {index}: {reason}")
        self.reason = reason
        self.index = index

    def __reduce__(self) -> Tuple[Any, ...]:
        return (type(self), (self.reason, self.index))


class IsaError(PtaError):
    """An instruction set that is unknown or that this machine lacks, for instance one that PTAKERNELS_ISA forces."""


class AbiError(PtaError):
    """The native library was not found, cannot be loaded, or speaks another ABI than this package."""
