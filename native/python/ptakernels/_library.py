"""Finds, loads and checks the native library once per process; statuses become exceptions; a workspace per thread."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import Any, List, Optional

from . import _abi
from .errors import AbiError, DataError, IsaError, PtaError

_FILE = "libptakernels.so"
_VARIABLE = "PTAKERNELS_NATIVE"

_loading = threading.Lock()
_loaded: Optional[ctypes.CDLL] = None


def candidates() -> List[Path]:
    """Where the library may lie, best first: the file that PTAKERNELS_NATIVE names and no other, else beside this package, else a checkout's build."""
    named = os.environ.get(_VARIABLE)
    if named:
        return [Path(named)]
    here = Path(__file__).resolve().parent
    found = [here / _FILE]
    if len(here.parents) > 2 and here.parent.name == "python" and here.parents[1].name == "native":
        found.append(here.parents[2] / "artifacts" / "native" / "release" / _FILE)
    return found


def native() -> ctypes.CDLL:
    """The library, loaded at first use.

    Raises AbiError where it is not found, cannot be loaded, or is not of this package's ABI.
    """
    global _loaded
    if _loaded is None:
        with _loading:
            if _loaded is None:
                _loaded = _load()
    return _loaded


def path() -> str:
    """The file that native() loaded or would load."""
    return str(_first_file())


def _first_file() -> Path:
    places = candidates()
    for place in places:
        if place.is_file():
            return place
    if os.environ.get(_VARIABLE):
        raise AbiError(f"{_VARIABLE} is {places[0]}, which is no file; name libptakernels.so, or unset it.")
    looked = " nor ".join(str(p) for p in places)
    raise AbiError(f"The native library is neither {looked}; install the wheel, build native/ of the repository, or name the file in {_VARIABLE}.")


def _load() -> ctypes.CDLL:
    file = _first_file()
    try:
        library = ctypes.CDLL(str(file))
    except OSError as error:
        raise AbiError(f"{file} cannot be loaded: {error}.") from None
    try:
        version = library.pta_abi_version
    except AttributeError:
        raise AbiError(f"{file} is not libptakernels: it has no pta_abi_version.") from None
    version.restype = ctypes.c_uint32
    if version() != _abi.ABI_VERSION:
        raise AbiError(f"{file} has ABI version {version()}; this package speaks {_abi.ABI_VERSION}. Install the library and the package of one release.")
    for name, (result, arguments) in _abi.PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise AbiError(f"{file} has no {name}; install the library and the package of one release.") from None
        function.restype = result
        function.argtypes = arguments
    return library


def last_error() -> str:
    """What this thread's last failed call said."""
    return str(native().pta_last_error().decode("utf-8", "replace"))


def check(status: int) -> int:
    """The status where it is an answer, else the exception that it stands for; to be asked on the thread that made the call, before its next one."""
    if status >= 0:
        return status
    sentence = last_error()
    if status == _abi.ERROR_ARGUMENT:
        raise ValueError(sentence)
    if status == _abi.ERROR_MEMORY:
        raise MemoryError(sentence)
    if status == _abi.ERROR_ISA:
        raise IsaError(sentence)
    if status == _abi.ERROR_DATA:
        raise DataError(sentence)
    if status == _abi.ERROR_STRUCT:
        raise AbiError(sentence)
    raise PtaError(f"{path()}: {sentence}")


class Handle:
    """A native object, destroyed with this one. A child of fork has no use for its parent's: it leaves them alone when they die."""

    __slots__ = ("address", "_destroy", "_process")

    def __init__(self, address: Optional[int], destroy: Any) -> None:
        self.address = address
        self._destroy = destroy
        self._process = os.getpid()

    def __del__(self) -> None:
        # At interpreter exit module globals may be gone; the operating system takes the memory then.
        if self.address and os is not None and os.getpid() == self._process:
            self._destroy(self.address)


class _Workspaces(threading.local):
    handle: Optional[Handle] = None
    spare: Optional[Handle] = None


_workspaces = _Workspaces()


def workspace() -> int:
    """This thread's workspace, made at its first call and destroyed with the thread.

    Raises IsaError where PTAKERNELS_ISA forces an instruction set that is missing here.
    """
    handle = _workspaces.handle
    if handle is None:
        address = ctypes.c_void_p()
        check(native().pta_workspace_create(None, ctypes.byref(address)))
        handle = _workspaces.handle = Handle(address.value, native().pta_workspace_destroy)
    return handle.address  # type: ignore[return-value]


def set_aside() -> Optional[Handle]:
    """Takes this thread's workspace away, which a native call is using that calls back: what runs meanwhile has another one."""
    busy = _workspaces.handle
    _workspaces.handle, _workspaces.spare = _workspaces.spare, None
    return busy


def put_back(busy: Optional[Handle]) -> None:
    """Ends what set_aside began."""
    _workspaces.spare, _workspaces.handle = _workspaces.handle, busy


def _forget_workspaces() -> None:
    # The copies in a child may have been in use by threads that do not exist there.
    global _workspaces, _loading
    _workspaces = _Workspaces()
    _loading = threading.Lock()


os.register_at_fork(after_in_child=_forget_workspaces)
