// Balanced transport by Sinkhorn's updates, one row or column at a time.
#pragma once
#include "host/transport/transport_problem.h"

namespace pta {

// The problem of solve_balanced, to the same certificate and thereby the same plan: the row or column furthest from its mass is met exactly, again and
// again, and what is still missing after a number of updates is left to Newton's steps, from there. Answers and edge cases are those of solve_balanced;
// iterations are updates plus Newton steps.
// Source: Altschuler, Weed and Rigollet, Near-linear time approximation algorithms for optimal transport via Sinkhorn iteration, 2017.
TransportOutcome solve_greenkhorn(Arena& arena, const TransportProblem& problem, double epsilon);

} // namespace pta
