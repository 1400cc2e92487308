// Damped Newton on the semi-dual of entropic transport: rows are met exactly, column potentials are the unknowns.
#pragma once
#include <cstdint>

#include "host/arena.h"

namespace pta {

// Minimises sum_i a_i log sum_j exp(G_j - K_ij) + sum_j t_j(G_j) with K = C / epsilon, G = g / epsilon and t_j = -b_j G_j (balanced) or
// (1/r) b_j exp(-r G_j) with r = epsilon / rho (unbalanced). The gradient is column sum - wanted column mass; the Hessian is the Laplacian of
// entropic_laplacian.h, grounded by the penalty. All masses are positive here. Source: Cuturi and Peyre, SIAM Review 2018.
class SemiDual {
public:
    // scaled_cost [n, m] = C / epsilon; penalty = epsilon / rho, 0 when balanced. Borrows all three arrays; scratch comes from the arena.
    SemiDual(Arena& arena, const double* scaled_cost, const double* a, const double* b, int32_t n, int32_t m, double penalty);

    double* potential() { return potential_; } // G [m], in units of epsilon
    double error() const { return error_; }    // L1 norm of the column residual at the potential

    // Re-evaluates after the potential was written.
    void evaluate() { error_ = evaluate(potential_, conditional_, gradient_); }

    // One Sinkhorn sweep: columns are met exactly, then the rows again.
    void sweep();

    // Newton steps until the residual reaches target or stops shrinking; returns the steps taken.
    int32_t descend(double target, int32_t max_steps);

    // f_i / epsilon = log a_i - log sum_j exp(G_j - K_ij).
    double row_potential(int32_t row) const;

private:
    double evaluate(const double* potential, double* conditional, double* gradient) const;
    double log_column_sum(int32_t column) const;
    double wanted(double potential, int32_t column) const;
    void find_direction();
    void accept(double error);

    const double* scaled_cost_;
    const double* a_;
    const double* b_;
    int32_t n_, m_;
    double penalty_;
    double error_;
    double *conditional_, *trial_conditional_; // [n, m]: p_ij, rows sum to 1
    double *gradient_, *trial_gradient_;       // [m]
    double *potential_, *trial_potential_;     // [m]
    double *weights_, *ground_, *direction_;   // [m, m], [m], [m]
};

} // namespace pta
