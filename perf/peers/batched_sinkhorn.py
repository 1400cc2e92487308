"""Transports by libraries: many problems at once in plain PyTorch, and by POT, a call each; peers of `pta bench --case ot.official ot.certified`.

    python3 perf/peers/batched_sinkhorn.py WORK

WORK holds transport.* and certified.* as bench writes them: costs, marginals, and the plans expected. "ready PYTHON PYTORCH POT" is said first, "-" for a
library that is missing; lines on standard input are answered on standard output:

    check CASE           "ok PROBLEMS SUM", or "wrong ..."
    time CASE SECONDS    "PROBLEMS SECONDS": passes for at least SECONDS, and the processor seconds they took

transport:pytorch is the published loop on a tensor [problem, 10, 10] in float64, with its stopping rule for each problem. SUM is the sum of iterations:
each problem's is the expected one, and its plan agrees within 1e-9.

certified:pytorch is Sinkhorn on potentials (log-sum-exp), certified:pot is POT's ot.sinkhorn. Both stop where the marginals are as near as our certificate
asks, or after 1,000 iterations, POT's own limit. PROBLEMS is how many were checked, SUM how many of them came so far: their plans agree with ours within 1e-9.
"""

import os
import platform
import sys

import numpy as np

from peer_lines import answer

try:
    import torch
except ImportError:
    torch = None
try:
    import ot
except ImportError:
    ot = None

N = 10
PLAN_TOLERANCE = 1e-9
MARGINAL_TOLERANCE = 9e-10
"""L1, both sides together."""
MOST_ITERATIONS, CHECKED_EVERY = 1000, 10


class Problems:
    """Costs, marginals and expected plans of one case; slices of them, one after the other."""

    def __init__(self, folder, name, of_a_slice):
        self.folder, self.name = folder, name
        self.cost = self.read("cost", "u1").astype(np.float64).reshape(-1, N, N)
        self.r, self.c = (self.read(side, "<f8").reshape(-1, N) for side in "rc")
        self.plan = self.read("plan", "<f8").reshape(-1, N, N)
        self.of_a_slice, self.next = min(of_a_slice, len(self.cost)), 0

    def read(self, part, kind):
        return np.fromfile(os.path.join(self.folder, f"{self.name}.{part}"), dtype=kind)

    def __len__(self):
        return len(self.cost)

    def take(self):
        first = self.next
        self.next = (first + self.of_a_slice) % len(self)
        return np.arange(first, first + self.of_a_slice) % len(self)

    def check_plans(self, plans, which):
        """The first problem among some whose plan is not the expected one; None: there is none."""
        return next((int(p) for p in which if not np.abs(plans[p] - self.plan[p]).max() <= PLAN_TOLERANCE), None)


def official_batch(cost, r, c, lam, tolerance):
    """The published loop (SPEC B 3b.3): plans and iterations. Problems that have stopped leave the batch once they are half of it."""
    plan = torch.exp(-lam[:, None, None] * cost)
    plan /= plan.sum((1, 2), keepdim=True)
    plans, iterations, done = torch.empty_like(plan), torch.empty(len(plan), dtype=torch.int64), 0
    place, stopped, before = torch.arange(len(plan)), torch.zeros(len(plan), dtype=torch.bool), torch.zeros_like(r)
    while True:
        rows = plan.sum(2)
        now = ~((before - rows).abs().amax(1) > tolerance) & ~stopped
        if now.any():
            plans[place[now]], iterations[place[now]] = plan[now], done
            stopped |= now
            if 2 * int(stopped.sum()) >= len(stopped):
                plan, r, c, tolerance, rows, place = (t[~stopped] for t in (plan, r, c, tolerance, rows, place))
                stopped = torch.zeros(len(place), dtype=torch.bool)
                if len(place) == 0:
                    return plans, iterations
        before = rows.clamp_(min=1e-10)
        plan *= (r / before)[:, :, None]
        plan *= (c / plan.sum(1).clamp_(min=1e-10))[:, None, :]
        done += 1


