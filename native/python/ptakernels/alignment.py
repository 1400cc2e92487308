"""Whole documents: a target's and a source's view of each in, fused rows out (SPEC A2). One native call per batch."""

from __future__ import annotations

import ctypes
import struct
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

from . import _abi
from ._arrays import Input, new_output, numpy, take
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
        tokens = take("ids", ids, "i4", 1)
        length = tokens.size
        if length == 0:
            # An empty document is bad data, which align_batch reports; its candidates have no k.
            self.length, self.k, self.id, self._arrays, self._packed = 0, 1, id, (tokens,), bytes(48)
            return
        candidates = take("indices", indices, "i4", None, (length, None))
        k = candidates.shape[1]
        if not 1 <= k <= _abi.MAX_CANDIDATES:
            raise ValueError(f"indices has {k} candidates a row; expected 1..{_abi.MAX_CANDIDATES}.")
        logits = take("values", values, "f8", None, (length, k))
        sums = None if lse is None else take("lse", lse, "f8", None, (length,))
        bounds = None if spans is None else take("spans", spans, "i4", None, (length, 2))
        self.length = length
        self.k = k
        self.id = id
        self._arrays: Tuple[Optional[Input], ...] = (tokens, candidates, logits, sums, bounds)
        self._packed = _PACK_VIEW(
            tokens.address, candidates.address, logits.address, 0 if sums is None else sums.address, 0 if bounds is None else bounds.address, length, k,
        )

    def __len__(self) -> int:
        """Number of tokens."""
        return self.length

    def __repr__(self) -> str:
        return f"<TokenizedDocument{'' if self.id is None else f' {self.id!r}'}: {self.length} tokens, {self.k} candidates>"

    @property
    def ids(self) -> Any:
        """[length] token ids, a view."""
        return self._arrays[0].array()  # type: ignore[union-attr]

    @property
    def indices(self) -> Any:
        """[length * k] candidate ids, a view."""
        return self._arrays[1].array()  # type: ignore[union-attr]

    @property
    def values(self) -> Any:
        """[length * k] logits, a view."""
        return self._arrays[2].array()  # type: ignore[union-attr]

    @property
    def lse(self) -> Any:
        """[length] log-sum-exps, a view, or None."""
        return self._arrays[3].array() if len(self._arrays) > 3 and self._arrays[3] is not None else None


class DocumentPair(NamedTuple):
    """Two models' views of one document. prior: D_(s-1) of SPEC A3.5, preset paper from the second source on; see fold."""

    source: TokenizedDocument
    target: TokenizedDocument
    prior: Optional[AlignedDocument] = None


PairLike = Union[DocumentPair, Tuple[TokenizedDocument, TokenizedDocument], Tuple[TokenizedDocument, TokenizedDocument, Optional[AlignedDocument]]]


def align_batch(
    pair: VocabularyPair, documents: Sequence[PairLike], options: Union[str, Options] = DEFAULT_PRESET, *, threads: int = 1, on_error: str = "raise",
    report: Optional[AlignmentReport] = None,
) -> List[Union[AlignedDocument, DataError]]:
    """Aligns documents, each a (source, target) pair of TokenizedDocuments, in one native call.

    options: a preset's name, or Options. threads: 1 is the caller's, 0 one per core; results do not depend on it, nor on how documents are batched.
    on_error: "raise" raises DataError for the first document that is bad input (SPEC A5), with its index and what is wrong; "return" puts that
    DataError in its place and aligns the others. report: receives counts and seconds.
    Results of one batch share memory, which lives as long as one of them does. Without NumPy, other fallbacks than mask take Python's time for each row.
    """
    if isinstance(options, str):
        options = Options.preset(options)
    if not isinstance(options, Options):
        raise TypeError(f"options is a {type(options).__name__}; expected a preset's name or Options.")
    if on_error not in ("raise", "return"):
        raise ValueError(f"on_error is {on_error!r}; expected 'raise' or 'return'.")
    if not isinstance(pair, VocabularyPair):
        raise TypeError(f"pair is a {type(pair).__name__}; expected a VocabularyPair.")
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


