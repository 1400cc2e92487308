"""Writes the shards and the manifest of a store; what a stopped program leaves is whole as far as it is listed."""

from __future__ import annotations

import hashlib
import os
from typing import Any, BinaryIO, Dict, List, Optional, Sequence

from ._arrow import ArrowWriter
from ._arrow_columns import Column
from ._arrow_schema import Field
from ._durable import AtomicFolder, PARTIAL, flush_file, flush_folder, publish
from ._store_format import MANIFEST, Manifest, StoreHeader, line_of, scan_manifest, shard_file, totals_of
from .errors import DataError

try:
    import fcntl
except ImportError:  # not a POSIX system: two writers of one store are not told apart there
    fcntl = None  # type: ignore[assignment]


class _Shard:
    """A shard while it is written, under a temporary name."""

    def __init__(self, folder: str, name: str, header: StoreHeader, others: Sequence[Field], split: str, first_row: int) -> None:
        self._path, self._hash, self._size = os.path.join(folder, name), hashlib.sha256(), 0
        self._file: BinaryIO = open(self._path + PARTIAL, "wb")
        self._writer = ArrowWriter(self, header.schema(others))
        self._line: Dict[str, Any] = {
            "file": name, "sha256": "", "bytes": 0, "split": split, "documents": 0, "tokens": 0, "text_bytes": 0, "first_row": first_row, "rows": 0,
            "quarantined": 0,
        }

    @property
    def tokens(self) -> int:
        """Tokens so far."""
        return self._line["tokens"]

    def append(self, columns: Sequence[Column], tokens: int, text_bytes: int) -> None:
        """Appends a record batch."""
        documents = self._writer.write(columns)
        for key, more in (("documents", documents), ("rows", documents), ("tokens", tokens), ("text_bytes", text_bytes)):
            self._line[key] += more

    def publish(self) -> Dict[str, Any]:
        """Brings the file to the disk, gives it its name, and returns the manifest's line."""
        self._writer.close()
        flush_file(self._file.fileno())
        self._file.close()
        self._line.update(sha256=self._hash.hexdigest(), bytes=self._size)
        publish(self._path + PARTIAL, self._path)
        flush_folder(os.path.dirname(self._path))
        return self._line

    def discard(self) -> None:
        """Removes the file."""
        self._file.close()
        if os.path.exists(self._path + PARTIAL):
            os.remove(self._path + PARTIAL)

    def write(self, data: Any) -> int:
        """Takes the stream's bytes."""
        self._hash.update(data)
        self._size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        """A shard is flushed as a whole."""


class ShardedWriter:
    """Writes a store, shard by shard, into ``NAME.partial``, which takes its name at ``commit``.

    A shard is written under a temporary name, flushed, renamed, and only then listed in the manifest, whose line is flushed as well: after a kill, a power
    failure or a full disk, what is listed is whole. What is not listed is removed by the next run, which goes on behind what is.
    """

    def __init__(self, path: str, header: StoreHeader, others: Sequence[Field], split: str, replace: bool, resume: bool) -> None:
        """DataError where the name is taken, another program writes there, or a stopped run's shards are of another header."""
        if replace and os.path.isdir(path) and os.listdir(path) and not os.path.exists(os.path.join(path, MANIFEST)):
            raise DataError(f"{path}: is a folder but no store, so it is not replaced; name another one.")
        self.path, self._header, self._others, self._split = path, header, list(others), split
        self._folder = AtomicFolder(path, replace, resume=True)
        self._shards: List[Dict[str, Any]] = []
        self._open: Optional[_Shard] = None
        self._manifest: BinaryIO = open(os.path.join(self._folder.partial, MANIFEST), "a+b")
        try:
            self._lock()
            self._take_over(scan_manifest(self._manifest.name), resume)
        except BaseException:
            self._manifest.close()
            raise

    @property
    def documents(self) -> int:
        """Documents that are on the disk and listed; after a resume, those that a stopped run left."""
        return sum(s["documents"] for s in self._shards)

    def append(self, columns: Sequence[Column], first_row: int, tokens: int, text_bytes: int) -> None:
        """Appends a record batch; the shard ends with the batch that brings it to the header's number of tokens."""
        if self._open is None:
            self._open = _Shard(self._folder.partial, shard_file(len(self._shards)), self._header, self._others, self._split, first_row)
        self._open.append(columns, tokens, text_bytes)
        if self._open.tokens >= self._header.content["shard_tokens"]:
            self._end_shard()

    def commit(self) -> None:
        """Publishes the store."""
        self._end_shard()
        self._list(totals_of(self._shards))
        self._manifest.close()
        self._folder.commit()

    def close(self) -> None:
        """Stops writing. Without ``commit`` the finished shards stay in ``NAME.partial`` for a run that resumes; without a shard nothing stays."""
        if self._open is not None:
            self._open.discard()
        self._open = None
        if not self._manifest.closed:
            if not self._shards:
                os.remove(self._manifest.name)
            self._manifest.close()
        self._folder.discard()

    def _end_shard(self) -> None:
        if self._open is not None:
            line = self._open.publish()
            self._open = None
            self._list(line)
            self._shards.append(line)

    def _list(self, line: Dict[str, Any]) -> None:
        self._manifest.write(line_of(line))
        self._manifest.flush()
        flush_file(self._manifest.fileno())

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._manifest, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DataError(f"{self._folder.partial}: another run is writing there; wait for it, or name another output.") from error

    def _take_over(self, former: Manifest, resume: bool) -> None:
        """Keeps the leading shards of a stopped run of the same header, and removes everything else."""
        if resume and former.header is not None and dict(former.header.content) != dict(self._header.content):
            difference = _difference(former.header.content, self._header.content)
            raise DataError(f"{self._folder.partial}: holds {len(former.shards)} shards of a run that was stopped, with other settings ({difference}); "
                            "go on with those, name another output, or start anew without resume.")
        for number, shard in enumerate(former.shards if resume and former.header is not None else ()):
            path = os.path.join(self._folder.partial, shard["file"])
            if shard["file"] != shard_file(number) or not os.path.isfile(path) or os.path.getsize(path) != shard["bytes"]:
                break
            self._shards.append(shard)
        known = {MANIFEST, *(s["file"] for s in self._shards)}
        for name in os.listdir(self._folder.partial):
            if name not in known:
                os.remove(os.path.join(self._folder.partial, name))
        lines = line_of(self._header.content) + b"".join(map(line_of, self._shards))
        self._manifest.seek(0)
        there = self._manifest.read()
        # What is good is not written again: a run that is killed just now loses nothing.
        self._manifest.truncate(len(lines) if there.startswith(lines) else 0)
        if not there.startswith(lines):
            self._manifest.write(lines)
        self._manifest.flush()
        flush_file(self._manifest.fileno())


def _difference(former: Any, header: Any) -> str:
    return next((f"{key} {former.get(key)} instead of {value}" for key, value in header.items() if former.get(key) != value), "something is missing")
