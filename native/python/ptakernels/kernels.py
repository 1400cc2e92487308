"""The kernels one by one: edit-distance cost matrices, nearest tokens, alignment paths and transports. Calls release the GIL."""

from __future__ import annotations

import ctypes
from array import array
from itertools import accumulate
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence, Union

from . import _abi
from ._arrays import Input, new_output, take, take_output
from ._library import Handle, check, native, workspace
from .vocabulary import Vocabulary

__all__ = [
    "NearestTokens", "Path", "Tape", "cost_matrices", "cost_matrix", "edit_distances", "find_alignment_path", "find_nearest_tokens", "find_official_map", "isa",
    "official_map", "version",
]

Symbols = Union[str, bytes]


def version() -> str:
    """The release of the native library, for instance "0.1.0"."""
    return str(native().pta_version().decode())


def isa() -> str:
    """The instruction set that this thread's calls use: "portable", "avx2" or "avx512"; PTAKERNELS_ISA forces one.

    Raises IsaError where it forces one that is missing here.
    """
    return str(native().pta_workspace_isa(workspace()).decode())


class Tape:
    """The symbols of many tokens (SPEC A3.1). Immutable, usable by any number of threads.

    tokens: str, whose symbols are code points, or bytes: valid UTF-8 gives code points, each other byte one symbol 0xDC00 + byte.
    roles: PTA_ROLE_* by token: those with a role are compared by role and spelling, 0 or 64; by default every token is ordinary.
    """

    __slots__ = ("_handle", "_count", "__weakref__")

    def __init__(self, tokens: Iterable[Symbols], roles: Any = None) -> None:
        parts = [_symbols(i, token) for i, token in enumerate(tokens)]
        symbols = b"".join(parts)
        content = ctypes.create_string_buffer(symbols, max(4, len(symbols)))
        offsets = array("i", [0, *accumulate(len(part) // 4 for part in parts)])
        given = None if roles is None else take("roles", roles, "u1", shape=(len(parts),))
        view = _abi.TapeView(
            count=len(parts), symbols=ctypes.addressof(content), offsets=offsets.buffer_info()[0], roles=None if given is None else given.address,
        )
        address = ctypes.c_void_p()
        check(native().pta_tape_create(ctypes.byref(view), ctypes.byref(address)))
        self._handle = Handle(address.value, native().pta_tape_destroy)
        self._count = len(parts)

    def __len__(self) -> int:
        return self._count

    @property
    def address(self) -> int:
        """The native tape."""
        return self._handle.address  # type: ignore[return-value]


TapeLike = Union[Tape, Vocabulary, Sequence[Symbols]]
"""What functions take as tokens: a tape, a vocabulary (its decoded texts with roles), or strings or bytes."""


def cost_matrix(
    source: TapeLike, target: TapeLike, source_tokens: Any = None, target_tokens: Any = None, *, dtype: Optional[str] = None, out: Any = None,
    saturate: bool = False,
) -> Any:
    """Edit distances cost[i, j] from source token i to target token j: Levenshtein with unit costs over symbols; specials as in SPEC A3.1.

    source_tokens [n], target_tokens [m]: ids in the tapes (int32; int64 is converted); None is every token in order.
    dtype: "uint8" holds distances to 254, "uint16" to 65,534; by default the smaller one that holds all. out: an array [n, m] of one of the two instead.
    Returns [n, m]. Raises OverflowError where a distance does not fit, unless saturate: then it is the type's largest value, all others exact.
    """
    rows, columns = _tape(source, "source"), _tape(target, "target")
    row_tokens, column_tokens = _tokens("source_tokens", source_tokens, len(rows)), _tokens("target_tokens", target_tokens, len(columns))
    shape = (row_tokens.size, column_tokens.size)
    if out is not None:
        kind = "u2" if _is_u2("out", out) else "u1"
        attempts = [(kind, out, take_output("out", out, kind, shape).address)]
    else:
        kinds = {None: ("u1", "u2"), "uint8": ("u1",), "uint16": ("u2",)}.get(dtype)
        if kinds is None:
            raise ValueError(f"dtype is {dtype!r}; expected 'uint8', 'uint16' or None.")
        attempts = [(kind, None, 0) for kind in kinds]
    for kind, made, address in attempts:
        if made is None:
            made, address = new_output(kind, shape)
        function = native().pta_cost_matrix_u8 if kind == "u1" else native().pta_cost_matrix_u16
        status = check(function(
            workspace(), rows.address, row_tokens.address, shape[0], columns.address, column_tokens.address, shape[1], address, shape[1],
        ))
        if status == _abi.OK or (saturate and kind == attempts[-1][0]):
            return made
    limit, instead = (254, "use dtype uint16, or ") if kind == "u1" else (65534, "")
    raise OverflowError(f"a distance is over {limit}; {instead}saturate=True keeps the largest value.")


def cost_matrices(source: TapeLike, target: TapeLike, source_tokens: Any, target_tokens: Any, *, out: Any = None, saturate: bool = False) -> Any:
    """Many small matrices of one shape: source_tokens [batch, rows], target_tokens [batch, columns]; returns uint8 [batch, rows, columns].

    As cost_matrix; distances over 254 raise OverflowError, or are 255 with saturate.
    """
    rows, columns = _tape(source, "source"), _tape(target, "target")
    row_tokens = take("source_tokens", source_tokens, "i4", ndim=2)
    batch = row_tokens.shape[0]
    column_tokens = take("target_tokens", target_tokens, "i4", shape=(batch, None))
    shape = (batch, row_tokens.shape[1], column_tokens.shape[1])
    made, address = new_output("u1", shape) if out is None else (out, take_output("out", out, "u1", shape).address)
    status = check(native().pta_cost_matrices_u8(
        workspace(), rows.address, row_tokens.address, columns.address, column_tokens.address, batch, shape[1], shape[2], address,
    ))
    if status == _abi.RANGE and not saturate:
        raise OverflowError("a distance is over 254; use cost_matrix with dtype uint16, or saturate=True keeps the largest value.")
    return made


def edit_distances(a: Sequence[Symbols], b: Sequence[Symbols]) -> Any:
    """The edit distance of each string of a to each string of b: [len(a), len(b)], uint8 or uint16."""
    return cost_matrix(a, b)


class NearestTokens(NamedTuple):
    """[n] ids of nearest target tokens, -1 for none, and [n] their distances, 0 where there is none."""

    nearest: Any
    distance: Any


def find_nearest_tokens(source: TapeLike, target: TapeLike, source_tokens: Any = None) -> NearestTokens:
    """The nearest target token of each source token: an exact hit, else the smallest edit distance, ties by smallest target id (SPEC A3.1, B 3a).

    Special tokens match special ones only, ids without a token nothing. source_tokens as in cost_matrix.
    """
    rows, columns = _tape(source, "source"), _tape(target, "target")
    tokens = _tokens("source_tokens", source_tokens, len(rows))
    nearest, nearest_address = new_output("i4", (tokens.size,))
    distance, distance_address = new_output("i4", (tokens.size,))
    check(native().pta_find_nearest_tokens(workspace(), rows.address, tokens.address, tokens.size, columns.address, nearest_address, distance_address))
    return NearestTokens(nearest, distance)


def find_official_map(source: Vocabulary, target: Vocabulary, source_tokens: Any = None) -> NearestTokens:
    """Nearest tokens by the official code's rule (SPEC B 3a): over strings, with the source's marker replaced by the target's; ties by smallest id."""
    tokens = _tokens("source_tokens", source_tokens, len(source))
    nearest, nearest_address = new_output("i4", (tokens.size,))
    distance, distance_address = new_output("i4", (tokens.size,))
    check(native().pta_find_official_map(
        workspace(), source._handle.address, target._handle.address, tokens.address, tokens.size, nearest_address, distance_address,
    ))
    return NearestTokens(nearest, distance)


def official_map(source: Vocabulary, target: Vocabulary) -> Dict[str, str]:
    """The official map as its JSON file has it: {source string with its marker replaced : target string}, in id order.

    Of two source tokens with one key the later one wins, at the place of the first, as in a Python dict (SPEC B 3a).
    """
    found: Dict[str, str] = {}
    for i, nearest in enumerate(find_official_map(source, target).nearest.tolist()):
        string = source.string(i)
        if string is not None and nearest >= 0:
            found[string.replace(source.marker, target.marker)] = target.string(nearest)  # type: ignore[assignment]
    return found


class Path(NamedTuple):
    """steps [count, 2] of (source, target) positions in ascending order, and the summed cost."""

    steps: Any
    cost: int


def find_alignment_path(source: Any, target: Any, cost: Any) -> Path:
    """Dynamic time warping (paper Eq 1, SPEC B 3b.1) over cost[source[i], target[j]].

    cost [rows, columns]: uint8 or uint16, as cost_matrix returns it. source [n], target [m]: rows and columns of it by position (int32; int64 is converted);
    None is every one in order. Ties prefer diagonal, then up (i - 1), then left (j - 1), traced from the end.
    """
    matrix = take("cost", cost, "u1", ndim=2, exact=("u2",))
    rows, columns = matrix.shape
    row_positions, column_positions = _tokens("source", source, rows), _tokens("target", target, columns)
    if row_positions.size == 0 or column_positions.size == 0:
        raise ValueError("source or target is empty; a path needs a token on each side.")
    capacity = row_positions.size + column_positions.size - 1
    steps, address = new_output("i4", (capacity, 2))
    count, total = ctypes.c_int64(), ctypes.c_int64()
    function = native().pta_find_alignment_path_u8 if matrix.dtype == "u1" else native().pta_find_alignment_path_u16
    check(function(
        workspace(), row_positions.address, row_positions.size, column_positions.address, column_positions.size, matrix.address, rows, columns, columns,
        address, capacity, ctypes.byref(count), ctypes.byref(total),
    ))
    return Path(steps[: count.value], total.value)


def _symbols(index: int, token: Symbols) -> bytes:
    if isinstance(token, str):
        return token.encode("utf-32-le", "surrogatepass")
    if isinstance(token, (bytes, bytearray)):
        return bytes(token).decode("utf-8", "surrogateescape").encode("utf-32-le", "surrogatepass")
    raise TypeError(f"token {index} is a {type(token).__name__}; expected str or bytes.")


class _Texts:
    """A vocabulary's decoded texts as a tape; the vocabulary owns it."""

    __slots__ = ("address", "_vocabulary")

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.address = native().pta_vocabulary_texts(vocabulary._handle.address)
        self._vocabulary = vocabulary

    def __len__(self) -> int:
        return len(self._vocabulary)


def _tape(value: TapeLike, name: str) -> Union[Tape, _Texts]:
    if isinstance(value, Tape):
        return value
    if isinstance(value, Vocabulary):
        return _Texts(value)
    if isinstance(value, (str, bytes, bytearray)) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} is a {type(value).__name__}; expected a Tape, a Vocabulary, or a list of str or bytes.")
    return Tape(value)


def _tokens(name: str, value: Any, count: int) -> Input:
    if value is None:
        return take(name, range(count), "i4")
    return take(name, value, "i4", ndim=1)


def _is_u2(name: str, value: Any) -> bool:
    from ._memory import memory_of

    memory = memory_of(name, value)
    return memory is not None and memory.dtype == "u2"
