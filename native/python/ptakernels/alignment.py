"""Whole documents: a target's and a source's view of each in, fused rows out (SPEC A2). One native call per batch."""

from __future__ import annotations

import ctypes
import struct
import threading
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple, Union

from . import _abi
from ._arrays import Input, fitting_addresses, new_output, numpy, take
from ._fallback import fill
from ._library import check, last_error, native, workspace
from .errors import DataError
from .options import DEFAULT_PRESET, Options, native_options
from .report import AlignmentReport
from .rows import ROW_BYTES, ROW_TYPE, AlignedDocument, Results, about
from .vocabulary import VocabularyPair

__all__ = ["DocumentPair", "TokenizedDocument", "align_batch"]

_PACK_VIEW = struct.Struct("5Q2i").pack
_PACK_RESULTS = struct.Struct("3Qq4Q56x").pack


class TokenizedDocument:
    """One document as one model saw it: row t holds the candidates for token t + 1.

    ids [length] int32 (int64 is converted): token ids. indices [length, k] int32 (int64 is converted): candidate ids, best first; k 1..64. values [length, k]
    float64 (float32, float16 and bfloat16 are widened, which is exact): their logits or log-probabilities; -inf is allowed. lse [length] float64 (or
    widened): log-sum-exp of each row's full logits at temperature 1, which mass tail needs. spans [length, 2] int32: byte spans in the document from the
    encoder, or None where only ids are known.

    Arrays that fit are not copied: they stay alive with the document and must not change while it is in use. id: a name for messages; anything.
    Raises TypeError or ValueError that names the argument.
    """

    __slots__ = ("length", "k", "id", "_arrays", "_packed", "__weakref__")

    def __init__(self, ids: Any, indices: Any, values: Any, lse: Any = None, spans: Any = None, *, id: Any = None) -> None:
        self.id = id
        self._arrays: Tuple[Any, ...]
        places = fitting_addresses(ids, indices, values)
        if places is None:
            tokens = take("ids", ids, "i4", 1)
            if tokens.size == 0:
                # An empty document is bad data, which align_batch reports; its candidates have no k.
                self.length, self.k, self._arrays, self._packed = 0, 1, (tokens, None, None, None, None), bytes(48)
                return
            candidates = take("indices", indices, "i4", None, (tokens.size, None))
            logits = take("values", values, "f8", None, (tokens.size, candidates.shape[1]))
            ids, indices, values = tokens, candidates, logits
            places = (tokens.address, candidates.address, logits.address)
        self.length, self.k = length, k = indices.shape
        if not 1 <= k <= _abi.MAX_CANDIDATES:
            raise ValueError(f"indices has {k} candidates a row; expected 1..{_abi.MAX_CANDIDATES}.")
        sums = None if lse is None else take("lse", lse, "f8", None, (length,))
        bounds = None if spans is None else take("spans", spans, "i4", None, (length, 2))
        self._arrays = (ids, indices, values, sums, bounds)
        self._packed = _PACK_VIEW(*places, 0 if sums is None else sums.address, 0 if bounds is None else bounds.address, length, k)

    def __len__(self) -> int:
        """Number of tokens."""
        return self.length

    def __repr__(self) -> str:
        return f"<TokenizedDocument{'' if self.id is None else f' {self.id!r}'}: {self.length} tokens, {self.k} candidates>"

    @property
    def ids(self) -> Any:
        """[length] token ids, a view."""
        return self._flat(0)

    @property
    def indices(self) -> Any:
        """[length * k] candidate ids, a view; None where length is 0."""
        return self._flat(1)

    @property
    def values(self) -> Any:
        """[length * k] logits, a view; None where length is 0."""
        return self._flat(2)

    @property
    def lse(self) -> Any:
        """[length] log-sum-exps, a view, or None."""
        return self._flat(3)

    def _flat(self, part: int) -> Any:
        given = self._arrays[part]
        return None if given is None else given.array() if isinstance(given, Input) else given.reshape(-1)


class DocumentPair(NamedTuple):
    """Two models' views of one document. prior: D_(s-1) of SPEC A3.5, preset paper from the second source on; see fold."""

    source: TokenizedDocument
    target: TokenizedDocument
    prior: Optional[AlignedDocument] = None


PairLike = Union[DocumentPair, Tuple[TokenizedDocument, TokenizedDocument], Tuple[TokenizedDocument, TokenizedDocument, Optional[AlignedDocument]]]


