"""editdistance, dtw, sinkhorn and exact_ot: the kernels one by one."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .. import kernels
from .._abi import TRANSPORT_STATUSES
from ..transport import solve_transport
from .golden import GoldenCheck, Result, difference, failed, numbers

__all__ = ["EditDistanceCheck", "ExactTransportCheck", "PathCheck", "SinkhornCheck"]

_CONVERGED = TRANSPORT_STATUSES.index("converged")


class EditDistanceCheck(GoldenCheck):
    """{a, b, d}: Levenshtein over code points."""

    def check(self, row: Any) -> Result:
        found = int(kernels.cost_matrix([row["a"]], [row["b"]], dtype="uint16")[0, 0])
        return Result() if found == row["d"] else failed(f"distance {found}, expected {row['d']}")


class PathCheck(GoldenCheck):
    """Token strings of both sides, their markers, the path's cost, its steps and the pairing."""

    def check(self, row: Any) -> Result:
        rows, row_positions = _stripped(row["source_tokens"], row["source_special"])
        columns, column_positions = _stripped(row["target_tokens"], row["target_special"])
        path = kernels.find_alignment_path(row_positions, column_positions, kernels.cost_matrix(rows, columns))
        if path.cost != row["cost"]:
            return failed(f"path cost {path.cost}, expected {row['cost']}")
        steps, expected = path.steps.tolist(), row["matches"]
        if steps != expected:
            at = next((s for s, (a, b) in enumerate(zip(steps, expected)) if a != b), min(len(steps), len(expected)))
            return failed(f"path of {len(steps)} steps, expected {len(expected)}; they part at step {at}")
        pairing: List[List[int]] = [[] for _ in column_positions]
        for i, j in steps:
            pairing[j].append(i)
        if pairing != row["target_to_source"]:
            return failed("target_to_source differs from what the path says")
        return Result()


class SinkhornCheck(GoldenCheck):
    """One problem of the official loop with its plan, transport cost and number of loop bodies."""

    PLAN_TOLERANCE = 1e-12
    """SPEC A4."""

    def check(self, row: Any) -> Result:
        cost = numbers(row["cost"])
        n, m = len(cost), len(cost[0])
        solved = solve_transport(cost, numbers(row["r"]), numbers(row["c"]), kind="official", epsilon=1 / row["lambda"], tolerance=row["epsilon"])
        if solved.outcomes.iterations != row["iterations"]:
            return failed(f"{solved.outcomes.iterations} iterations, expected {row['iterations']}")
        plan = list(chain.from_iterable(solved.plan.tolist()))
        apart = difference(plan, list(chain.from_iterable(numbers(row["P"]))))
        if not apart <= self.PLAN_TOLERANCE:
            return failed(f"plan differs by {apart:.3g}, allowed {self.PLAN_TOLERANCE:g}")
        distance, expected = sum(p * c for p, c in zip(plan, chain.from_iterable(cost))), float(row["dist"])
        if difference([distance], [expected]) <= self.PLAN_TOLERANCE * n * m * max(1.0, abs(expected)):
            return Result()
        return failed(f"transport cost {distance!r}, expected {expected!r}")


