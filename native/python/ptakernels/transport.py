"""Transports: couplings of source and target candidates (paper Eq 2-4, SPEC A3.4)."""

from __future__ import annotations

import ctypes
import math
from typing import Any, List, NamedTuple, Optional, Tuple

from . import _abi
from ._arrays import Input, new_output, numpy, take, take_output
from ._library import check, native, workspace

__all__ = ["TransportOutcomes", "TransportResult", "solve_transport"]


class TransportOutcomes(NamedTuple):
    """How each problem ended, [batch] each; plain numbers for a single problem.

    status: 0 converged; 1 exact-fallback, no certificate could be reached and plan and potentials are those of the exact optimum; 2 iteration-limit;
    3 not-finite. marginal_error: of the certificate's G, or of the plan where there are no potentials; NaN when not finite.
    """

    status: Any
    iterations: Any
    marginal_error: Any

    def names(self) -> List[str]:
        """The statuses as words."""
        statuses = [self.status] if isinstance(self.status, int) else self.status.tolist()
        return [_abi.TRANSPORT_STATUSES[s] for s in statuses]


class TransportResult(NamedTuple):
    """plan [..., n, m], potentials f [..., n] and g [..., m] in edits, and the outcomes; without the leading axis for a single problem."""

    plan: Any
    f: Any
    g: Any
    outcomes: TransportOutcomes


def solve_transport(
    cost: Any, a: Any, b: Any = None, *, kind: str = "balanced", epsilon: float = 1 / 30, tolerance: float = 1e-5, rho: float = 0.05,
    max_iterations: int = 1_000_000, solver: str = "newton", out: Any = None,
) -> TransportResult:
    """Solves one transport or a batch of one shape. Not converging is an outcome, not an error.

    cost [n, m] or [batch, n, m]: uint8, or float64 (other floats are converted), non-negative; n and m 1..64. Rows are the source.
    a [n] or [batch, n], b [m] or [batch, m]: marginals, float64 (other floats are converted); b is None for semi-relaxed, and only for it.
    kind: "balanced" argmin <P, C> - epsilon H(P) with both marginals, certified by f and g (SPEC A3.4); "semi-relaxed" P = a softmax(-C / epsilon);
    "unbalanced" the source exact, the target with the penalty rho KL(P'1 | b); "exact" argmin <P, C>; "official" the published loop to its own stop,
    where lambda is 1 / epsilon. For balanced and exact the sums of a and b agree to 1e-15.
    solver: of balanced, "newton" or "greenkhorn" (greedy updates of one row or column, finished by Newton); the plan is certified and the same.
    epsilon, rho: in edits, over 0. tolerance, max_iterations: of the official loop. out: an array float64 of cost's shape for the plan.
    Official and semi-relaxed have no potentials: f and g are NaN. Negative and non-finite numbers end as
    not-finite, sums that differ as exact-fallback with the difference in marginal_error. Raises TypeError and ValueError for types, shapes and parameters;
    the sentence names the argument.
    """
    if kind not in _abi.TRANSPORTS or kind == "none":
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(list(_abi.TRANSPORTS)[1:])}.")
    if solver not in _abi.SOLVERS:
        raise ValueError(f"solver is {solver!r}; expected one of {', '.join(_abi.SOLVERS)}.")
    if solver != "newton" and kind != "balanced":
        raise ValueError(f"solver {solver} solves transport balanced, not {kind}.")
    costs = take("cost", cost, "f8", exact=("u1",))
    single = len(costs.shape) == 2
    if not single and len(costs.shape) != 3:
        raise ValueError(f"cost has {len(costs.shape)} dimensions; expected [n, m] or [batch, n, m].")
    lead: Tuple[int, ...] = () if single else (costs.shape[0],)
    n, m = costs.shape[-2:]
    batch = math.prod(lead)
    source = take("a", a, "f8", shape=(*lead, n))
    target = _target(b, kind, (*lead, m))
    plan, plan_address = new_output("f8", costs.shape) if out is None else (out, take_output("out", out, "f8", costs.shape).address)
    f, f_address = new_output("f8", (*lead, n))
    g, g_address = new_output("f8", (*lead, m))
    outcomes = (_abi.TransportOutcome * max(1, batch))()
    options = _abi.TransportOptions(kind=_abi.TRANSPORTS[kind], epsilon=epsilon, tolerance=tolerance, rho=rho, max_iterations=max_iterations, solver=_abi.SOLVERS[solver])
    function = native().pta_solve_transport_u8 if costs.dtype == "u1" else native().pta_solve_transport_f64
    check(function(
        workspace(), ctypes.byref(options), batch, n, m, costs.address, source.address, None if target is None else target.address, plan_address, f_address,
        g_address, ctypes.addressof(outcomes),
    ))
    return TransportResult(plan, f, g, _outcomes(outcomes, batch, single))


def _target(b: Any, kind: str, shape: Tuple[int, ...]) -> Optional[Input]:
    if (b is None) != (kind == "semi-relaxed"):
        raise ValueError(f"b is None; transport {kind} needs the target's marginal." if b is None else "b is given, which transport semi-relaxed has no use for.")
    return None if b is None else take("b", b, "f8", shape=shape)


def _outcomes(outcomes: Any, batch: int, single: bool) -> TransportOutcomes:
    if single:
        return TransportOutcomes(outcomes[0].status, outcomes[0].iterations, outcomes[0].marginal_error)
    if numpy is not None:
        records = numpy.frombuffer(outcomes, dtype=[("marginal_error", "f8"), ("status", "i4"), ("iterations", "i4")])[:batch]
        return TransportOutcomes(records["status"], records["iterations"], records["marginal_error"])
    raw = memoryview(outcomes).cast("B")[: 16 * batch]
    return TransportOutcomes(raw.cast("i")[2::4], raw.cast("i")[3::4], raw.cast("d")[0::2])
