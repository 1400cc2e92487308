"""Errors of this package. Wrong arguments are TypeError or ValueError, too little memory is MemoryError."""

from __future__ import annotations


class PtaError(Exception):
    """What this package raises for any reason of its own."""


class DataError(PtaError, ValueError):
    """A document or a file that cannot be used; the message names it, the place in it and what to do."""


class IsaError(PtaError):
    """An instruction set that this machine does not have."""


class AbiError(PtaError):
    """A native library of another version."""
