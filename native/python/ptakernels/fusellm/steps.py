"""The official transfer step by step in Python: hard and soft always, the transport where a document's shape is none of the native library's."""

from __future__ import annotations

import logging
import math
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import kernels
from .._arrays import numpy
from ..errors import DataError
from .tokenizers import TokenizerView
from .transport import compute_optimal_transport, merge_lists, return_pair
from .warping import pair_tokens

__all__ = ["DocumentSteps", "Row", "Transfer"]

_LAMBDA = 30
"""Of the official transport: one over the entropic weight in edits (SPEC B 3b.3, O11)."""

_logger = logging.getLogger(__name__)

Row = Tuple[List[int], List[Any]]
"""Tokens and values."""


class DocumentSteps(NamedTuple):
    """The base's own candidates, and the transport's settings; window 0 means that there is none."""

    logits: Any
    indices: Any
    window: int
    epsilon: float


class Transfer:
    """From a source's candidates to the target's tokens by the official rules: by equal strings where mapping is None, else through the map."""

    def __init__(self, source: TokenizerView, target: TokenizerView, target_vocab: Mapping[str, int], mapping: Optional[Mapping[str, str]]) -> None:
        self._source, self._target, self._vocab, self._mapping = source, target, target_vocab, mapping
        self._found: Dict[int, Optional[int]] = {}

    @property
    def is_by_id(self) -> bool:
        """Whether ids and strings say the same: each string stands once, and the target's dict is its tokenizer's own, as far as its size tells."""
        return len(self._vocab) == self._target.count and self._target.is_unique and self._source.is_unique

    def rows(self, target_ids: Sequence[int], source_ids: Sequence[int], logits: Any, indices: Any, steps: Optional[DocumentSteps] = None) -> List[Row]:
        """A row for each target position. Lists have a row for each token, which may have different lengths; each side has a token."""
        pairs = pair_tokens(source_ids, self._source.stripped, target_ids, self._target.stripped)
        return [self._row(i, target_ids[i], first, count, source_ids, logits, indices, steps) for i, (first, count) in enumerate(pairs)]

    def _row(
        self, i: int, token: int, j: int, count: int, source_ids: Sequence[int], logits: Any, indices: Any, steps: Optional[DocumentSteps],
    ) -> Row:
        string = self._target.string(token)
        if count != 1 or not self._matches(string, self._key(source_ids[j]), first=i == 0):
            if string not in self._vocab:
                raise DataError(f"target token {token} ({string!r}) is not in base_model_vocab; pass the get_vocab() of the base's tokenizer.")
            return [self._vocab[string]], [1.0]
        row = self._mapped(j, indices[j], logits[j])
        fused = None if steps is None or steps.window == 0 else self._transported(row, logits[j], i, steps)
        return row if fused is None else fused

    def _key(self, source_token: int) -> str:
        return self._source.string(source_token).replace(self._source.marker, self._target.marker)

    def _matches(self, string: str, key: str, first: bool) -> bool:
        marker = self._target.marker
        if first and self._source.byte_level and string.startswith(marker) and not key.startswith(marker):
            key = marker + key
        return string == key or (self._mapping is not None and self._mapping.get(key) == string)

    def _mapped(self, j: int, indices: Sequence[int], logits: Sequence[Any]) -> Row:
        """Candidates that the target has, in the source's order; the first of duplicates, which has the largest logit, stays."""
        tokens: List[int] = []
        values: List[Any] = []
        for logit, index in zip(logits, indices):
            found = self._found[index] if index in self._found else self._find(j, index)
            if found is not None and found not in tokens:
                tokens.append(found)
                values.append(logit)
        return tokens, values

    def _find(self, j: int, index: int) -> Optional[int]:
        string: Optional[str] = self._key(index)
        if self._mapping is not None:
            key, string = string, self._mapping.get(string)  # type: ignore[arg-type]
            if string is None:
                raise DataError(f"row {j}: source token {index} ({key!r}) is not in the vocabulary map; make the map from the same tokenizers.")
            if string not in self._vocab:
                _logger.warning("%r is mapped to %r, which is not in the base's vocabulary; this candidate is left out.", key, string)
        found = self._found[index] = self._vocab.get(string)  # type: ignore[arg-type]
        return found

    def _transported(self, row: Row, source_logits: Sequence[Any], i: int, steps: DocumentSteps) -> Optional[Row]:
        """The fused row, or None where too little is mapped or the transport is not a number."""
        n = steps.window
        columns = [int(token) for token in steps.indices[i]]
        if len(row[0]) < n or len(columns) < n:
            return None
        if numpy is None:
            raise ImportError("documents of this shape need NumPy; install the package numpy.")
        strings = [self._target.string(token) for token in row[0][:n]]
        # The rows are target tokens too, yet lose the source's marker (SPEC O3).
        cost = kernels.cost_matrix([s.replace(self._source.marker, "") for s in strings], [self._target.stripped(token) for token in columns[:n]])
        plan, _ = compute_optimal_transport(cost, _softmax(source_logits)[:n], _softmax(steps.logits[i])[:n], _LAMBDA, steps.epsilon)
        best = return_pair(plan)
        tokens, values = merge_lists([columns[q] for q, _ in best], [float(mass) for _, mass in best])
        return None if any(map(math.isnan, values)) else (tokens, values)


def _softmax(logits: Sequence[Any]) -> Any:
    """Over all candidates, so that a window of it is not renormalised (SPEC O6)."""
    values = numpy.asarray(logits, numpy.float64)
    with numpy.errstate(invalid="ignore"):
        powers = numpy.exp(values - values.max())
        return powers / powers.sum()
