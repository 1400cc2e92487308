"""FuseLLM's hard and soft transfer, and PTA's, with the official signatures and results (SPEC B 3b.2, 3b.3)."""

from __future__ import annotations

import struct
from itertools import chain
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .._abi import MAX_CANDIDATES
from ..alignment import TokenizedDocument, align_batch
from ..errors import DataError
from ..options import Options
from ..rows import AlignedDocument
from .steps import DocumentSteps, Row, Transfer
from .tokenizers import pair_of, view_of

__all__ = ["Aligner", "Side", "reference_options", "transform_step_logits", "transform_step_logits_ot", "transform_step_logits_ot_batch"]

Rows = List[List[Any]]


def transform_step_logits(
    base_model_tokenizer: Any,
    blending_model_tokenizer: Any,
    base_model_vocab: Dict[str, int],
    base_model_input_ids: List[int],
    blending_model_input_ids: List[int],
    blending_model_per_step_logits: List[List[float]],
    blending_model_per_step_indices: List[List[int]],
    vocab_align_type: str = "hard",
    blending_to_base_mapping: Optional[Dict[str, str]] = None,
) -> Tuple[Rows, Rows]:
    """(logits, indices), a list for each base position: FuseLLM's transfer, hard by equal strings or soft through the map.

    A base token that is paired with one blending token of the same (or, soft, of its mapped) string gets that token's candidates that the base has, the
    first of duplicates; hard rows may be empty. All others get 1.0 on the current token. per_step lists may be longer than the ids, as padded ones are.
    Tokenizers: anything with convert_ids_to_tokens and get_vocab whose class is known, see register_tokenizer; what is read from them is kept, see view_of.

    Raises TokenizerClassError, which is a KeyError, for other classes; DataError for ids without a token, candidates without an entry in the map, lists
    that are too short and empty documents, where the official code fails; ValueError for another vocab_align_type.
    """
    aligner = Aligner(base_model_tokenizer, blending_model_tokenizer, base_model_vocab, vocab_align_type, blending_to_base_mapping)
    blending = Side(blending_model_input_ids, blending_model_per_step_indices, blending_model_per_step_logits)
    [rows] = aligner.align([(Side(base_model_input_ids, (), ()), blending)], threads=1)
    return _lists(rows)


def transform_step_logits_ot(
    base_model_tokenizer: Any,
    blending_model_tokenizer: Any,
    base_model_vocab: Dict[str, int],
    base_model_input_ids: List[int],
    blending_model_input_ids: List[int],
    blending_model_per_step_logits: List[List[float]],
    base_model_per_step_logits: List[List[float]],
    base_model_per_step_indices: List[List[int]],
    blending_model_per_step_indices: List[List[int]],
    vocab_align_type: str = "hard",
    blending_to_base_mapping: Optional[Dict[str, str]] = None,
    epsilon_input: float = 1e-5,
    logits_number: int = 10,
) -> Tuple[Rows, Rows]:
    """(logits, indices), a list for each base position: PTA's transfer. As transform_step_logits where vocab_align_type is "hard".

    In "soft" a row of at least logits_number mapped candidates becomes the row maxima of the official transport to the base's candidates, under the name of
    logits; it stays as transform_step_logits has it where there are fewer or the transport is not a number. Fewer than ten candidates, where the official
    code fails, are aligned like any other number. Errors as there.
    """
    logits, indices = transform_step_logits_ot_batch(
        base_model_tokenizer, blending_model_tokenizer, base_model_vocab, [base_model_input_ids], [blending_model_input_ids],
        [blending_model_per_step_logits], [base_model_per_step_logits], [base_model_per_step_indices], [blending_model_per_step_indices], vocab_align_type,
        blending_to_base_mapping, epsilon_input, logits_number, threads=1,
    )
    return logits[0], indices[0]


def transform_step_logits_ot_batch(
    base_model_tokenizer: Any,
    blending_model_tokenizer: Any,
    base_model_vocab: Dict[str, int],
    base_model_input_ids: Sequence[List[int]],
    blending_model_input_ids: Sequence[List[int]],
    blending_model_per_step_logits: Sequence[List[List[float]]],
    base_model_per_step_logits: Sequence[List[List[float]]],
    base_model_per_step_indices: Sequence[List[List[int]]],
    blending_model_per_step_indices: Sequence[List[List[int]]],
    vocab_align_type: str = "hard",
    blending_to_base_mapping: Optional[Dict[str, str]] = None,
    epsilon_input: float = 1e-5,
    logits_number: int = 10,
    *,
    threads: int = 0,
) -> Tuple[List[Rows], List[Rows]]:
    """(logits, indices) of many documents: each argument that belongs to a document is a list of them; one native call in "soft".

    threads: 0 is one per core; results do not depend on it. A DataError says which document.
    """
    sides = (base_model_input_ids, base_model_per_step_indices, base_model_per_step_logits)
    others = (blending_model_input_ids, blending_model_per_step_indices, blending_model_per_step_logits)
    for column in (*sides, *others):
        if len(column) != len(base_model_input_ids):
            raise ValueError(f"the documents' lists have {len(base_model_input_ids)} and {len(column)} entries; expected one for each document.")
    aligner = Aligner(
        base_model_tokenizer, blending_model_tokenizer, base_model_vocab, vocab_align_type, blending_to_base_mapping, epsilon_input, logits_number,
    )
    results = [_lists(rows) for rows in aligner.align(list(zip(map(Side, *sides), map(Side, *others))), threads)]
    return [r[0] for r in results], [r[1] for r in results]


