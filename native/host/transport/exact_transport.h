// Unregularised optimal transport: argmin <P, C> with P1 = a, P'1 = b, and its dual potentials.
#pragma once
#include "host/transport/transport_problem.h"

namespace pta {

// Successive shortest augmenting paths (Ahuja, Magnanti and Orlin, Network Flows, 9.7). f and g receive the duals u and v: u_i + v_j <= C_ij up to
// rounding, with equality where the plan is positive; integers when the costs are. Tight pairs connect all rows and columns, even massless ones.
// Sums of a and b may differ by rounding: what is left when one side is used up is dropped and shows in the marginal error.
// CONVERGED with the augmentations as iterations, or NOT_FINITE.
TransportOutcome solve_exact(Arena& arena, const TransportProblem& problem);

} // namespace pta
