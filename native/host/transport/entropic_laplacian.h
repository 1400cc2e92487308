// Linear systems of weighted graph Laplacians, solved without a single subtraction of weights.
#pragma once
#include <cstdint>

namespace pta {

// The semi-dual's Hessian is such a Laplacian whose weights span three hundred decades at small epsilon. Cholesky on the assembled matrix would lose
// the small ones to cancellation; eliminating a node here only adds products to the weights of its neighbours, so every pivot keeps its relative
// accuracy (Grassmann, Taksar and Heyman 1985; O'Cinneide 1996).

// weights[j, k] = sum_i a_i p_ij p_ik for j < k; below that 0. conditional [n, m] with rows that sum to 1, weights [m, m].
void laplacian_from_conditionals(const double* conditional, const double* a, int32_t n, int32_t m, double* weights);

// Solves (L(weights) + diag(ground)) x = x0 in place; without ground the last unknown is pinned at 0. Overwrites weights (upper triangle used) and
// ground [m], which is non-negative. Nodes cut off from later ones and from ground get 0.
void solve_laplacian(double* weights, double* ground, double* x, int32_t m);

} // namespace pta