def _align(pair: VocabularyPair, documents: Sequence[PairLike], options: Options, threads: int) -> Tuple[List[Any], dict]:
    """Results by document, and errors by the index of documents that were refused; all of these but the first may lack their sentence."""
    own = native_options(options, threads)
    errors = {}
    views: List[bytes] = []
    taken: List[Tuple[int, TokenizedDocument, int]] = []  # position, target, capacity
    keep = []
    for d, document in enumerate(documents):
        source, target, *rest = document
        if source.__class__ is not TokenizedDocument or target.__class__ is not TokenizedDocument:
            raise TypeError(f"documents[{d}] is no pair of TokenizedDocuments; expected (source, target).")
        refusal = _refusal(source, target, options)
        if refusal is not None:
            errors[d] = DataError(refusal, d)
            continue
        prior = b"" if not rest or rest[0] is None else _prior(d, rest[0], target, keep)
        capacity = native().pta_align_capacity(own, target.length, source.k, target.k)
        if capacity < 0:
            raise ValueError(last_error())
        views += (source._packed, target._packed, prior)
        taken.append((d, target, capacity))
    batch = _Batch(taken)
    batch.lay_out(views)
    if taken and batch.call(pair, own) == _abi.ERROR_DATA:
        errors.update(batch.refused())
    results: List[Any] = [None] * len(documents)
    batch.fill_in(results, options)
    return results, errors


def _explain_all(pair: VocabularyPair, documents: Sequence[PairLike], options: Options, errors: dict) -> None:
    """Gives each refused document its own sentence: the native side speaks of the first one only, so the others are asked for again."""
    for d, error in errors.items():
        if not error.reason:
            _, alone = _align(pair, [documents[d]], options, 1)
            errors[d] = DataError(alone[0].reason, d)


def _refusal(source: TokenizedDocument, target: TokenizedDocument, options: Options) -> Optional[str]:
    """What is wrong with a document that the native side would not see as the document's own fault, or not see."""
    for side, view in (("source", source), ("target", target)):
        if view.length == 0:
            return f"the {side} has no tokens; remove empty documents."
    if options.fallback == "target" and options.mass == "tail" and target._arrays[3] is None:
        return "the target has no log-sum-exp, which mass tail needs; store it, or use mass renormalised."
    return None


def _prior(d: int, prior: AlignedDocument, target: TokenizedDocument, keep: List[Any]) -> bytes:
    if not isinstance(prior, AlignedDocument):
        raise TypeError(f"documents[{d}].prior is a {type(prior).__name__}; expected an AlignedDocument.")
    if len(prior) != target.length:
        raise ValueError(f"documents[{d}].prior has {len(prior)} rows for {target.length} target tokens; expected one each.")
    parts = (take("prior.starts", prior.starts, "i4"), take("prior.tokens", prior.tokens, "i4"), take("prior.values", prior.values, "f8"))
    keep.append(parts)
    return struct.pack("3Q", *(part.address for part in parts))


class _Batch:
    """One native call: room for its results, the call itself, and its results as views of that room."""

    def __init__(self, taken: List[Tuple[int, TokenizedDocument, int]]) -> None:
        self.taken = taken
        self.lengths = [target.length for _, target, _ in taken]
        entries = sum(capacity for _, _, capacity in taken)
        rows = sum(self.lengths)
        self.starts, self.starts_address = new_output("i4", (rows + len(taken),))
        self.tokens, self.tokens_address = new_output("i4", (entries,))
        self.values, self.values_address = new_output("f8", (entries,))
        room, self.rows_address = new_output("u1", (rows * ROW_BYTES,))
        self.rows = room if numpy is None else room.view(ROW_TYPE)
        self.documents = bytearray()
        self.documents_address = 0
        self.refused_places: List[int] = []

    def lay_out(self, views: List[bytes]) -> None:
        """Writes the documents' structs: of each its source's and its target's view and its prior, or nothing, and where its results go."""
        parts = []
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
        with pair._serving(own.projection == _abi.PROJECTION_BYTE):
            status = native().pta_align_batch(workspace(), handle, own, self.documents_address, len(self.taken))
            return status if status == _abi.ERROR_DATA else check(status)

    def refused(self) -> dict:
        """Errors of the documents that the last call refused, the first of them with its sentence."""
        errors, sentence = {}, last_error()
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
        shared = Results(starts, tokens, values, self.rows, self.documents)
        row = 0
        for n, (d, target, _) in enumerate(self.taken):
            results[d] = AlignedDocument(shared, target.length, row, n, entries[n])
            row += target.length
        for n in self.refused_places:
            results[self.taken[n][0]] = None
