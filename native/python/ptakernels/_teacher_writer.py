"""Writes a teacher's candidates as a compact store, document after document."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ._arrow_columns import Column, column_of
from ._arrow_schema import Field, type_of
from ._candidates import candidates_of
from ._durable import CommittedOnExit
from ._numpy import numpy as np
from ._store_format import (FORMAT, ID_ENCODINGS, MAX_K, NUMBER_TYPES, SCHEMA_VERSION, StoreHeader, StoreTokenizer, TEACHER, TokenIds, VALUE_KINDS, sum_type,
                            usual_encoding)
from ._store_writer import ShardedWriter
from .errors import DataError

_DOCUMENTS_OF_BATCH, _TOKENS_OF_BATCH = 32, 1 << 16
_MOST_BYTES = 65535  # of a token's text, where lengths are kept instead of offsets
_TEXT = "text"

Numbers = Union[np.ndarray, Sequence[float]]


class TeacherStoreWriter(CommittedOnExit):
    """Writes a model's next-token candidates as a store that ``pta align`` and ``TeacherStore`` read.

    ::

        with TeacherStoreWriter("teacher.store", vocabulary) as store:
            for name, ids, logits in documents:
                store.add(name, ids, logits)

    Row t of a document is the distribution of the token after position t. Leaving the ``with`` block commits; after an exception, or a kill, the finished
    shards stay in ``NAME.partial``, and a writer with ``resume=True`` and the same settings goes on behind them: skip the first ``writer.documents``
    documents. The same documents give the same bytes, interrupted or not. Not thread-safe.
    """

    def __init__(
        self, path: Union[str, "os.PathLike[str]"], vocabulary: Any, k: int = 20, value_kind: str = "logprob", *, values: str = "float16",
        ids: Optional[str] = None, shard_tokens: int = 1_000_000, split: str = "", keep_text: bool = False, program: str = "ptakernels for Python",
        options: Optional[Mapping[str, str]] = None, inputs: Sequence[Tuple[str, str]] = (), replace: bool = False, resume: bool = False,
    ) -> None:
        """Starts a store, or goes on with one.

        ``vocabulary`` is the model's: a Vocabulary, or a StoreTokenizer. ``k``: candidates per position, 1..64. ``value_kind``: ``logprob``, natural
        logarithms of probabilities, or ``raw_logit``, with each row's log-sum-exp where known. ``values``: their type. ``ids``: ``u16``, ``u32`` or
        ``packed``; by default 16 bits up to 65,536 tokens, else packed. ``shard_tokens``: tokens of a shard, what a stopped run loses at most.
        ``keep_text``: whether texts are kept in a column. ``program``, ``options`` and ``inputs`` (names and identities of what was read) go into the
        manifest, for people. ValueError for settings out of range, DataError where the name is taken.
        """
        tokenizer = StoreTokenizer.of(vocabulary)
        if not 1 <= k <= min(MAX_K, tokenizer.tokens):
            raise ValueError(f"k is {k}; it must be 1..{min(MAX_K, tokenizer.tokens)}.")
        for name, value, allowed in (("value_kind", value_kind, VALUE_KINDS), ("values", values, NUMBER_TYPES), ("ids", ids or "u32", ID_ENCODINGS)):
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}; it must be {', '.join(allowed)}.")
        if ids == "u16" and tokenizer.tokens > 1 << 16:
            raise ValueError(f"ids u16 holds ids below 65,536, and the vocabulary has {tokenizer.tokens} tokens; take packed or u32.")
        if shard_tokens < 1:
            raise ValueError(f"shard_tokens is {shard_tokens}; it must be at least 1.")
        self._header = StoreHeader({
            "format": FORMAT, "schema": SCHEMA_VERSION, "kind": TEACHER, "tokenizer": asdict(tokenizer),
            "ids": ids or usual_encoding(tokenizer.tokens), "values": values, "splits": [split],
            "producer": {"program": program, "command": [], "options": dict(options or {}), "inputs": [{"path": p, "identity": i} for p, i in inputs]},
            "shard_tokens": shard_tokens, "zstd": False, "k": k, "value_kind": value_kind, "label_type": "float64" if values == "float64" else "float32",
            "official": False, "others": [{"key": _TEXT, "value": "utf8"}] if keep_text else [],
        })
        self._encoding, self._keep_text = TokenIds(self._header.content["ids"], tokenizer.tokens), keep_text
        self._chosen = _ids_with_token(vocabulary, tokenizer.tokens)
        others = [Field(_TEXT, type_of("utf8"))] if keep_text else []
        self._fields = self._header.schema(others).fields
        self._waiting: List[Dict[str, Any]] = []
        self._waiting_tokens = 0
        self._writer = ShardedWriter(os.fspath(path), self._header, others, split, replace, resume)
        self._documents = self._writer.documents

    @property
    def documents(self) -> int:
        """Documents so far, with those that a stopped run left: skip as many when going on."""
        return self._documents

    @property
    def k(self) -> int:
        """Candidates per position."""
        return self._header.k

    @property
    def value_kind(self) -> str:
        """``raw_logit`` or ``logprob``."""
        return self._header.content["value_kind"]

    @property
    def tokenizer(self) -> StoreTokenizer:
        """The model's tokenizer."""
        return self._header.tokenizer

    def add(self, id: Optional[str], input_ids: Any, logits: Any, *, text: Optional[str] = None, byte_offsets: Optional[Any] = None) -> None:
        """Adds a document from the model's own logits.

        ``input_ids`` [length]. ``logits`` [length, at least the vocabulary's size]: NumPy, or a torch tensor on any device, of any floating type; only k
        columns leave the device. The k largest are kept, equal ones by id ascending; ids from the vocabulary's size on, and ids without a token, take no
        part. Log-sum-exps and the cross-entropies of the next tokens are computed in float32 with sums in float64 (in float64 where the logits are).
        ``text``: the document's. ``byte_offsets`` [length, 2]: where each token's bytes begin and end in its UTF-8; None: from the tokens' own bytes.
        DataError where the document does not fit, with the row of a logit that is NaN or +Infinity (SPEC A5); nothing of it is written then.
        """
        tokens = self._ids_of(id, input_ids)
        try:
            rows = candidates_of(logits, tokens, self.k, self._encoding.tokens, self._chosen)
        except ValueError as error:
            raise DataError(f"{self._where(id)}: {error}.") from error
        labels = rows.log_sum_exp[:-1] - rows.own
        mean = float(labels.mean()) if len(labels) else None
        self._add(id, tokens, rows.ids, rows.logits.astype(np.float64), rows.log_sum_exp, labels, mean, text, byte_offsets)

    def add_rows(
        self, id: Optional[str], input_ids: Any, candidates: Any, values: Any, *, log_sum_exp: Optional[Any] = None, label_cross_entropy: Optional[Any] = None,
        mean_cross_entropy: Optional[float] = None, text: Optional[str] = None, byte_offsets: Optional[Any] = None,
    ) -> None:
        """Adds a document from candidates that were chosen before.

        ``candidates`` and ``values`` [length, k], best first: logits, or log-probabilities. With ``log_sum_exp`` [length] the values are logits; a store of
        log-probabilities subtracts it. ``label_cross_entropy`` [length - 1] in nats; its mean is ``mean_cross_entropy`` where that is not given. DataError
        as for ``add``.
        """
        tokens, where = self._ids_of(id, input_ids), self._where(id)
        ids, numbers = _integers(candidates, where, "candidates"), np.asarray(values, np.float64)
        for name, array in (("candidates", ids), ("values", numbers)):
            if array.shape != (len(tokens), self.k):
                raise DataError(f"{where}: {name} have shape {array.shape} and not {(len(tokens), self.k)}.")
        self._require_ids(ids.reshape(-1), where, "candidates", self.k)
        if (bad := np.flatnonzero(np.isnan(numbers).any(1) | (numbers == np.inf).any(1) | (numbers[:, 1:] > numbers[:, :-1]).any(1))).size:
            raise DataError(f"{where}, row {bad[0]}: a value is NaN or +Infinity, or larger than one before it; give the best first.")
        sums = _sized(log_sum_exp, len(tokens), where, "log_sum_exp")
        labels = _sized(label_cross_entropy, len(tokens) - 1, where, "label_cross_entropy")
        if mean_cross_entropy is None and labels is not None and len(labels):
            mean_cross_entropy = float(labels.mean())
        self._add(id, tokens, ids, numbers, sums, labels, mean_cross_entropy, text, byte_offsets)

    def commit(self) -> None:
        """Publishes the store."""
        self._end_batch()
        self._writer.commit()

    def close(self) -> None:
        """Stops; without ``commit`` the finished shards stay in ``NAME.partial``."""
        self._writer.close()

    def _add(self, id: Optional[str], tokens: np.ndarray, candidates: np.ndarray, values: np.ndarray, sums: Optional[np.ndarray], labels: Optional[np.ndarray],
             mean: Optional[float], text: Optional[str], byte_offsets: Optional[Any]) -> None:
        where, content = self._where(id), self._header.content
        if content["value_kind"] == "logprob":
            values, sums = values if sums is None else values - sums[:, None], None
        try:
            encoded = None if text is None else text.encode()
        except UnicodeEncodeError as error:
            raise DataError(f"{where}: its text is no Unicode: {error.reason} at character {error.start}.") from error
        lengths, offsets, text_bytes = _spans(byte_offsets, len(tokens), encoded, where)
        row = {
            "id": None if id is None else str(id), "text_bytes": text_bytes, "input_ids": self._encoding.encode(tokens),
            "candidates": self._encoding.encode(candidates.reshape(-1)), "values": _narrow(values.reshape(-1), content["values"], where, "values"),
            "log_sum_exp": _narrow(sums, sum_type(content["values"]), where, "log_sum_exp"),
            "label_cross_entropy": _narrow(labels, content["label_type"], where, "label_cross_entropy"), "mean_cross_entropy": mean,
            "byte_lengths": lengths, "byte_offsets": offsets,
        }
        if self._keep_text:
            row[_TEXT] = text
        self._waiting.append({"tokens": len(tokens), **row})
        self._waiting_tokens += len(tokens)
        self._documents += 1
        if len(self._waiting) == _DOCUMENTS_OF_BATCH or self._waiting_tokens >= _TOKENS_OF_BATCH:
            self._end_batch()

    def _end_batch(self) -> None:
        if not self._waiting:
            return
        columns: List[Column] = [_column(field, [row[field.name] for row in self._waiting]) for field in self._fields]
        self._writer.append(columns, self._documents - len(self._waiting), self._waiting_tokens, sum(row["text_bytes"] or 0 for row in self._waiting))
        self._waiting, self._waiting_tokens = [], 0

    def _where(self, id: Optional[str]) -> str:
        return f"document {self._documents}" if id is None else f"document {self._documents} ({id})"

    def _ids_of(self, id: Optional[str], input_ids: Any) -> np.ndarray:
        tokens, where = _integers(input_ids, self._where(id), "input_ids"), self._where(id)
        if tokens.ndim != 1 or not len(tokens):
            raise DataError(f"{where}: input_ids of shape {tokens.shape} are no document; leave empty ones out.")
        self._require_ids(tokens, where, "input_ids", 1)
        return tokens

    def _require_ids(self, ids: np.ndarray, where: str, column: str, per_row: int) -> None:
        bad = (ids < 0) | (ids >= self._encoding.tokens)
        if self._chosen is not None:
            bad |= ~np.isin(ids, self._chosen)
        if bad.any():
            at = int(np.argmax(bad))
            raise DataError(f"{where}, {column}, row {at // per_row}: {ids[at]} is no token of {self.tokenizer.name}, which has {self._encoding.tokens}; "
                            "give the tokenizer that made the ids.")


