"""Other libraries' arrays as plain memory: the buffer protocol, __array_interface__ and DLPack, without copies and without importing any of them."""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Dict, Optional, Tuple

__all__ = ["Memory", "memory_of"]

_NATIVE_ORDER = "<" if sys.byteorder == "little" else ">"

_KINDS = {**dict.fromkeys("bhilqn", "i"), **dict.fromkeys("BHILQN", "u"), **dict.fromkeys("efd", "f"), "?": "b", "c": "S"}
"""Codes of the struct module to kinds of NumPy's type strings."""


class Memory:
    """An array somewhere in memory, alive while this object is.

    dtype: kind and bytes as in NumPy's type strings, such as "f8", "i4" or "u1", with ">" before it where the byte order is not this machine's; "bf16" for
    bfloat16; otherwise what the owner calls it.
    """

    __slots__ = ("address", "dtype", "shape", "contiguous", "readonly", "owner")

    def __init__(self, address: int, dtype: str, shape: Tuple[int, ...], contiguous: bool, readonly: bool, owner: Any) -> None:
        self.address = address
        self.dtype = dtype
        self.shape = shape
        self.contiguous = contiguous
        self.readonly = readonly
        self.owner = owner

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size


def memory_of(name: str, value: Any) -> Optional[Memory]:
    """The memory of an array-like, or None where it offers none.

    Raises TypeError or ValueError that names the argument where there is memory that cannot be read from here, such as a GPU's.
    """
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, dict):
        return _from_interface(name, value, interface)
    if hasattr(value, "__dlpack_device__"):
        return _from_dlpack(name, value)
    try:
        return _from_buffer(value)
    except (TypeError, BufferError):
        return None


def _is_contiguous(shape: Tuple[int, ...], strides: Optional[Tuple[int, ...]], itemsize: int) -> bool:
    """Row-major without gaps. Strides count whatever itemsize counts; those of lengths 0 and 1 say nothing."""
    if strides is None or 0 in shape:
        return True
    expected = itemsize
    for length, stride in zip(reversed(shape), reversed(strides)):
        if length != 1 and stride != expected:
            return False
        expected *= length
    return True


# ---- __array_interface__ (NumPy arrays and what imitates them).


def _from_interface(name: str, value: Any, interface: Dict[str, Any]) -> Memory:
    try:
        shape = tuple(int(length) for length in interface["shape"])
        typestr = str(interface["typestr"])
        data = interface.get("data")
        strides = interface.get("strides")
    except (KeyError, TypeError, ValueError):
        raise TypeError(f"{name} has an __array_interface__ without shape or typestr; expected an array.") from None
    if not (isinstance(data, tuple) and len(data) == 2):
        raise TypeError(f"{name} has an __array_interface__ without data; expected an array in memory.")
    order, kind = typestr[:1], typestr[1:]
    dtype = kind if order in ("|", "=", _NATIVE_ORDER) else ">" + kind
    itemsize = int(typestr[2:]) if typestr[2:].isdigit() else 0
    return Memory(int(data[0]), dtype, shape, _is_contiguous(shape, strides, itemsize), bool(data[1]), value)


# ---- The buffer protocol. ctypes takes no address of read-only memory, so this asks the interpreter itself.


