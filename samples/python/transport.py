"""Solves a batch of optimal transports between two models' candidates, and checks the certificate of one of them.

    python3 samples/python/transport.py
"""

import math

import ptakernels

EPSILON = 1 / 30  # in edits

# Three positions: four candidates of the source and four of the target each, with their probabilities.
source = [[" the", " a", " his", " their"], ["ing", "ed", "er", "s"], [" Paris", " London", " Rome", " Berlin"]]
target = [["\u2581the", "\u2581a", "\u2581The", "\u2581this"], ["ing", "ings", "e", "ed"], ["\u2581Par", "\u2581Lon", "\u2581Rome", "\u2581Ber"]]
a = [[0.5, 0.25, 0.125, 0.125]] * 3
b = [[0.625, 0.125, 0.125, 0.125]] * 3

# Edit distances of all pairs; a marker is a space.
texts = [[token.replace("\u2581", " ") for token in row] for row in target]
source_tape, target_tape = (ptakernels.Tape([token for row in rows for token in row]) for rows in (source, texts))
positions = [[4 * i + j for j in range(4)] for i in range(3)]
cost = ptakernels.cost_matrices(source_tape, target_tape, positions, positions)

result = ptakernels.solve_transport(cost, a, b, kind="balanced", epsilon=EPSILON)
plans = result.plan.tolist()
for i, status in enumerate(result.outcomes.names()):
    print(f"problem {i}: {status} after {int(result.outcomes.iterations[i])} iterations")
    for token, row in zip(source[i], plans[i]):
        print(f"  {token!r:10}" + "".join(f"{p:8.4f}" for p in row))

# The plan is that of its potentials: P = exp((f + g - C) / epsilon).
f, g, costs = (x.tolist()[0] for x in (result.f, result.g, cost))
worst = max(abs(plans[0][i][j] - math.exp((f[i] + g[j] - costs[i][j]) / EPSILON)) for i in range(4) for j in range(4))
print(f"certified: {worst <= 1e-12}")
