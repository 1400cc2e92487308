// Certified entropic transports, one problem at a time: what the lane kernels cannot certify comes here.
#pragma once
#include "host/transport/transport_problem.h"

namespace pta {

// argmin <P, C> - epsilon H(P) with P1 = a, P'1 = b, to the certificate of SPEC A3.4; plan_ij = exp((f_i + g_j - C_ij) / epsilon), 0 and potentials of
// -infinity without mass. CONVERGED with sweeps plus Newton steps and the certificate's error; EXACT_FALLBACK with plan, duals, augmentations and error
// of solve_exact, also if the sums of a and b differ by more than the certificate allows; NOT_FINITE.
// Sources: Cuturi 2013; Cuturi and Peyre 2018 (the semi-dual); Schmitzer 2019 (falling epsilon).
TransportOutcome solve_balanced(Arena& arena, const TransportProblem& problem, double epsilon);

// Newton from the problem's g, in units of the cost, which may be what any other solver came to: CONVERGED, or ITERATION_LIMIT with the last iterate. The
// problem is usable and has a row and a column of positive mass.
TransportOutcome certify_balanced(Arena& arena, const TransportProblem& problem, double epsilon);

// argmin <P, C> - epsilon H(P) + rho KL(P'1 | b) with P1 = a; b of any sum, a zero keeps its column empty. CONVERGED, ITERATION_LIMIT with the last
// iterate, or NOT_FINITE, also if the source has mass and no column may take any, or if C / epsilon overflows.
// Source: Chizat, Peyre, Schmitzer and Vialard 2018.
TransportOutcome solve_unbalanced(Arena& arena, const TransportProblem& problem, double epsilon, double rho);

// P_ij = a_i softmax_j(-C_ij / epsilon); b is not read, f and g become NaN. CONVERGED after 0 iterations with ||P1 - a||_1, or NOT_FINITE.
TransportOutcome solve_semi_relaxed(const TransportProblem& problem, double epsilon);

} // namespace pta
