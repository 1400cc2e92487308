"""The published functions on the arrays that `pta bench` writes: edit.*, map.*, path.* and transport.*, raw little-endian numbers.

A work's check answers "ok UNITS SUM"; SUM is the caller's checksum over the parts that the work's own files name, since a whole pass takes many minutes. A
work's run does the next slice and returns its units; slices are evenly spaced parts, one after the other.
"""

import os

import numpy as np

from published_functions import Levenshtein, nearest_token, pair_tokens, solve_transport

ROWS_OF_SLICE, QUERIES_OF_SLICE, PROBLEMS_OF_SLICE = 8, 16, 64
PLAN_TOLERANCE = 1e-9
WORD = (1 << 64) - 1


def read(folder, name, kind):
    return np.fromfile(os.path.join(folder, name), dtype=kind)


def read_tokens(folder, name):
    symbols, offsets = (read(folder, f"{name}.{part}", "<i4").tolist() for part in ("symbols", "offsets"))
    return ["".join(map(chr, symbols[a:b])) for a, b in zip(offsets, offsets[1:])]


class Slices:
    """Evenly spaced indices below a count, other ones each time."""

    def __init__(self, count, of_a_slice):
        self.count, self.stride, self.next = count, max(1, count // of_a_slice), 0

    def take(self):
        first = self.next
        self.next = (first + 1) % self.stride
        return range(first, self.count, self.stride)


class EditWork:
    """A call of the compiled edit distance for every pair."""

    def __init__(self, folder):
        self.sources, self.targets = (read_tokens(folder, f"edit.{side}") for side in ("source", "target"))
        self.checked = read(folder, "edit.checked", "<i4").tolist()
        self.slices = Slices(len(self.sources), ROWS_OF_SLICE)

    def distances(self, i):
        source = self.sources[i]
        return [Levenshtein.distance(source, target) for target in self.targets]

    def check(self):
        total = sum(d * (1 + (i * 1000003 + j) % 65521) for i in self.checked for j, d in enumerate(self.distances(i)))
        return f"ok {len(self.checked) * len(self.targets)} {total & WORD}"

    def run(self):
        rows = self.slices.take()
        for i in rows:
            self.distances(i)
        return len(rows) * len(self.targets)


class MapWork:
    """The nearest target of every source, as published: a call for every target where none is equal."""

    def __init__(self, folder):
        self.sources, self.targets = (read_tokens(folder, f"map.{side}") for side in ("source", "target"))
        self.ids = {}
        for t, target in enumerate(self.targets):
            self.ids.setdefault(target, t)
        self.checked = read(folder, "map.checked", "<i4").tolist()
        self.slices = Slices(len(self.sources), QUERIES_OF_SLICE)

    def check(self):
        total = 0
        for q in self.checked:
            nearest, distance = nearest_token(self.sources[q], self.targets, self.ids)
            total += (nearest + 1) * (1 + q % 65521) + distance * (1 + q % 257)
        return f"ok {len(self.checked)} {total & WORD}"

    def run(self):
        queries = self.slices.take()
        for q in queries:
            nearest_token(self.sources[q], self.targets, self.ids)
        return len(queries)


class PathWork:
    """The alignment path of the first tokens of each document, cell by cell, from a ready table of costs."""

    def __init__(self, folder):
        shapes = read(folder, "path.shapes", "<i8").reshape(-1, 4).tolist()
        rows, columns = (read(folder, f"path.{side}", "<i4").tolist() for side in ("rows", "columns"))
        costs, corner = read(folder, "path.costs", "u1"), int(read(folder, "path.corner", "<i8")[0])
        self.documents, self.next = [], 0
        row = column = cost = 0
        for n, m, height, width in shapes:
            # Lists, whose elements Python reads faster than an array's.
            table = costs[cost : cost + height * width].reshape(height, width).tolist()
            self.documents.append((rows[row : row + min(n, corner)], columns[column : column + min(m, corner)], table))
            row, column, cost = row + n, column + m, cost + height * width

    def find(self, document):
        rows, columns, table = document
        return pair_tokens(rows, columns, lambda a, b: table[a][b])

    def check(self):
        total = cells = 0
        for document in self.documents:
            _, path, cost = self.find(document)
            total = (total * 31 + int(cost)) & WORD
            for i, j in reversed(path):
                total = (total * 31 + int(i) * 65536 + int(j)) & WORD  # steps are NumPy integers
            cells += len(document[0]) * len(document[1])
        return f"ok {cells} {total}"

    def run(self):
        document = self.documents[self.next]
        self.next = (self.next + 1) % len(self.documents)
        self.find(document)
        return len(document[0]) * len(document[1])


class TransportWork:
    """The published loop, a problem at a time, on costs that are numbers already."""

    def __init__(self, folder):
        self.cost = read(folder, "transport.cost", "u1").reshape(-1, 10, 10).astype(np.float64)
        self.r, self.c = (read(folder, f"transport.{side}", "<f8").reshape(-1, 10) for side in "rc")
        self.lam, self.tolerance = (read(folder, f"transport.{name}", "<f8") for name in ("lambda", "tolerance"))
        self.plan = read(folder, "transport.plan", "<f8").reshape(-1, 10, 10)
        self.iterations = read(folder, "transport.iterations", "<i4")
        self.slices = Slices(len(self.cost), PROBLEMS_OF_SLICE)

    def solve(self, p):
        return solve_transport(self.cost[p], self.r[p], self.c[p], self.lam[p], self.tolerance[p])

    def check(self):
        total = 0
        for p in range(len(self.cost)):
            plan, iterations = self.solve(p)
            if iterations != self.iterations[p] or not np.allclose(plan, self.plan[p], rtol=0, atol=PLAN_TOLERANCE):
                return f"wrong problem {p} took {iterations} iterations, expected {self.iterations[p]}, or has another plan"
            total += iterations
        return f"ok {len(self.cost)} {total}"

    def run(self):
        problems = self.slices.take()
        for p in problems:
            self.solve(p)
        return len(problems)