def align_batch(
    pair: VocabularyPair, documents: Iterable[PairLike], options: Union[str, Options] = DEFAULT_PRESET, *, threads: int = 1, on_error: str = "raise",
    report: Optional[AlignmentReport] = None,
) -> List[Union[AlignedDocument, DataError]]:
    """Aligns documents, each a (source, target) pair of TokenizedDocuments, in one native call.

    options: a preset's name, or Options. threads: 1 is the caller's, 0 one per core; results do not depend on it, nor on how documents are batched.
    on_error: "raise" raises DataError for the first document that is bad input (SPEC A5), with its index and what is wrong; "return" puts that
    DataError in its place and aligns the others. report: receives counts and seconds.
    Results of one batch share memory, which lives as long as one of them does. Without NumPy, other fallbacks than mask take Python's time for each row.
    """
    options = checked_options(pair, options, on_error)
    documents = list(documents)
    results, errors = _align(pair, documents, options, threads)
    if errors:
        if on_error == "raise":
            raise errors[min(errors)]
        _explain_all(pair, documents, options, errors)
        for d, error in errors.items():
            results[d] = error
    if report is not None:
        report.count(documents, results)
    return results


def checked_options(pair: Any, options: Any, on_error: Any) -> Options:
    """The options of a call of align_batch, here or on a device. Raises TypeError or ValueError for arguments that are none."""
    if isinstance(options, str):
        options = Options.preset(options)
    if not isinstance(options, Options):
        raise TypeError(f"options is a {type(options).__name__}; expected a preset's name or Options.")
    if on_error not in ("raise", "return"):
        raise ValueError(f"on_error is {on_error!r}; expected 'raise' or 'return'.")
    if not isinstance(pair, VocabularyPair):
        raise TypeError(f"pair is a {type(pair).__name__}; expected a VocabularyPair.")
    return options


def _align(pair: VocabularyPair, documents: Sequence[PairLike], options: Options, threads: int) -> Tuple[List[Any], Dict[int, DataError]]:
    """Results by document, and errors by the index of documents that were refused; all of these but the first may lack their sentence."""
    own = native_options(options, threads)
    errors: Dict[int, DataError] = {}
    views: List[bytes] = []
    taken: List[Tuple[int, TokenizedDocument, int]] = []  # position, target, capacity
    keep: List[Any] = []
    needs_lse = options.fallback == "target" and options.mass == "tail"
    capacity_of = native().pta_align_capacity
    for d, document in enumerate(documents):
        source, target = document[0], document[1]
        if source.__class__ is not TokenizedDocument or target.__class__ is not TokenizedDocument:
            raise TypeError(f"documents[{d}] is no pair of TokenizedDocuments; expected (source, target).")
        if not (source.length and target.length) or needs_lse and target._arrays[3] is None:
            errors[d] = DataError(_refusal(source, target), d)
            continue
        prior = b"" if len(document) < 3 or document[2] is None else _prior(d, document[2], target, keep)  # type: ignore[misc]
        capacity = capacity_of(own, target.length, source.k, target.k)
        if capacity < 0:
            raise ValueError(last_error())
        views += (source._packed, target._packed, prior)
        taken.append((d, target, capacity))
    batch = _Batch(taken, options)
    batch.lay_out(views)
    if taken and batch.call(pair, own) == _abi.ERROR_DATA:
        errors.update(batch.refused())
    results: List[Any] = [None] * len(documents)
    batch.fill_in(results, options)
    return results, errors


def _explain_all(pair: VocabularyPair, documents: Sequence[PairLike], options: Options, errors: Dict[int, DataError]) -> None:
    """Gives each refused document its own sentence: the native side speaks of the first one only, so the others are asked for again."""
    for d, error in errors.items():
        if not error.reason:
            _, alone = _align(pair, [documents[d]], options, 1)
            errors[d] = DataError(alone[0].reason, d) if alone else error


def _refusal(source: TokenizedDocument, target: TokenizedDocument) -> str:
    """What is wrong with a document that the native side would not see as the document's own fault, or not see."""
    for side, view in (("source", source), ("target", target)):
        if view.length == 0:
            return f"the {side} has no tokens; remove empty documents."
    return "the target has no log-sum-exp, which mass tail needs; store it, or use mass renormalised."


def _prior(d: int, prior: AlignedDocument, target: TokenizedDocument, keep: List[Any]) -> bytes:
    if not isinstance(prior, AlignedDocument):
        raise TypeError(f"documents[{d}].prior is a {type(prior).__name__}; expected an AlignedDocument.")
    if len(prior) != target.length:
        raise ValueError(f"documents[{d}].prior has {len(prior)} rows for {target.length} target tokens; expected one each.")
    parts = (take("prior.starts", prior.starts, "i4"), take("prior.tokens", prior.tokens, "i4"), take("prior.values", prior.values, "f8"))
    keep.append(parts)
    return struct.pack("3Q", *(part.address for part in parts))