class _PyBuffer(ctypes.Structure):
    _fields_ = [
        ("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int), ("format", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_ssize_t)), ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("suboffsets", ctypes.POINTER(ctypes.c_ssize_t)), ("internal", ctypes.c_void_p),
    ]


_FULL_READONLY = 0x0118 | 0x0004  # PyBUF_INDIRECT | PyBUF_FORMAT

_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = [ctypes.py_object, ctypes.POINTER(_PyBuffer), ctypes.c_int]
_get_buffer.restype = ctypes.c_int
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = [ctypes.POINTER(_PyBuffer)]
_release_buffer.restype = None


class _Exported:
    """Keeps a buffer exported, so that its owner can neither free nor resize it."""

    __slots__ = ("view",)

    def __init__(self, value: Any) -> None:
        self.view: Optional[_PyBuffer] = None
        view = _PyBuffer()
        _get_buffer(value, ctypes.byref(view), _FULL_READONLY)
        self.view = view

    def __del__(self, release: Any = _release_buffer, byref: Any = ctypes.byref) -> None:
        if self.view is not None:
            release(byref(self.view))
            self.view = None


def _from_buffer(value: Any) -> Memory:
    exported = _Exported(value)
    view = exported.view
    assert view is not None
    shape = tuple(view.shape[i] for i in range(view.ndim))
    strides = tuple(view.strides[i] for i in range(view.ndim)) if view.strides else None
    contiguous = not view.suboffsets and _is_contiguous(shape, strides, view.itemsize)
    code = (view.format or b"B").decode("ascii", "replace")
    return Memory(view.buf or 0, _dtype_of_code(code, view.itemsize), shape, contiguous, bool(view.readonly), exported)


def _dtype_of_code(code: str, itemsize: int) -> str:
    order, letter = (code[0], code[1:]) if code[:1] in "@=<>!" else ("@", code)
    if letter not in _KINDS:
        return f"of format '{code}'"
    foreign = itemsize > 1 and order in "<>!" and ("<" if order == "<" else ">") != _NATIVE_ORDER
    return f"{'>' if foreign else ''}{_KINDS[letter]}{itemsize}"


# ---- DLPack (https://dmlc.github.io/dlpack): a capsule that holds a managed tensor, to be renamed once it is taken and deleted once it is not needed.


class _DlTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _DlManaged(ctypes.Structure):
    _fields_ = [("tensor", _DlTensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class _DlManagedVersioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p), ("flags", ctypes.c_uint64),
        ("tensor", _DlTensor),
    ]


_DL_READ_ONLY = 1
_DL_CPU = (1, 3, 11)  # CPU, and CUDA's and ROCm's pinned memory of the host
_DL_DEVICES = {
    2: "a CUDA device", 4: "an OpenCL device", 7: "a Vulkan device", 8: "a Metal device", 10: "a ROCm device", 13: "CUDA managed memory", 14: "a oneAPI device",
}
_DL_KINDS = {0: "i", 1: "u", 2: "f", 6: "b"}
_DL_BFLOAT = 4

_capsule_name = ctypes.pythonapi.PyCapsule_GetName
_capsule_name.argtypes, _capsule_name.restype = [ctypes.py_object], ctypes.c_char_p
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.argtypes, _capsule_pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
_capsule_rename = ctypes.pythonapi.PyCapsule_SetName
_capsule_rename.argtypes, _capsule_rename.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_int

# A capsule keeps the pointer to its name, not a copy.
_USED, _USED_VERSIONED = ctypes.c_char_p(b"used_dltensor"), ctypes.c_char_p(b"used_dltensor_versioned")


class _Managed:
    """A managed tensor that was taken over; its deleter is called once, when this object dies."""

    __slots__ = ("address", "deleter")

    def __init__(self, address: int, deleter: Optional[int]) -> None:
        self.address = address
        self.deleter = deleter

    def __del__(self, call: Any = _Deleter) -> None:
        deleter, self.deleter = self.deleter, None
        if deleter:
            call(deleter)(self.address)


def _from_dlpack(name: str, value: Any) -> Memory:
    kind = int(value.__dlpack_device__()[0])
    if kind not in _DL_CPU:
        raise ValueError(f"{name} lies on {_DL_DEVICES.get(kind, f'DLPack device type {kind}')}; this library reads the CPU's memory, so pass {name}.cpu().")
    try:
        try:
            capsule = value.__dlpack__(max_version=(1, 1))
        except TypeError:  # made before versions came into the protocol
            capsule = value.__dlpack__()
    except (BufferError, RuntimeError) as error:
        raise ValueError(f"{name} gives no DLPack capsule: {str(error).rstrip('.')}.") from None
    label = _capsule_name(capsule)
    if label == b"dltensor_versioned":
        address = _capsule_pointer(capsule, label)
        versioned = _DlManagedVersioned.from_address(address)
        if versioned.major != 1:
            raise ValueError(f"{name} speaks DLPack version {versioned.major}.{versioned.minor}; expected 1.x or older.")
        _capsule_rename(capsule, _USED_VERSIONED)
        owner = _Managed(address, versioned.deleter)
        return _from_tensor(name, versioned.tensor, bool(versioned.flags & _DL_READ_ONLY), owner)
    if label == b"dltensor":
        address = _capsule_pointer(capsule, label)
        managed = _DlManaged.from_address(address)
        _capsule_rename(capsule, _USED)
        return _from_tensor(name, managed.tensor, False, _Managed(address, managed.deleter))
    raise TypeError(f"{name} gives a capsule named {label!r}; expected a DLPack tensor that nobody has taken yet.")


def _from_tensor(name: str, tensor: _DlTensor, readonly: bool, owner: _Managed) -> Memory:
    shape = tuple(tensor.shape[i] for i in range(tensor.ndim))
    strides = tuple(tensor.strides[i] for i in range(tensor.ndim)) if tensor.strides else None
    if tensor.lanes != 1:
        raise TypeError(f"{name} has vectors of {tensor.lanes} numbers as elements; expected plain numbers.")
    if tensor.code == _DL_BFLOAT and tensor.bits == 16:
        dtype = "bf16"
    elif tensor.code in _DL_KINDS:
        dtype = f"{_DL_KINDS[tensor.code]}{tensor.bits // 8}"
    else:
        dtype = f"of DLPack type {tensor.code} with {tensor.bits} bits"
    return Memory((tensor.data or 0) + tensor.byte_offset, dtype, shape, _is_contiguous(shape, strides, 1), readonly, owner)