class Side(NamedTuple):
    """One model's view of a document: ids [length], indices and logits [at least length][k]; lists or arrays."""

    ids: Any
    indices: Any
    logits: Any


class Aligner:
    """The official step with its settings, for any number of documents."""

    def __init__(
        self, base: Any, blending: Any, base_vocab: Mapping[str, int], vocab_align_type: str, mapping: Optional[Mapping[str, str]],
        epsilon: float = 1e-5, logits_number: Optional[int] = None,
    ) -> None:
        """logits_number: the transport's window; None leaves the transport out, as FuseLLM does. ValueError for settings that are none."""
        if vocab_align_type not in ("hard", "soft"):
            raise ValueError(f"vocab_align_type is {vocab_align_type!r}; expected 'hard' or 'soft'.")
        if vocab_align_type == "soft" and mapping is None:
            raise ValueError("vocab_align_type 'soft' needs blending_to_base_mapping; the command vocab_mapping of ptakernels.fusellm makes one.")
        if logits_number is not None and logits_number < 1:
            raise ValueError(f"logits_number is {logits_number}; expected 1 or more.")
        self._mapping = mapping if vocab_align_type == "soft" else None
        self._window = 0 if logits_number is None or self._mapping is None else logits_number
        self._reads_base = logits_number is not None
        self._epsilon = epsilon
        self._base, self._blending = view_of(base), view_of(blending)
        self._transfer = Transfer(self._blending, self._base, base_vocab, self._mapping)

    def align(self, documents: Sequence[Tuple[Side, Side]], threads: int) -> List[Union[AlignedDocument, List[Row]]]:
        """The rows of each (base, blending). DataError says which document it is about, where there are several."""
        results: List[Any] = [None] * len(documents)
        places, views = [], []
        for d, (base, blending) in enumerate(documents):
            try:
                self._require_rows(base, blending)
                pair = self._native_views(base, blending)
                if pair is not None:
                    places.append(d)
                    views.append(pair)
                else:
                    results[d] = self._plainly(base, blending)
            except DataError as error:
                raise _placed(error, d, len(documents)) from None
        if views:
            options = reference_options(self._window, self._epsilon)
            try:
                found = align_batch(pair_of(self._blending, self._base, self._mapping), views, options, threads=threads)  # type: ignore[arg-type]
            except DataError as error:
                raise _placed(error, places[error.index or 0], len(documents)) from None
            for d, aligned in zip(places, found):
                results[d] = aligned
        return results

    def _require_rows(self, base: Side, blending: Side) -> None:
        for name, side, is_read in (("blending", blending, True), ("base", base, self._reads_base)):
            if len(side.ids) == 0:
                raise DataError(f"the {name} has no tokens; remove empty documents.")
            rows = min(len(side.indices), len(side.logits))
            if is_read and rows < len(side.ids):
                raise DataError(f"the {name} has {rows} rows of candidates for {len(side.ids)} tokens; run the model again for this document.")

    def _plainly(self, base: Side, blending: Side) -> List[Row]:
        base, blending = (Side(*map(_numbers, side)) for side in (base, blending))
        steps = DocumentSteps(base.logits, base.indices, self._window, self._epsilon) if self._window else None
        return self._transfer.rows(base.ids, blending.ids, blending.logits, blending.indices, steps)

    def _native_views(self, base: Side, blending: Side) -> Optional[Tuple[TokenizedDocument, TokenizedDocument]]:
        """Both views of a document, or None where the plain steps do what the official code does: no transport, other shapes, another vocabulary."""
        if self._window == 0 or not self._transfer.is_by_id:
            return None
        views = []
        for side in (blending, base):
            candidates, logits = _matrix(side.indices, len(side.ids), "i"), _matrix(side.logits, len(side.ids), "d")
            if candidates is None or logits is None or candidates.shape != logits.shape or not self._window <= candidates.shape[1] <= MAX_CANDIDATES:
                return None
            views.append(TokenizedDocument(side.ids, candidates, logits))
        return views[0], views[1]


def reference_options(logits_number: int, epsilon_input: float) -> Options:
    """Preset reference with the two settings that the official step has."""
    return Options.preset("reference", window=logits_number, tolerance=epsilon_input, measure_signal=False)


def _placed(error: DataError, document: int, documents: int) -> DataError:
    return DataError(error.reason) if documents == 1 else DataError(error.reason, document)


def _numbers(value: Any) -> Any:
    """An array as lists; lists as they are."""
    return value.tolist() if hasattr(value, "tolist") else value


def _matrix(rows: Any, length: int, code: str) -> Any:
    """The first rows as a matrix, or None where they have different lengths or are no numbers."""
    rows = rows[:length]
    if hasattr(rows, "shape"):
        return rows if len(rows.shape) == 2 else None
    width, *others = set(map(len, rows))
    if width == 0 or others:
        return None
    try:
        flat = struct.pack(f"{length * width}{code}", *chain.from_iterable(rows))
    except struct.error:
        return None
    return memoryview(flat).cast(code, [length, width])


def _lists(rows: Union[AlignedDocument, List[Row]]) -> Tuple[Rows, Rows]:
    if isinstance(rows, list):
        return [values for _, values in rows], [tokens for tokens, _ in rows]
    starts, tokens, values = rows.starts.tolist(), rows.tokens.tolist(), rows.values.tolist()
    bounds = list(zip(starts, starts[1:]))
    return [values[a:b] for a, b in bounds], [tokens[a:b] for a, b in bounds]