def _ids_with_token(vocabulary: Any, count: int) -> Optional[np.ndarray]:
    """Ids that have a token, ascending; None where all have."""
    if not hasattr(vocabulary, "string"):
        return None
    chosen = [i for i in range(count) if vocabulary.string(i) is not None]
    return None if len(chosen) == count else np.array(chosen, np.int64)


def _integers(values: Any, where: str, column: str) -> np.ndarray:
    array = values.detach().cpu().numpy() if hasattr(values, "detach") else np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise DataError(f"{where}: {column} are of type {array.dtype}, which are no ids.")
    return array.astype(np.int64)


def _sized(values: Optional[Any], count: int, where: str, column: str) -> Optional[np.ndarray]:
    if values is None:
        return None
    array = np.asarray(values, np.float64)
    if array.shape != (count,) or np.isnan(array).any():
        raise DataError(f"{where}: {column} of shape {array.shape} are not {count} numbers.")
    return array


def _narrow(values: Optional[np.ndarray], type: str, where: str, column: str) -> Optional[np.ndarray]:
    """Numbers of a store's type, rounded to nearest; what is below its range becomes -Infinity, what is above is refused."""
    if values is None:
        return None
    with np.errstate(over="ignore"):
        narrow = values.astype(type)
    over = (narrow == np.inf) & (values < np.inf)
    if over.any():
        raise DataError(f"{where}, {column}, value {np.argmax(over)}: {values[np.argmax(over)]} is beyond {type}; take values='float32'.")
    return narrow


