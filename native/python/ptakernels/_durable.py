"""Files and folders that take their names only when they are complete and on the disk."""

from __future__ import annotations

import abc
import ctypes
import errno
import os
import shutil
from typing import Any, Optional, TypeVar

from .errors import DataError

_CURRENT_FOLDER, _NO_REPLACE, _EXCHANGE = -100, 1, 2
_C_LIBRARY = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None
PARTIAL = ".partial"
"""Ending of a name while its file or folder is written."""


def _rename(source: str, target: str, flags: int) -> int:
    """Linux's renameat2: 0, or the error's number; ENOSYS where there is no such call."""
    call = getattr(_C_LIBRARY, "renameat2", None)
    if call is None:
        return errno.ENOSYS
    done = call(_CURRENT_FOLDER, os.fsencode(source), _CURRENT_FOLDER, os.fsencode(target), ctypes.c_uint(flags))
    return 0 if done == 0 else ctypes.get_errno()


def publish(partial: str, path: str) -> None:
    """Gives a complete file its final name, which nothing else may have. OSError where it is taken, or the disk refuses."""
    failed = _rename(partial, path, _NO_REPLACE)
    if failed == 0:
        return
    if failed == errno.EEXIST or os.path.lexists(path):  # a file system without that call: checked, then renamed
        raise FileExistsError(errno.EEXIST, "exists already", path)
    os.rename(partial, path)


def flush_file(descriptor: int) -> None:
    """Brings a file's bytes to the disk."""
    os.fsync(descriptor)


def flush_folder(folder: str) -> None:
    """Makes the names in a folder last; a file system that cannot is left as it is."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def write_file(path: str, data: bytes) -> None:
    """Writes a small file and brings it to the disk."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        flush_file(file.fileno())


_Self = TypeVar("_Self")


class CommittedOnExit(abc.ABC):
    """A writer as a context manager: committed where the block ended without an exception, closed in any case."""

    @abc.abstractmethod
    def commit(self) -> None:
        """Publishes what was written."""

    @abc.abstractmethod
    def close(self) -> None:
        """Stops; what was not committed is not published."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: Optional[type], error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()


class AtomicFolder:
    """A folder that appears under its name only when ``commit`` is called; until then it is ``NAME.partial``.

    An older folder of that name is exchanged for the new one in one step where the file system can, and stays whole until then.
    """

    def __init__(self, path: str, replace: bool = False, resume: bool = False) -> None:
        """``replace``: whether a folder of that name may be replaced. ``resume``: keep what a stopped run left, and leave what this one does not commit.

        DataError where the name is taken, or its parent folder does not exist.
        """
        self.path = os.path.abspath(os.fspath(path))
        self.partial, self._former = self.path + PARTIAL, self.path + ".former"
        self._replace, self._resume, self._done = replace, resume, False
        if os.path.lexists(self.path) and not os.path.isdir(self.path):
            raise DataError(f"{path}: this is a file; name a folder.")
        if not os.path.isdir(os.path.dirname(self.path)):
            raise DataError(f"{path}: its folder does not exist; make it first.")
        if os.path.isdir(self._former) and not os.path.isdir(self.path):
            os.rename(self._former, self.path)  # stopped between the two renames of a file system that cannot exchange
        if not replace and os.path.isdir(self.path) and os.listdir(self.path):
            raise DataError(f"{path}: exists already; name another folder, or say that it may be replaced.")
        _remove(self._former)
        if not resume:
            _remove(self.partial)
        os.makedirs(self.partial, exist_ok=True)

    def commit(self) -> None:
        """Gives the folder its name."""
        flush_folder(self.partial)
        if os.path.isdir(self.path):
            if not self._replace:
                os.rmdir(self.path)  # was empty; if not any more, this refuses
                os.rename(self.partial, self.path)
            elif _rename(self.partial, self.path, _EXCHANGE) != 0:
                os.rename(self.path, self._former)
                os.rename(self.partial, self.path)
        else:
            os.rename(self.partial, self.path)
        self._done = True
        flush_folder(os.path.dirname(self.path))
        _remove(self.partial)  # the former folder, after an exchange
        _remove(self._former)

    def discard(self) -> None:
        """Removes what was not committed, where the next run does not go on with it."""
        if not self._done and (not self._resume or not os.listdir(self.partial)):
            _remove(self.partial)
        self._done = True

    def __enter__(self) -> "AtomicFolder":
        return self

    def __exit__(self, kind: Optional[type], error: Any, trace: Any) -> None:
        self.discard()


def _remove(folder: str) -> None:
    if os.path.isdir(folder):
        shutil.rmtree(folder)
