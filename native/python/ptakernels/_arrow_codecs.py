"""Compressed buffers of Arrow streams, with whatever module for them is installed."""

from __future__ import annotations

import importlib
import struct
from typing import Callable, Dict, Optional

from .errors import DataError

_MAX_UNCOMPRESSED = 1 << 30  # of one buffer: a store's have a few million bytes
_NOT_COMPRESSED = -1
_MODULES = {"zstd": ("compression.zstd", "zstandard", "pyzstd"), "lz4": ("lz4.frame",)}
_INSTALL = {"zstd": "zstandard", "lz4": "lz4"}

Decompressor = Callable[[bytes, int], bytes]
_found: Dict[str, Optional[Decompressor]] = {}


def decompress(codec: str, data: memoryview, where: str) -> memoryview:
    """A buffer's bytes; its first eight bytes say how many these are, or -1 where they follow as they are.

    DataError where no module for the codec is installed, or where the buffer is damaged.
    """
    if len(data) < 8:
        raise DataError(f"{where}: damaged: a compressed buffer has {len(data)} bytes; copy or save it again.")
    (size,) = struct.unpack_from("<q", data)
    if size == _NOT_COMPRESSED:
        return data[8:]
    if not 0 <= size <= _MAX_UNCOMPRESSED:
        raise DataError(f"{where}: damaged: a compressed buffer claims {size} bytes; copy or save it again.")
    decompressor = _decompressor(codec)
    if decompressor is None:
        advice = f"install the package {_INSTALL[codec]}, or save it without compression" if codec in _INSTALL else "save it without compression"
        raise DataError(f"{where}: is compressed by {codec}; {advice}.")
    try:
        plain = decompressor(bytes(data[8:]), size)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # each module has exceptions of its own
        raise DataError(f"{where}: damaged: a compressed buffer cannot be read ({error}); copy or save it again.") from error
    if len(plain) != size:
        raise DataError(f"{where}: damaged: a compressed buffer holds {len(plain)} bytes instead of {size}; copy or save it again.")
    return memoryview(plain)


def _decompressor(codec: str) -> Optional[Decompressor]:
    if codec not in _found:
        _found[codec] = next((d for d in map(_load, _MODULES.get(codec, ())) if d is not None), None)
    return _found[codec]


def _load(name: str) -> Optional[Decompressor]:
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    if name == "zstandard":
        return lambda data, size: module.ZstdDecompressor().decompress(data, max_output_size=size)
    if name == "lz4.frame":
        return lambda data, size: module.LZ4FrameDecompressor().decompress(data, max_length=size)
    return lambda data, size: module.ZstdDecompressor().decompress(data, max_length=size)
