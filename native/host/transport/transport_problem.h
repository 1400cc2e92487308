// What every scalar transport takes, and the certificate arithmetic that they share.
#pragma once
#include <cstdint>

#include "host/arena.h"
#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace pta {

// One problem; every pointer is valid. Values are data: NaN, infinite or negative ones are answered, not refused.
struct TransportProblem {
    const double* cost; // [n, m]
    const double* a;    // [n]
    const double* b;    // [m]
    double* plan;       // [n, m]
    double* f;          // [n]
    double* g;          // [m]
    int32_t n, m;       // 1..64

    double cost_at(int32_t i, int32_t j) const { return cost[i * m + j]; }
};

// Largest certified ||G1 - a||_1 + ||G'1 - b||_1 (SPEC A3.4).
constexpr double kMarginalTolerance = 9e-10;

// Both keep a NaN from either side, which std::max and std::min do not.
inline double larger(double x, double y) { return x != x || x > y ? x : y; }
inline double smaller(double x, double y) { return x != x || x < y ? x : y; }

// Whether every value is finite and non-negative.
bool is_usable(const double* values, int32_t count);
bool is_usable(const TransportProblem& problem);

// Whether no entry has mass.
bool is_empty(const double* masses, int32_t count);

// The answer to unusable values: NaN in plan, f and g.
TransportOutcome not_finite(const TransportProblem& problem);

// G_ij = exp((f_i + g_j - C_ij) / epsilon), 0 where a potential is -infinity.
double implied_entry(double f, double g, double cost, double epsilon);

// The column mass that a potential asks for: b * exp(-g / rho); b itself when rho is infinite, 0 for a column given up by g = -infinity.
double wanted_mass(double b, double g, double rho);

// ||P1 - a||_1 + ||P'1 - b||_1.
double plan_marginal_error(const TransportProblem& problem);

} // namespace pta