def _spans(byte_offsets: Optional[Any], length: int, text: Optional[bytes], where: str) -> Tuple[Optional[np.ndarray], Optional[np.ndarray], Optional[int]]:
    """Spans as lengths where they follow one another from 0, else as they are; and the bytes of the text."""
    if byte_offsets is None:
        return None, None, None if text is None else len(text)
    spans = _integers(byte_offsets, where, "byte_offsets")
    if spans.shape != (length, 2):
        raise DataError(f"{where}: byte_offsets have shape {spans.shape} and not {(length, 2)}.")
    most = int(spans.max())
    if spans.min() < 0 or (spans[:, 1] < spans[:, 0]).any() or most > (2 ** 31 - 1 if text is None else len(text)):
        raise DataError(f"{where}: byte_offsets run from {spans.min()} to {most}, which is outside of the text; give offsets into its UTF-8 bytes.")
    lengths = spans[:, 1] - spans[:, 0]
    if spans[0, 0] == 0 and (spans[1:, 0] == spans[:-1, 1]).all() and lengths.max() <= _MOST_BYTES:
        return lengths.astype(np.uint16), None, most
    return None, spans.reshape(-1).astype(np.int32), most


def _column(field: Field, rows: List[Any]) -> Column:
    return column_of(field.type, [r.tobytes() if field.type.name == "binary" else r for r in rows])
