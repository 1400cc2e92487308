"""FuseLLM's hard and soft transfer, and PTA's, with the official signatures and results (SPEC B 3b.2, 3b.3)."""

from __future__ import annotations

import struct
from itertools import chain
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..alignment import TokenizedDocument, align_batch
from ..errors import DataError
from ..options import Options
from .steps import DocumentSteps, Transfer
from .tokenizers import TokenizerView, pair_of, view_of

__all__ = ["reference_options", "transform_step_logits", "transform_step_logits_ot", "transform_step_logits_ot_batch"]

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
    target, source = view_of(base_model_tokenizer), view_of(blending_model_tokenizer)
    transfer = Transfer(source, target, base_model_vocab, _mapping(vocab_align_type, blending_to_base_mapping))
    return _plain(transfer, base_model_input_ids, blending_model_input_ids, blending_model_per_step_logits, blending_model_per_step_indices)


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
    mapping = _mapping(vocab_align_type, blending_to_base_mapping)
    if logits_number < 1:
        raise ValueError(f"logits_number is {logits_number}; expected 1 or more.")
    target, source = view_of(base_model_tokenizer), view_of(blending_model_tokenizer)
    transfer = Transfer(source, target, base_model_vocab, mapping)
    sides = (base_model_input_ids, base_model_per_step_indices, base_model_per_step_logits)
    others = (blending_model_input_ids, blending_model_per_step_indices, blending_model_per_step_logits)
    for column in (*sides, *others):
        if len(column) != len(base_model_input_ids):
            raise ValueError(f"the documents' lists have {len(base_model_input_ids)} and {len(column)} entries; expected one for each document.")
    results: List[Any] = [None] * len(base_model_input_ids)
    places, documents = [], []
    for d, (base, blending) in enumerate(zip(zip(*sides), zip(*others))):
        pair = None if mapping is None else _native_views(transfer, base, blending, logits_number)
        if pair is not None:
            places.append(d)
            documents.append(pair)
            continue
        window = 0 if mapping is None else logits_number
        try:
            results[d] = _plain(transfer, base[0], blending[0], blending[2], blending[1], DocumentSteps(base[2], base[1], window, epsilon_input))
        except DataError as error:
            raise _placed(error, d, len(results)) from None
    if documents:
        options = reference_options(logits_number, epsilon_input)
        try:
            found = align_batch(pair_of(source, target, mapping), documents, options, threads=threads)  # type: ignore[arg-type]
        except DataError as error:
            raise _placed(error, places[error.index or 0], len(results)) from None
        for d, aligned in zip(places, found):
            results[d] = _lists(aligned)
    return [r[0] for r in results], [r[1] for r in results]


def reference_options(logits_number: int, epsilon_input: float) -> Options:
    """Preset reference with the two settings that the official step has."""
    return Options.preset("reference", window=logits_number, tolerance=epsilon_input, measure_signal=False)


def _mapping(vocab_align_type: str, mapping: Optional[Mapping[str, str]]) -> Optional[Mapping[str, str]]:
    if vocab_align_type not in ("hard", "soft"):
        raise ValueError(f"vocab_align_type is {vocab_align_type!r}; expected 'hard' or 'soft'.")
    if vocab_align_type == "hard":
        return None
    if mapping is None:
        raise ValueError("vocab_align_type 'soft' needs blending_to_base_mapping; the command vocab_mapping of ptakernels.fusellm makes one.")
    return mapping


def _placed(error: DataError, document: int, documents: int) -> DataError:
    return DataError(error.reason) if documents == 1 else DataError(error.reason, document)


def _plain(
    transfer: Transfer, base_ids: Sequence[int], blending_ids: Sequence[int], logits: Any, indices: Any, steps: Optional[DocumentSteps] = None,
) -> Tuple[Rows, Rows]:
    base_ids, blending_ids = _numbers(base_ids), _numbers(blending_ids)
    rows = transfer.rows(base_ids, blending_ids, _numbers(logits), _numbers(indices), steps)
    return [values for _, values in rows], [tokens for tokens, _ in rows]


def _numbers(value: Any) -> Any:
    """An array as lists; lists as they are."""
    return value.tolist() if hasattr(value, "tolist") else value


def _native_views(transfer: Transfer, base: Sequence[Any], blending: Sequence[Any], window: int) -> Optional[Tuple[TokenizedDocument, TokenizedDocument]]:
    """Both views of a document, or None where only the plain steps do as the official code does: other shapes, another vocabulary, too wide a window."""
    if not transfer.is_by_id or not len(base[0]) or not len(blending[0]):
        return None
    views = []
    for ids, indices, values in (blending, base):
        length = len(ids)
        candidates, logits = _matrix(indices, length, "i"), _matrix(values, length, "d")
        if candidates is None or logits is None or candidates.shape != logits.shape or not window <= candidates.shape[1] <= 64:
            return None
        views.append(TokenizedDocument(ids, candidates, logits))
    return views[0], views[1]


def _matrix(rows: Any, length: int, code: str) -> Any:
    """The first rows as a matrix, or None where there are too few or they have different lengths."""
    if len(rows) < length:
        return None
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


def _lists(aligned: Any) -> Tuple[Rows, Rows]:
    starts, tokens, values = aligned.starts.tolist(), aligned.tokens.tolist(), aligned.values.tolist()
    bounds = list(zip(starts, starts[1:]))
    return [values[a:b] for a, b in bounds], [tokens[a:b] for a, b in bounds]
