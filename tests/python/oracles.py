"""The kernels in plain Python, slow and obvious; they share nothing with the library."""

import math


def levenshtein(a, b):
    """Insertions, deletions and replacements between two sequences."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def warp(n, m, cost):
    """Dynamic time warping (SPEC B 3b.1): the path and its cost; ties prefer diagonal, then up, then left."""
    table = [[math.inf] * (m + 1) for _ in range(n + 1)]
    table[0][0] = 0
    for i in range(n):
        for j in range(m):
            table[i + 1][j + 1] = cost(i, j) + min(table[i][j], table[i][j + 1], table[i + 1][j])
    path, i, j = [], n - 1, m - 1
    while (i, j) != (0, 0):
        path.append([i, j])
        steps = [table[i][j], table[i][j + 1], table[i + 1][j]]
        best = steps.index(min(steps))
        i, j = i - (best != 2), j - (best != 1)
    return [[0, 0]] + path[::-1], table[n][m]


def sinkhorn(cost, a, b, epsilon, tolerance):
    """The official loop (SPEC B 3b.3): its plan and how many bodies ran."""
    plan = [[math.exp(-c / epsilon) for c in row] for row in cost]
    total = sum(map(sum, plan))
    plan = [[p / total for p in row] for row in plan]
    before, bodies = [0.0] * len(a), 0
    while max(abs(u - sum(row)) for u, row in zip(before, plan)) > tolerance:
        before = [max(sum(row), 1e-10) for row in plan]
        plan = [[p * (x / u) for p in row] for x, u, row in zip(a, before, plan)]
        columns = [max(sum(row[j] for row in plan), 1e-10) for j in range(len(b))]
        plan = [[p * (y / v) for p, y, v in zip(row, b, columns)] for row in plan]
        bodies += 1
    return plan, bodies


def is_certified(cost, a, b, plan, f, g, epsilon):
    """SPEC A3.4: the plan is that of the potentials, and its marginals are a and b."""
    own = [[math.exp((x + y - c) / epsilon) for c, y in zip(row, g)] for row, x in zip(cost, f)]
    same = all(abs(p - q) <= 1e-12 for row, other in zip(plan, own) for p, q in zip(row, other))
    off = sum(abs(sum(row) - x) for row, x in zip(own, a)) + sum(abs(sum(row[j] for row in own) - y) for j, y in enumerate(b))
    return same and off <= 9e-10
