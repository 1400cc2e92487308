"""Arrays in and out. In: NumPy, the buffer protocol, __array_interface__ and DLPack without a copy where type and layout fit, lists of numbers by copy.
Out: NumPy arrays where NumPy is installed, else memoryviews of the same shape."""

from __future__ import annotations

import array
import ctypes
import math
import struct
import sys
from typing import Any, Optional, Sequence, Tuple

from ._memory import Memory, memory_of

try:
    import numpy
except ImportError:  # everything works without it
    numpy = None  # type: ignore[assignment]

__all__ = ["Input", "fitting_addresses", "new_output", "numpy", "take", "take_output", "view"]

# Type strings to what messages call them, what struct and memoryview call them, and bytes of an element.
_NAMES = {
    "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32", "i8": "int64", "u8": "uint64", "f2": "float16", "f4": "float32",
    "f8": "float64", "bf16": "bfloat16", "b1": "bool",
}
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q", "f2": "e", "f4": "f", "f8": "d"}
_BYTES = {name: 2 if name == "bf16" else int(name[1:]) for name in _NAMES}
_RANGES = {"i4": (-(2**31), 2**31 - 1), "u1": (0, 255)}

_WIDENS = {
    "f8": ("f4", "f2", "bf16", "i1", "u1", "i2", "u2", "i4", "u4"),
    "i4": ("i8", "u4", "u2", "i2", "u1", "i1", "u8"),
    "u1": (),
    "u2": ("u1",),
}
"""What is converted, by copy, without loss: floats and small integers exactly, larger integers after a check of their range."""


class Input:
    """An array as the native side takes it: C-contiguous memory of one type, kept alive by this object."""

    __slots__ = ("address", "shape", "size", "owner", "copied", "dtype")

    def __init__(self, address: int, shape: Tuple[int, ...], dtype: str, owner: Any, copied: bool) -> None:
        self.address = address
        self.shape = shape
        self.size = math.prod(shape)
        self.dtype = dtype
        self.owner = owner
        self.copied = copied

    def array(self) -> Any:
        """A view: a flat NumPy array, or a flat memoryview without NumPy."""
        if numpy is not None and type(self.owner) is numpy.ndarray:
            return self.owner.reshape(-1)
        return view(self.owner, self.address, self.dtype, (self.size,))


def shown(dtype: str) -> str:
    """A type for messages."""
    if dtype.startswith(">"):
        return f"{_NAMES.get(dtype[1:], dtype[1:])} of the other byte order"
    return _NAMES.get(dtype, dtype)


def take(name: str, value: Any, dtype: str, ndim: Optional[int] = None, shape: Optional[Sequence[Optional[int]]] = None, exact: Sequence[str] = ()) -> Input:
    """An argument as an array of one type.

    dtype: what the native side reads. exact: other types that are taken as they are too. ndim, shape: what is expected; None in a shape is any length.
    Types that _WIDENS names are converted, which copies.
    Raises TypeError for another type and ValueError for another shape or layout; the sentence names the argument.
    """
    if numpy is not None and type(value) is numpy.ndarray:
        fast = _take_numpy(value, dtype)
        if fast is not None:
            _require_shape(name, fast.shape, ndim, shape)
            return fast
    if isinstance(value, (list, tuple, range)):
        found = _from_numbers(name, value, dtype)
    else:
        memory = memory_of(name, value)
        if memory is None:
            raise TypeError(f"{name} is a {type(value).__name__}; expected an array of {shown(dtype)}: NumPy, the buffer protocol, DLPack, or a list of numbers.")
        found = _from_memory(name, memory, dtype, exact)
    _require_shape(name, found.shape, ndim, shape)
    return found


def take_output(name: str, value: Any, dtype: str, shape: Tuple[int, ...]) -> Input:
    """An argument that receives results: exactly this type and shape, C-contiguous and writable.

    Raises TypeError or ValueError whose sentence names the argument.
    """
    memory = memory_of(name, value)
    if memory is None:
        raise TypeError(f"{name} is a {type(value).__name__}; expected a writable array of {shown(dtype)}.")
    if memory.readonly:
        raise ValueError(f"{name} is read-only; expected a writable array of {shown(dtype)}.")
    if memory.dtype != dtype:
        raise TypeError(f"{name} is {shown(memory.dtype)}; expected {shown(dtype)}.")
    _require_layout(name, memory, dtype)
    _require_shape(name, memory.shape, None, shape)
    return Input(memory.address, memory.shape, dtype, memory.owner, False)


