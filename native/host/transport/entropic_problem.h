// The rows and columns of positive mass of one entropic problem, packed, with scratch for its solver.
#pragma once
#include "host/transport/entropic_semi_dual.h"
#include "host/transport/transport_problem.h"

namespace pta {

// The heaviest column is packed last: the semi-dual pins it, and a heavy pin keeps the pivots large.
class EntropicProblem {
public:
    // problem is usable and has a row and a column of positive mass; rho is infinite when balanced. Scratch lives until the caller's scope ends.
    EntropicProblem(Arena& arena, const TransportProblem& problem, double epsilon, double rho);

    // Starts the solver from the problem's g, in units of the cost.
    void start_from_potentials();

    // Forms the final potentials and the plan that they imply, in packed scratch; returns the certificate's marginal error, measured on that plan.
    double finish();

    // Writes what finish formed; rows and columns without mass get 0 and -infinity.
    void write() const;

    SemiDual& dual() { return dual_; }

private:
    int32_t pack_columns();
    const double* pack_costs(Arena& arena) const;
    static int32_t select(const double* masses, int32_t count, int32_t* indices);
    static const double* gather(Arena& arena, const double* values, const int32_t* indices, int32_t count);

    const TransportProblem& problem_;
    double epsilon_, rho_;
    int32_t* rows_;    // [n_] of the problem
    int32_t* columns_; // [m_]
    int32_t n_, m_;
    const double* a_;
    const double* b_;
    double* f_;
    double* g_;
    double* plan_; // [n_, m_]
    double* column_sums_;
    SemiDual dual_;
};

} // namespace pta
