#include "host/transport/entropic_transport.h"

#include <algorithm>
#include <limits>

#include "host/transport/entropic_problem.h"
#include "host/transport/exact_transport.h"
#include "host/libm.h"

namespace pta {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// More than the certificate asks, since Newton's last step is nearly free; float64 allows little less.
constexpr double kTarget = 1e-12;
constexpr int32_t kMaxSteps = 200;

// Solves at epsilon 4^(stages - 1), ..., 4 epsilon, epsilon, each from the one before and the first from the problem's g. Writes the last iterate,
// certified or not: CONVERGED or ITERATION_LIMIT, with sweeps plus Newton steps over all stages.
TransportOutcome descend(Arena& arena, const TransportProblem& problem, double epsilon, double rho, int32_t stages, int32_t max_sweeps) {
    TransportOutcome outcome{std::numeric_limits<double>::quiet_NaN(), PTA_TRANSPORT_ITERATION_LIMIT, 0};
    for (int32_t stage = stages - 1; stage >= 0; stage--) {
        Arena::Scope scope(arena);
        EntropicProblem packed(arena, problem, std::ldexp(epsilon, 2 * stage), rho);
        packed.start_from_potentials();
        SemiDual& dual = packed.dual();
        for (int32_t sweep = 0; sweep < max_sweeps && dual.error() > kTarget; sweep++) {
            dual.sweep();
            outcome.iterations++;
        }
        outcome.iterations += dual.descend(kTarget, kMaxSteps);
        outcome.marginal_error = packed.finish();
        packed.write();
    }
    if (outcome.marginal_error <= kMarginalTolerance)
        outcome.status = PTA_TRANSPORT_CONVERGED;
    return outcome;
}

// Stages after which the first epsilon is at least the largest cost: there the potentials 0 are a good start.
int32_t stages_for(const TransportProblem& problem, double epsilon) {
    constexpr int32_t most_stages = 16;
    double largest = *std::max_element(problem.cost, problem.cost + problem.n * problem.m);
    int32_t stages = 1;
    for (double wide = epsilon; wide < largest && stages < most_stages; wide *= 4)
        stages++;
    return stages;
}

} // namespace

// The exact duals are the limit of the entropic potentials as epsilon -> 0: damped Newton starts from them. What it cannot certify is tried again from
// large epsilon downwards. Both fail only where float64 cannot hold the answer: an error of one ulp in f + g - C moves an entry by ulp / epsilon.
TransportOutcome solve_balanced(Arena& arena, const TransportProblem& problem, double epsilon) {
    TransportOutcome exact = solve_exact(arena, problem);
    if (exact.status == PTA_TRANSPORT_NOT_FINITE)
        return exact;
    if (is_empty(problem.a, problem.n) || is_empty(problem.b, problem.m)) {
        if (exact.marginal_error > kMarginalTolerance) {
            exact.status = PTA_TRANSPORT_EXACT_FALLBACK;
            return exact;
        }
        std::fill_n(problem.f, problem.n, -kInfinity);
        std::fill_n(problem.g, problem.m, -kInfinity);
        return exact;
    }
    TransportOutcome outcome = descend(arena, problem, epsilon, kInfinity, 1, 2);
    if (outcome.status == PTA_TRANSPORT_CONVERGED)
        return outcome;
    std::fill_n(problem.g, problem.m, 0.0);
    outcome = descend(arena, problem, epsilon, kInfinity, stages_for(problem, epsilon), 20);
    if (outcome.status == PTA_TRANSPORT_CONVERGED)
        return outcome;
    exact = solve_exact(arena, problem);
    exact.status = PTA_TRANSPORT_EXACT_FALLBACK;
    return exact;
}

TransportOutcome certify_balanced(Arena& arena, const TransportProblem& problem, double epsilon) {
    return descend(arena, problem, epsilon, kInfinity, 1, 0);
}

TransportOutcome solve_unbalanced(Arena& arena, const TransportProblem& problem, double epsilon, double rho) {
    if (!is_usable(problem))
        return not_finite(problem);
    if (is_empty(problem.a, problem.n)) {
        std::fill_n(problem.plan, problem.n * problem.m, 0.0);
        std::fill_n(problem.f, problem.n, -kInfinity);
        std::fill_n(problem.g, problem.m, -kInfinity);
        return {0, PTA_TRANSPORT_CONVERGED, 0};
    }
    if (is_empty(problem.b, problem.m))
        return not_finite(problem);
    // Scaling contracts by rho / (rho + epsilon). Where that is above one half Newton is sooner there, after a few sweeps to start it.
    int32_t sweeps = rho < epsilon ? 60 : 10;
    std::fill_n(problem.g, problem.m, 0.0);
    TransportOutcome outcome = descend(arena, problem, epsilon, rho, 1, sweeps);
    if (outcome.status == PTA_TRANSPORT_CONVERGED)
        return outcome;
    std::fill_n(problem.g, problem.m, 0.0);
    outcome = descend(arena, problem, epsilon, rho, stages_for(problem, epsilon), sweeps);
    return std::isfinite(outcome.marginal_error) ? outcome : not_finite(problem);
}

TransportOutcome solve_semi_relaxed(const TransportProblem& problem, double epsilon) {
    const int32_t n = problem.n;
    const int32_t m = problem.m;
    if (!is_usable(problem.cost, n * m) || !is_usable(problem.a, n))
        return not_finite(problem);
    std::fill_n(problem.f, n, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(problem.g, m, std::numeric_limits<double>::quiet_NaN());
    double error = 0;
    for (int32_t i = 0; i < n; i++) {
        const double* cost = problem.cost + i * m;
        double* row = problem.plan + i * m;
        double least = *std::min_element(cost, cost + m);
        double sum = 0;
        for (int32_t j = 0; j < m; j++) {
            row[j] = std::exp((least - cost[j]) / epsilon);
            sum += row[j];
        }
        double total = 0;
        for (int32_t j = 0; j < m; j++) {
            row[j] = problem.a[i] * (row[j] / sum);
            total += row[j];
        }
        error += std::fabs(total - problem.a[i]);
    }
    return {error, PTA_TRANSPORT_CONVERGED, 0};
}

} // namespace pta