class ExactTransportCheck(GoldenCheck):
    """The linear optimum, and for some rows the converged entropic plan at two lambdas; our certificates are recomputed on every row (SPEC A3.4)."""

    PLAN_TOLERANCE = 1e-9
    SMALLEST_SEEN_MASS = 1e-7
    """The golden optimum's solver (HiGHS) may leave out masses under its feasibility tolerance; our own optimum is proven by its duals."""

    def check(self, row: Any) -> Result:
        problem = _Problem(numbers(row["cost"]), numbers(row["r"]), numbers(row["c"]))
        flat = list(chain.from_iterable(problem.cost))
        slack = 1e-9 * max(1.0, max(flat))
        solved = problem.solve("exact", 1.0)
        if solved.status != _CONVERGED:
            return failed(f"exact ended as {TRANSPORT_STATUSES[solved.status]}")
        cost = problem.cost_of(solved.plan)
        unseen = max(flat) * sum(mass for mass in (*problem.a, *problem.b) if mass < self.SMALLEST_SEEN_MASS)
        if abs(cost - row["optimum"]) > slack + unseen:
            return failed(f"exact cost {cost!r}, expected {row['optimum']!r}")
        dual = sum(x * y for x, y in zip(solved.f, problem.a)) + sum(x * y for x, y in zip(solved.g, problem.b))
        if abs(dual - cost) > slack:
            return failed(f"exact duals give {dual!r}, the plan costs {cost!r}")
        if any(u + v > c + slack for u, costs in zip(solved.f, problem.cost) for v, c in zip(solved.g, costs)):
            return failed("exact duals are not feasible: u + v exceeds a cost")
        if all(map(float.is_integer, flat)) and not all(map(float.is_integer, (*solved.f, *solved.g))):
            return failed("exact duals of integer costs are not integers")
        failure = self._entropic(problem, 1 / 30, cost, slack, None)
        for lam, expected in row.get("entropic_plan", {}).items():
            failure = failure or self._entropic(problem, 1 / float(lam), cost, slack, numbers(expected))
        return Result() if failure is None else failed(failure)

    def _entropic(self, problem: "_Problem", epsilon: float, optimum: float, slack: float, expected: Optional[List[List[float]]]) -> Optional[str]:
        solved = problem.solve("balanced", epsilon)
        at = f"balanced at epsilon {epsilon:.4g}"
        if solved.status != _CONVERGED:
            return f"{at} ended as {TRANSPORT_STATUSES[solved.status]}"
        error, deviation = problem.certificate(solved, epsilon)
        if not (error <= 9e-10 and deviation <= 1e-12):
            return f"{at}: no certificate, marginal error {error:.3g} and plan deviation {deviation:.3g}"
        cost = problem.cost_of(solved.plan)
        if not optimum - slack <= cost <= optimum + epsilon * math.log(len(problem.a) * len(problem.b)) + slack:
            return f"{at}: cost {cost!r} lies outside [LP, LP + eps ln(nm)], LP = {optimum!r}"
        if expected is None:
            return None
        apart = difference(list(chain.from_iterable(solved.plan)), list(chain.from_iterable(expected)))
        return None if apart <= self.PLAN_TOLERANCE else f"{at}: plan differs by {apart:.3g}, allowed {self.PLAN_TOLERANCE:g}"


class _Solved(NamedTuple):
    plan: List[List[float]]
    f: List[float]
    g: List[float]
    status: int


class _Problem(NamedTuple):
    cost: List[List[float]]
    a: List[float]
    b: List[float]

    def solve(self, kind: str, epsilon: float) -> _Solved:
        result = solve_transport(self.cost, self.a, self.b, kind=kind, epsilon=epsilon)
        return _Solved(result.plan.tolist(), result.f.tolist(), result.g.tolist(), int(result.outcomes.status))

    def cost_of(self, plan: Sequence[Sequence[float]]) -> float:
        return sum(p * c for masses, costs in zip(plan, self.cost) for p, c in zip(masses, costs))

    def certificate(self, solved: _Solved, epsilon: float) -> Tuple[float, float]:
        """The marginal error of G = exp((f + g - C) / epsilon), and how far the plan is from it where there is mass."""
        implied = [[math.exp((f + g - c) / epsilon) for g, c in zip(solved.g, costs)] for f, costs in zip(solved.f, self.cost)]
        error = sum(abs(sum(entries) - mass) for entries, mass in zip(implied, self.a))
        error += sum(abs(sum(entries) - mass) for entries, mass in zip(zip(*implied), self.b))
        held = [
            (p, q) for masses, entries, a in zip(solved.plan, implied, self.a) for p, q, b in zip(masses, entries, self.b) if a > 0 and b > 0
        ]
        deviation = max((abs(p - q) for p, q in held), default=0.0)
        return error, deviation


def _stripped(tokens: Sequence[str], marker: str) -> Tuple[List[str], List[int]]:
    """Distinct tokens without the marker, and each position's index among them."""
    index = {token: k for k, token in enumerate(dict.fromkeys(tokens))}
    return [token.replace(marker, "") if marker else token for token in index], [index[token] for token in tokens]
