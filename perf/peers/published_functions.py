"""The published functions in Python and NumPy, in our own words, in the style of the official code: a float64 matrix filled cell by cell, a NumPy loop for
the transport, a call of a compiled edit distance for every pair of tokens. LEVENSHTEIN_VERSION is "-" where that module (Debian's python3-levenshtein) is missing.
"""

import importlib.metadata

import numpy as np

try:
    import Levenshtein

    LEVENSHTEIN_VERSION = importlib.metadata.version(importlib.metadata.packages_distributions()["Levenshtein"][0])
except ImportError:
    Levenshtein, LEVENSHTEIN_VERSION = None, "-"


def pair_tokens(source, target, distance):
    """Dynamic time warping: for each target position the source positions on the cheapest path, and the path (SPEC B 3b.1)."""
    n, m = len(source), len(target)
    table = np.full((n + 1, m + 1), np.inf)
    table[0, 0] = 0
    for i, a in enumerate(source):
        for j, b in enumerate(target):
            table[i + 1, j + 1] = distance(a, b) + min(table[i, j], table[i, j + 1], table[i + 1, j])
    path = []
    pairing = [[] for _ in range(m)]
    i, j = n - 1, m - 1
    while True:
        path.append((i, j))
        pairing[j].append(i)
        if i == 0 and j == 0:
            break
        # The table's border is infinite, so a step never leaves it; argmin takes the first: diagonal, up, left.
        step = np.argmin([table[i, j], table[i, j + 1], table[i + 1, j]])
        i, j = i - (step != 2), j - (step != 1)
    path.reverse()
    return [sorted(p) for p in pairing], path, table[n, m]


def solve_transport(cost, r, c, lam, epsilon):
    """The published Sinkhorn loop: the plan and how often it went round (SPEC B 3b.3)."""
    plan = np.exp(-lam * cost)
    plan /= plan.sum()
    u = np.zeros(len(r))
    iterations = 0
    while np.max(np.abs(u - plan.sum(1))) > epsilon:
        u = plan.sum(1)
        u[u < 1e-10] = 1e-10
        plan *= (r / u).reshape((-1, 1))
        v = plan.sum(0)
        v[v < 1e-10] = 1e-10
        plan *= (c / v).reshape((1, -1))
        iterations += 1
    return plan, iterations


def nearest_token(key, targets, ids):
    """The first of the nearest target tokens and its distance: an equal one by its id, else a call for each of them (SPEC B 3a)."""
    if key in ids:
        return ids[key], 0
    return min(((t, Levenshtein.distance(key, target)) for t, target in enumerate(targets)), key=lambda found: found[1])


# ---- Distances, markers removed: the source's from the first token, the target's from the second.


def calls(source_marker, target_marker):
    """As the official code does: two replacements and a call of the compiled edit distance for every pair."""

    def distance(a, b):
        return Levenshtein.distance(a.replace(source_marker, ""), b.replace(target_marker, ""))

    return distance


def free(source_marker, target_marker):
    """From a table that the check has filled."""
    table = {}

    def distance(a, b):
        value = table.get((a, b))
        if value is None:
            value = table[a, b] = levenshtein(a.replace(source_marker, ""), b.replace(target_marker, ""))
        return value

    return distance


def levenshtein(a, b):
    """Bit-parallel (Myers 1999, Hyyrö 2003) on Python's integers."""
    if not a or not b:
        return len(a) + len(b)
    mask, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    positions = {}
    for i, symbol in enumerate(a):
        positions[symbol] = positions.get(symbol, 0) | 1 << i
    plus, minus, score = mask, 0, len(a)
    for symbol in b:
        match = positions.get(symbol, 0)
        zero = (((match & plus) + plus) ^ plus) | match | minus
        across, back = minus | ~(zero | plus), plus & zero
        score += bool(across & last) - bool(back & last)
        across = across << 1 | 1
        plus, minus = (back << 1 | ~(zero | across)) & mask, across & zero & mask
    return score
