"""The official transport and what is read off its plan (SPEC B 3b.3)."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Sequence, Tuple

from .. import _abi
from .._arrays import numpy
from ..transport import solve_transport

__all__ = ["compute_optimal_transport", "merge_lists", "return_pair"]

_STARVED = 1e-10
"""Sums below it count as it: what keeps the loop from dividing by zero, and rows without a free partner from receiving their mass."""

_MOST_ITERATIONS = 2**31 - 1


def compute_optimal_transport(M: Any, r: Any, c: Any, lam: float, epsilon: float = 1e-5) -> Tuple[Any, Any]:
    """(plan [n, m], its cost) of the published Sinkhorn loop to its own stop: until the clamped row sums of two passes differ by at most epsilon.

    M [n, m]: costs. r [n], c [m]: marginals. lam: over 0, one over the entropic weight. Runs natively to 64 x 64 with finite costs that are not negative, in
    NumPy otherwise; the same sums in the same order.
    """
    if numpy is None:
        raise ImportError("compute_optimal_transport returns arrays and needs NumPy; install the package numpy.")
    cost = numpy.ascontiguousarray(M, numpy.float64)
    rows, columns = numpy.ascontiguousarray(r, numpy.float64), numpy.ascontiguousarray(c, numpy.float64)
    n, m = cost.shape
    if max(n, m) <= _abi.MAX_CANDIDATES and min(n, m) > 0 and lam > 0 and epsilon > 0 and _is_plain(cost):
        plan = solve_transport(cost, rows, columns, kind="official", epsilon=1 / lam, tolerance=epsilon, max_iterations=_MOST_ITERATIONS).plan
    else:
        plan = _loop(cost, rows, columns, lam, epsilon)
    return plan, numpy.sum(plan * cost)


def return_pair(arr: Any) -> List[Tuple[Any, Any]]:
    """(column, value) of each row's first maximum."""
    return list(zip(numpy.argmax(arr, axis=1), numpy.max(arr, axis=1)))


def merge_lists(a: Sequence[Any], b: Sequence[Any]) -> Tuple[List[Any], List[Any]]:
    """Distinct keys of a in order of first appearance, and the sums of their values in b."""
    merged: Dict[Any, Any] = {}
    for key, value in zip(a, b):
        merged[key] = merged[key] + value if key in merged else value
    return list(merged), list(merged.values())


def _is_plain(cost: Any) -> bool:
    return bool((cost >= 0).all()) and math.isfinite(cost.max())


def _loop(cost: Any, r: Any, c: Any, lam: float, epsilon: float) -> Any:
    plan = numpy.exp(-lam * cost)
    plan /= plan.sum()
    before: Any = numpy.zeros(len(r))
    while True:
        sums = plan.sum(1)
        # NaN is not over epsilon, so it ends the loop too.
        if not numpy.max(numpy.abs(before - sums)) > epsilon:
            return plan
        before = numpy.maximum(sums, _STARVED)
        plan *= (r / before).reshape(-1, 1)
        plan *= (c / numpy.maximum(plan.sum(0), _STARVED)).reshape(1, -1)