def new_output(dtype: str, shape: Tuple[int, ...]) -> Tuple[Any, int]:
    """Room for results and its address: an uninitialised NumPy array, or a memoryview of zeros."""
    if numpy is not None:
        made = numpy.empty(shape, dtype)
        return made, address_of(made)
    size = math.prod(shape)
    memory = bytearray(max(1, size * _BYTES[dtype]))
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    flat = memoryview(memory)[: size * _BYTES[dtype]].cast(_CODES[dtype])
    # A memoryview has no shapes with a zero in them.
    return (flat if len(shape) == 1 or size == 0 else flat.cast("B").cast(_CODES[dtype], list(shape))), address


def view(owner: Any, address: int, dtype: str, shape: Tuple[int, ...]) -> Any:
    """Memory at an address as an array that keeps its owner alive."""
    size = math.prod(shape)
    raw = (ctypes.c_char * (size * _BYTES[dtype])).from_address(address)
    raw._owner = owner  # type: ignore[attr-defined]  # a ctypes object takes attributes; the view keeps it
    if numpy is not None:
        return numpy.frombuffer(memoryview(raw), dtype).reshape(shape)
    flat = memoryview(raw).cast("B").cast(_CODES[dtype])
    return flat if len(shape) == 1 or size == 0 else flat.cast("B").cast(_CODES[dtype], list(shape))


def _take_numpy(value: Any, dtype: str) -> Optional[Input]:
    if value.dtype is not _NATIVE_TYPES[dtype] or value.flags.num & _FITTING != _FITTING:
        return None
    return Input(address_of(value), value.shape, dtype, value, False)


def address_of(value: Any) -> int:
    """Where a C-contiguous NumPy array begins. The first way is several times faster; it takes writable memory of at least a byte only."""
    try:
        return _addressof(_from_buffer(value))
    except (TypeError, ValueError, BufferError):
        return int(value.__array_interface__["data"][0])


def fitting_addresses(ids: Any, indices: Any, values: Any) -> Optional[Tuple[int, int, int]]:
    """Where a document's arrays begin: [length] and [length, k] int32 and [length, k] float64 of NumPy, length over 0, as they are. None for all else."""
    if numpy is None or not type(ids) is type(indices) is type(values) is numpy.ndarray:
        return None
    if ids.dtype is not _I4 or indices.dtype is not _I4 or values.dtype is not _F8:
        return None
    shape = indices.shape
    if len(shape) != 2 or not shape[0] or values.shape != shape or ids.shape != shape[:1]:
        return None
    if ids.flags.num & indices.flags.num & values.flags.num & _FITTING != _FITTING:
        return None
    return address_of(ids), address_of(indices), address_of(values)


_addressof, _from_buffer = ctypes.addressof, ctypes.c_char.from_buffer
_FITTING = 0x0001 | 0x0100  # NPY_ARRAY_C_CONTIGUOUS, NPY_ARRAY_ALIGNED
_NATIVE_TYPES = {} if numpy is None else {dtype: numpy.dtype(dtype) for dtype in _CODES}
_I4, _F8 = _NATIVE_TYPES.get("i4"), _NATIVE_TYPES.get("f8")
"""NumPy has one object for each of its own types in this machine's order; a type that is equal but another object takes the slower way."""


def _from_memory(name: str, memory: Memory, dtype: str, exact: Sequence[str]) -> Input:
    if memory.dtype == dtype or memory.dtype in exact:
        _require_layout(name, memory, memory.dtype)
        return Input(memory.address, memory.shape, memory.dtype, memory.owner, False)
    if memory.dtype not in _WIDENS.get(dtype, ()):
        others = [shown(t) for t in (*exact, *_WIDENS.get(dtype, ()))]
        allowed = f" (or {', '.join(others)})" if others else ""
        raise TypeError(f"{name} is {shown(memory.dtype)}; expected {shown(dtype)}{allowed} in this machine's byte order.")
    _require_layout(name, memory, memory.dtype)
    return _converted(name, memory, dtype)


