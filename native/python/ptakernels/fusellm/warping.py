"""Dynamic time warping as the official code offers it (SPEC B 3b.1): any norm function, and a native path for edit distances of token strings."""

from __future__ import annotations

import math
import sys
from typing import Any, Callable, List, Sequence, Tuple

from .. import kernels
from .._arrays import numpy

__all__ = ["TokenDistance", "dtw", "pair_tokens", "token_distance"]

_KNOWN_DISTANCES = (("editdistance", "eval"), ("editdistance", "distance"), ("Levenshtein", "distance"))
"""Functions of other packages that are Levenshtein's distance over code points with unit costs, as ours is."""


class TokenDistance:
    """Edit distance of two token strings, each without the marker of its own side: the official code's local function, named so that dtw can recognise it.

    A marker that is "" removes nothing. Every occurrence is removed. Unit costs, over code points.
    """

    __slots__ = ("marker_1", "marker_2")

    def __init__(self, marker_1: str = "", marker_2: str = "") -> None:
        self.marker_1 = marker_1
        self.marker_2 = marker_2

    def __call__(self, a: str, b: str) -> int:
        return int(kernels.edit_distances([_without(a, self.marker_1)], [_without(b, self.marker_2)])[0, 0])

    def __repr__(self) -> str:
        return f"token_distance({self.marker_1!r}, {self.marker_2!r})"


def token_distance(marker_1: str = "", marker_2: str = "") -> TokenDistance:
    """The norm function for token strings of two tokenizers with these word markers; with it dtw runs natively."""
    return TokenDistance(marker_1, marker_2)


def dtw(series_1: Sequence[Any], series_2: Sequence[Any], norm_func: Any = numpy.linalg.norm if numpy is not None else None) -> Tuple[Any, ...]:
    """(matches, cost, mappings_series_1, mappings_series_2, matrix) of the cheapest warping of two series.

    matches: [(i, j)] ascending from (0, 0); ties prefer diagonal, then up (i - 1), then left (j - 1), traced from the end. mappings: for each position the
    ascending positions of the other series, at least one. matrix: float64 [n, m], the accumulated costs; cost its last entry.

    Strings with token_distance(...), or with the functions of the packages editdistance and Levenshtein that are the same distance, take the native path.
    Any other norm_func is called for each of the n * m pairs in the official order, on the official sums, so that real-valued costs agree bit for bit.
    Raises ValueError where a series is empty, where the official code fails too.
    """
    if numpy is None:
        raise ImportError("dtw returns a matrix and needs NumPy; install the package numpy.")
    if len(series_1) == 0 or len(series_2) == 0:
        raise ValueError(f"series_{1 if len(series_1) == 0 else 2} is empty; a warping needs an element on each side.")
    distance = _edit_distance_of(norm_func)
    if distance is not None and all(isinstance(token, str) for series in (series_1, series_2) for token in series):
        matches, matrix = _native(series_1, series_2, distance)
    else:
        matrix = _accumulated(series_1, series_2, norm_func)
        matches = _traced(matrix)
    mappings_1: List[List[int]] = [[] for _ in series_1]
    mappings_2: List[List[int]] = [[] for _ in series_2]
    for i, j in matches:
        mappings_1[i].append(j)
        mappings_2[j].append(i)
    return matches, matrix[-1, -1], mappings_1, mappings_2, matrix


def pair_tokens(
    source: Sequence[int], source_strings: Callable[[int], str], target: Sequence[int], target_strings: Callable[[int], str],
) -> List[Tuple[int, int]]:
    """For each target position the first source position it is paired with and how many there are, which are consecutive.

    source, target: token ids, at least one each; the functions give an id's string without its marker.
    """
    rows, row_positions = _distinct(source)
    columns, column_positions = _distinct(target)
    cost = kernels.cost_matrix([source_strings(t) for t in rows], [target_strings(t) for t in columns])
    steps = kernels.find_alignment_path(row_positions, column_positions, cost).steps.tolist()
    first, count = [-1] * len(target), [0] * len(target)
    for i, j in steps:
        if first[j] < 0:
            first[j] = i
        count[j] += 1
    return list(zip(first, count))


def _edit_distance_of(norm_func: Any) -> Any:
    if isinstance(norm_func, TokenDistance):
        return norm_func
    for package, name in _KNOWN_DISTANCES:
        known = getattr(sys.modules.get(package), name, None)
        if known is not None and norm_func is known:
            return TokenDistance()
    return None


def _distinct(series: Sequence[Any]) -> Tuple[List[Any], List[int]]:
    """Distinct elements in order of first appearance, and each position's index among them."""
    index = {element: k for k, element in enumerate(dict.fromkeys(series))}
    return list(index), [index[element] for element in series]


def _native(series_1: Sequence[str], series_2: Sequence[str], distance: TokenDistance) -> Tuple[List[Tuple[int, int]], Any]:
    rows, row_positions = _distinct(series_1)
    columns, column_positions = _distinct(series_2)
    cost = kernels.cost_matrix([_without(t, distance.marker_1) for t in rows], [_without(t, distance.marker_2) for t in columns])
    path = kernels.find_alignment_path(row_positions, column_positions, cost)
    return list(map(tuple, path.steps.tolist())), _accumulated_whole(cost, row_positions, column_positions)


def _accumulated_whole(cost: Any, rows: Sequence[int], columns: Sequence[int]) -> Any:
    """The matrix of whole-number costs, a row at a time: exact, because all sums are whole numbers below 2^53."""
    of_row = cost[:, columns].astype(numpy.float64)
    matrix = numpy.empty((len(rows), len(columns)))
    numpy.cumsum(of_row[rows[0]], out=matrix[0])
    entered = numpy.empty(len(columns))
    for i in range(1, len(rows)):
        local = of_row[rows[i]]
        above = matrix[i - 1]
        entered[0] = above[0]
        numpy.minimum(above[1:], above[:-1], out=entered[1:])
        # Entering the row at k and walking left to right to j costs entered[k] + sums[j] - sums[k - 1].
        sums = numpy.cumsum(local)
        numpy.minimum.accumulate(entered - (sums - local), out=entered)
        numpy.add(entered, sums, out=matrix[i])
    return matrix


def _accumulated(series_1: Sequence[Any], series_2: Sequence[Any], norm_func: Callable[[Any, Any], float]) -> Any:
    """The matrix of any costs, cell by cell: the cost plus the least of up, left and diagonal, compared in this order as the official code does."""
    matrix = numpy.empty((len(series_1), len(series_2)))
    above = [math.inf] * (len(series_2) + 1)
    above[0] = 0.0
    for i, a in enumerate(series_1):
        row = [math.inf]
        for j, b in enumerate(series_2):
            row.append(float(norm_func(a, b) + min(above[j + 1], row[j], above[j])))
        matrix[i] = row[1:]
        above = row
    return matrix


def _traced(matrix: Any) -> List[Tuple[int, int]]:
    i, j = matrix.shape[0] - 1, matrix.shape[1] - 1
    matches = [(i, j)]
    while i > 0 or j > 0:
        before = (
            matrix[i - 1, j - 1] if i > 0 and j > 0 else math.inf,
            matrix[i - 1, j] if i > 0 else math.inf,
            matrix[i, j - 1] if j > 0 else math.inf,
        )
        move = int(numpy.argmin(before))
        i, j = i - (move != 2), j - (move != 1)
        matches.append((i, j))
    matches.reverse()
    return matches


def _without(token: str, marker: str) -> str:
    return token.replace(marker, "") if marker else token