class _Scratches(threading.local):
    """This thread's room for entries that are copied afterwards, kept from call to call: fresh memory costs as much as filling it."""

    kept: Optional[Tuple[Any, int, Any, int]] = None

    def take(self, entries: int) -> Tuple[Any, int, Any, int]:
        """(tokens, their address, values, theirs) for at least so many entries; a call within a call finds none kept and makes its own."""
        kept, self.kept = self.kept, None
        if kept is None or len(kept[0]) < entries:
            kept = (*new_output("i4", (entries,)), *new_output("f8", (entries,)))
        return kept

    def give_back(self, scratch: Optional[Tuple[Any, int, Any, int]]) -> None:
        """Keeps it for the next call, unless it is very large."""
        if scratch is not None and len(scratch[0]) <= _MOST_KEPT:
            self.kept = scratch


_scratches = _Scratches()
_MOST_KEPT = 4 << 20
"""Entries of 12 bytes."""


class _Batch:
    """One native call: room for its results, the call itself, and its results as views of that room."""

    def __init__(self, taken: List[Tuple[int, TokenizedDocument, int]], options: Options) -> None:
        self.taken = taken
        self.lengths = [target.length for _, target, _ in taken]
        entries = sum(capacity for _, _, capacity in taken)
        rows = sum(self.lengths)
        self.starts, self.starts_address = new_output("i4", (rows + len(taken),))
        # With another fallback than mask, entries are copied to where they stay, so that their room may be used again.
        self.scratch = None if options.fallback == "mask" or numpy is None else _scratches.take(entries)
        if self.scratch is None:
            self.tokens, self.tokens_address = new_output("i4", (entries,))
            self.values, self.values_address = new_output("f8", (entries,))
        else:
            self.tokens, self.tokens_address, self.values, self.values_address = self.scratch
        room, self.rows_address = new_output("u1", (rows * ROW_BYTES,))
        self.rows = room if numpy is None else room.view(ROW_TYPE)
        self.documents = bytearray()
        self.documents_address = 0
        self.refused_places: List[int] = []

    def lay_out(self, views: List[bytes]) -> None:
        """Writes the documents' structs: of each its source's and its target's view and its prior, or nothing, and where its results go."""
        parts: List[bytes] = []
        row = entry = 0
        for n, (_, target, capacity) in enumerate(self.taken):
            source_view, target_view, prior = views[3 * n : 3 * n + 3]
            results = _PACK_RESULTS(
                0, 0, 0, capacity, self.starts_address + 4 * (row + n), self.tokens_address + 4 * entry, self.values_address + 8 * entry,
                self.rows_address + ROW_BYTES * row,
            )
            parts += (source_view, target_view, prior + results[24:] if prior else results)
            row += target.length
            entry += capacity
        self.documents = bytearray(b"".join(parts))
        self.documents_address = ctypes.addressof(ctypes.c_char.from_buffer(self.documents)) if parts else 0

    def call(self, pair: VocabularyPair, own: _abi.AlignOptions) -> int:
        """The native call: PTA_OK, or PTA_ERROR_DATA where a document was refused. Raises what else went wrong."""
        handle = pair._native(own.preset == _abi.PRESETS["reference"])
        with pair._serving(own.projection == _abi.PROJECTIONS["byte"]):
            status: int = native().pta_align_batch(workspace(), handle, own, self.documents_address, len(self.taken))
            return status if status == _abi.ERROR_DATA else check(status)

    def refused(self) -> Dict[int, DataError]:
        """Errors of the documents that the last call refused, the first of them with its sentence."""
        errors: Dict[int, DataError] = {}
        sentence = last_error()
        for n, (d, _, _) in enumerate(self.taken):
            if about(self.documents, n)[0] != _abi.OK:
                self.refused_places.append(n)
                own_place = f"document {n}: "
                errors[d] = DataError(sentence[len(own_place) :] if sentence.startswith(own_place) else sentence, d)
                sentence = ""
        return errors

    def fill_in(self, results: List[Any], options: Options) -> None:
        """Puts the aligned documents in their positions."""
        starts, tokens, values, entries = fill(self, options)
        _scratches.give_back(self.scratch)
        shared = Results(starts, tokens, values, self.rows, self.documents)
        row = 0
        for n, (d, target, _) in enumerate(self.taken):
            results[d] = AlignedDocument(shared, target.length, row, n, entries[n])
            row += target.length
        for n in self.refused_places:
            results[self.taken[n][0]] = None
