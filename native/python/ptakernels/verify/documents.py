"""align: whole documents through FuseLLM hard, FuseLLM soft and the official transport, with the kind of every step."""

from __future__ import annotations

import math
import os
import struct
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import kernels
from ..alignment import TokenizedDocument, align_batch
from ..fusellm.model_tokenizers import read_mapping
from ..fusellm.steps import Transfer
from ..fusellm.tokenizers import TokenizerView, VocabularyTokenizer
from ..fusellm.transfer import reference_options
from ..options import Options
from ..transport import solve_transport
from ..vocabulary import Vocabulary, VocabularyPair
from .golden import Context, GoldenCheck, Result, difference, failed, numbers

__all__ = ["AlignCheck", "TIE_ULPS"]

TIE_ULPS = 8
"""Two plan entries this close are one maximum for NumPy's exp and libm's (SPEC A4)."""

_VALUE_TOLERANCE = 1e-9


class _Sides(NamedTuple):
    """Two vocabularies in every form the check needs."""

    source: Vocabulary
    target: Vocabulary
    pair: VocabularyPair
    hard: Transfer
    soft: Transfer


class AlignCheck(GoldenCheck):
    """One document each; the map is the folder's own file, which is what the official run was given, or else searched."""

    def __init__(self, context: Context, name: str) -> None:
        super().__init__(context, name)
        self._sides: Dict[Tuple[str, str], Optional[_Sides]] = {}

    def check(self, row: Any) -> Result:
        names = row["source"], row["target"]
        if names not in self._sides:
            self._sides[names] = self._open(*names)
        sides = self._sides[names]
        if sides is None:
            return self.context.missing(*names)
        document = _Document(row)
        options = reference_options(row["logits_number"], row["epsilon"])
        if row["lambda"] != 30:
            options = Options.preset("reference", window=row["logits_number"], tolerance=row["epsilon"], epsilon=1 / row["lambda"], measure_signal=False)
        [aligned] = align_batch(sides.pair, [document.views], options)
        kinds = aligned.rows.letters  # type: ignore[union-attr]
        if kinds != row["step_kind"]:
            return failed(f"{row['id']}: step kinds {kinds}, expected {row['step_kind']}")
        hard, soft = (t.rows(row["target_ids"], row["source_ids"], document.source_logits, row["source_indices"]) for t in (sides.hard, sides.soft))
        transported = [(tokens.tolist(), values.tolist()) for tokens, values in aligned]  # type: ignore[union-attr]
        problem = _compare(row["id"], "hard", kinds, hard, row["hard"]) or _compare(row["id"], "soft", kinds, soft, row["soft"])
        ties = 0
        if problem is None:
            source_rows = aligned.rows.source_row.tolist()  # type: ignore[union-attr]
            expected = list(zip(row["ot"]["indices"], numbers(row["ot"]["logits"])))
            for i in _differing(transported, expected):
                if kinds[i] == "O" and _is_tie(sides, document, options, soft[i][0], source_rows[i], i, expected[i]):
                    ties += 1
                    transported[i] = expected[i]
            problem = _compare(row["id"], "ot", kinds, transported, row["ot"])
        return Result(ties=ties, steps=len(kinds)) if problem is None else failed(problem)

    def _open(self, source: str, target: str) -> Optional[_Sides]:
        both = self.context.both(source, target)
        if both is None:
            return None
        stem = os.path.join(self.context.folder, f"align_mapping.{source}-{target}.json")
        path = next((p for p in (stem + ".gz", stem) if os.path.isfile(p)), None)
        mapping = kernels.official_map(*both) if path is None else read_mapping(path)
        views = [TokenizerView(VocabularyTokenizer(v)) for v in both]
        ids = VocabularyTokenizer(both[1]).get_vocab()
        return _Sides(*both, VocabularyPair(*both, official_map=mapping), Transfer(*views, ids, None), Transfer(*views, ids, mapping))


class _Document:
    """Both views of a row's document."""

    def __init__(self, row: Any) -> None:
        self.source_logits, self.target_logits = numbers(row["source_logits"]), numbers(row["target_logits"])
        self.target_indices = row["target_indices"]
        self.views = (
            TokenizedDocument(row["source_ids"], row["source_indices"], self.source_logits),
            TokenizedDocument(row["target_ids"], row["target_indices"], self.target_logits),
        )


def _differing(actual: Sequence[Tuple[Any, Any]], expected: Sequence[Tuple[Any, Any]]) -> List[int]:
    return [
        i for i, (ours, wanted) in enumerate(zip(actual, expected))
        if ours[0] != wanted[0] or (ours[1] != wanted[1] and not difference(ours[1], wanted[1]) <= _VALUE_TOLERANCE)
    ]


def _compare(document: str, name: str, kinds: str, actual: Sequence[Tuple[Any, Any]], expected: Any) -> Optional[str]:
    """What differs, or None."""
    rows = list(zip(expected["indices"], numbers(expected["logits"])))
    if len(actual) != len(rows):
        return f"{document}: {name} has {len(actual)} rows, expected {len(rows)}"
    for i in _differing(actual, rows):
        if actual[i][0] != rows[i][0]:
            return f"{document}: {name} row {i} ({kinds[i]}) has the ids {actual[i][0]}, expected {rows[i][0]}"
        return f"{document}: {name} row {i} ({kinds[i]}) differs by {difference(actual[i][1], rows[i][1]):.3g}, allowed {_VALUE_TOLERANCE:g}"
    return None


def _is_tie(sides: _Sides, document: _Document, options: Options, mapped: Sequence[int], source_row: int, position: int, expected: Tuple[Any, Any]) -> bool:
    """Whether the expected row follows from our plan when rows with several maxima within TIE_ULPS may choose any of them."""
    n = options.window
    columns = document.target_indices[position][:n]
    rows = [sides.target.string(token).replace(sides.source.marker, "") for token in mapped[:n]]  # type: ignore[union-attr]
    cost = kernels.cost_matrix(rows, [sides.target.string(token).replace(sides.target.marker, "") for token in columns])  # type: ignore[union-attr]
    a, b = _softmax(document.source_logits[source_row])[:n], _softmax(document.target_logits[position])[:n]
    solved = solve_transport(cost, a, b, kind="official", epsilon=options.epsilon, tolerance=options.tolerance)
    return _reaches(solved.plan.tolist(), columns, {}, expected)


def _reaches(plan: List[List[float]], columns: Sequence[int], so_far: Dict[int, float], expected: Tuple[Any, Any]) -> bool:
    if not plan:
        return list(so_far) == expected[0] and difference(list(so_far.values()), expected[1]) <= _VALUE_TOLERANCE
    row = plan[0]
    largest = _bits(max(row))
    for column, mass in zip(columns, row):
        if abs(largest - _bits(mass)) <= TIE_ULPS and _reaches(plan[1:], columns, {**so_far, column: so_far.get(column, 0.0) + mass}, expected):
            return True
    return False


def _bits(value: float) -> int:
    return struct.unpack("<q", struct.pack("<d", value))[0]


def _softmax(logits: Sequence[float]) -> List[float]:
    largest = max(logits)
    powers = [math.exp(z - largest) for z in logits]
    return [p / math.fsum(powers) for p in powers]