def certified_batch(cost, a, b, epsilon):
    """Sinkhorn on potentials, in units of epsilon: plans, and which came near enough. Problems that did leave the batch once they are half of it."""
    kernel, log_a, log_b = -cost / epsilon[:, None, None], a.log(), b.log()
    plans, reached = torch.empty_like(cost), torch.zeros(len(cost), dtype=torch.bool)
    place, g = torch.arange(len(cost)), torch.zeros_like(b)
    for done in range(1, MOST_ITERATIONS + 1):
        f = log_a - torch.logsumexp(kernel + g[:, None, :], 2)
        g = log_b - torch.logsumexp(kernel + f[:, :, None], 1)
        if done % CHECKED_EVERY != 0:
            continue
        plan = torch.exp(kernel + f[:, :, None] + g[:, None, :])
        error = (plan.sum(2) - a).abs().sum(1) + (plan.sum(1) - b).abs().sum(1)
        now = (error <= MARGINAL_TOLERANCE) & ~reached[place]
        if now.any():
            plans[place[now]], reached[place[now]] = plan[now], True
            left = ~reached[place]
            if 2 * int(left.sum()) <= len(left):
                kernel, log_a, log_b, a, b, g, place = (t[left] for t in (kernel, log_a, log_b, a, b, g, place))
                if len(place) == 0:
                    break
    return plans, reached


class OfficialByPyTorch:
    def __init__(self, folder):
        self.problems = Problems(folder, "transport", sys.maxsize)
        self.iterations = self.problems.read("iterations", "<i4")
        arrays = self.problems.cost, self.problems.r, self.problems.c, self.problems.read("lambda", "<f8"), self.problems.read("tolerance", "<f8")
        self.tensors = [torch.from_numpy(a) for a in arrays]

    def check(self):
        plans, iterations = official_batch(*self.tensors)
        off = np.nonzero(iterations.numpy() != self.iterations)[0]
        if len(off) > 0:
            return f"wrong problem {off[0]} took {int(iterations[off[0]])} iterations, expected {self.iterations[off[0]]}"
        wrong = self.problems.check_plans(plans.numpy(), range(len(self.problems)))
        return f"ok {len(self.problems)} {int(iterations.sum())}" if wrong is None else f"wrong plan of problem {wrong}"

    def run(self):
        official_batch(*self.tensors)
        return len(self.problems)


class Certified:
    """Problems whose answer is the one plan that both marginals allow, by a function of problems, epsilons and indices; some are checked, in their order."""

    def __init__(self, folder, solve, of_a_slice, checked=sys.maxsize):
        self.problems = Problems(folder, "certified", of_a_slice)
        self.epsilon, self.solve, self.checked = self.problems.read("epsilon", "<f8"), solve, min(checked, len(self.problems))

    def check(self):
        plans, reached = self.solve(self.problems, self.epsilon, np.arange(self.checked))
        wrong = self.problems.check_plans(plans, np.nonzero(reached)[0])
        return f"ok {self.checked} {int(reached.sum())}" if wrong is None else f"wrong plan of problem {wrong}"

    def run(self):
        self.solve(self.problems, self.epsilon, self.problems.take())
        return self.problems.of_a_slice


def solve_by_pytorch(problems, epsilon, which):
    """Plans of some problems, and which of them came near enough."""
    plans, reached = certified_batch(*(torch.from_numpy(x[which]) for x in (problems.cost, problems.r, problems.c, epsilon)))
    return plans.numpy(), reached.numpy()


def solve_by_pot(problems, epsilon, which):
    """As above."""
    plans = np.empty((len(which), N, N))
    # POT looks at the Euclidean norm of one side's error, the other's being none.
    nearest = MARGINAL_TOLERANCE / N**0.5
    for k, p in enumerate(which):
        plans[k] = ot.sinkhorn(problems.r[p], problems.c[p], problems.cost[p], epsilon[p], stopThr=nearest, numItermax=MOST_ITERATIONS, warn=False)
    error = np.abs(plans.sum(2) - problems.r[which]).sum(1) + np.abs(plans.sum(1) - problems.c[which]).sum(1)
    return plans, error <= MARGINAL_TOLERANCE


WORKS = {
    "transport:pytorch": OfficialByPyTorch,
    "certified:pytorch": lambda folder: Certified(folder, solve_by_pytorch, 256),
    "certified:pot": lambda folder: Certified(folder, solve_by_pot, 32, checked=64),
}


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    if torch is not None:
        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
    versions = platform.python_version(), torch.__version__ if torch else "-", ot.__version__ if ot else "-"
    answer(versions, lambda case: WORKS[case](sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