def _require_layout(name: str, memory: Memory, dtype: str) -> None:
    if not memory.contiguous:
        raise ValueError(f"{name} has gaps or another order of its elements; expected a C-contiguous array, as numpy.ascontiguousarray or .contiguous() make it.")
    if memory.size and memory.address % _BYTES[dtype]:
        raise ValueError(f"{name} lies at an address that is no multiple of {_BYTES[dtype]} bytes; expected an aligned array, as a copy is.")


def _require_shape(name: str, found: Tuple[int, ...], ndim: Optional[int], shape: Optional[Sequence[Optional[int]]]) -> None:
    if shape is not None:
        if len(found) != len(shape) or any(wanted is not None and wanted != length for wanted, length in zip(shape, found)):
            expected = ", ".join("any" if length is None else str(length) for length in shape)
            raise ValueError(f"{name} has shape {list(found)}; expected [{expected}].")
    elif ndim is not None and len(found) != ndim:
        raise ValueError(f"{name} has {len(found)} dimensions; expected {ndim}.")


# ---- Conversions, which copy.


def _converted(name: str, memory: Memory, dtype: str) -> Input:
    if numpy is not None:
        raw = (ctypes.c_char * (memory.size * _BYTES[memory.dtype])).from_address(memory.address)
        source: Any = numpy.frombuffer(memoryview(raw), "u2" if memory.dtype == "bf16" else memory.dtype).reshape(memory.shape)
        if memory.dtype == "bf16":
            source = (source.astype("u4") << 16).view("f4")
        if dtype in _RANGES and source.size:
            _require_range(name, int(source.min()), int(source.max()), dtype)
        made = source.astype(dtype)
        return Input(address_of(made), memory.shape, dtype, made, True)
    content = ctypes.string_at(memory.address, memory.size * _BYTES[memory.dtype])
    return _packed(name, _numbers(content, memory.dtype), dtype, memory.shape)


def _numbers(content: bytes, dtype: str) -> Sequence[Any]:
    if dtype == "bf16":
        halves = struct.unpack(f"{len(content) // 2}H", content)
        return struct.unpack(f"{len(halves)}f", struct.pack(f"{len(halves)}I", *(h << 16 for h in halves)))
    return struct.unpack(f"{len(content) // _BYTES[dtype]}{_CODES[dtype]}", content)


def _from_numbers(name: str, value: Sequence[Any], dtype: str) -> Input:
    """Nested lists of numbers, all rows of one length."""
    shape = []
    level: Any = value
    while isinstance(level, (list, tuple, range)):
        shape.append(len(level))
        level = level[0] if len(level) else None
    flat: Sequence[Any] = value
    for depth in range(1, len(shape)):
        if any(not isinstance(row, (list, tuple, range)) or len(row) != shape[depth] for row in flat):
            raise ValueError(f"{name} has rows of different lengths; expected a rectangle of numbers.")
        flat = [number for row in flat for number in row]
    return _packed(name, flat, dtype, tuple(shape))


def _packed(name: str, numbers: Sequence[Any], dtype: str, shape: Tuple[int, ...]) -> Input:
    try:
        made = array.array(_CODES[dtype], numbers)
    except OverflowError:
        low, high = _RANGES.get(dtype, (0, 65535))
        bad = next(n for n in numbers if not low <= n <= high)
        raise ValueError(f"{name} holds {bad}; expected {low}..{high}.") from None
    except TypeError:
        bad = next((n for n in numbers if not isinstance(n, (int, float) if dtype[0] == "f" else int)), None)
        raise TypeError(f"{name} holds {bad!r}; expected {'numbers' if dtype[0] == 'f' else 'whole numbers'}.") from None
    return Input(made.buffer_info()[0], shape, dtype, made, True)


def _require_range(name: str, least: int, most: int, dtype: str) -> None:
    low, high = _RANGES[dtype]
    if least < low or most > high:
        raise ValueError(f"{name} holds {least if least < low else most}; expected {low}..{high}.")


if sys.byteorder != "little":  # the library is built for x86-64 only, and type strings here have no order
    raise ImportError("ptakernels runs on little-endian machines only.")
