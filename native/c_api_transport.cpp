// Entry points of the transports.
#include <algorithm>
#include <limits>

#include "c_api.h"
#include "host/transport/transport.h"
#include "host/workspace.h"

using namespace pta;

namespace {

constexpr int32_t kMostCandidates = 64;

// A kernel writes the caller's outcomes directly.
static_assert(sizeof(TransportOutcome) == sizeof(pta_transport_outcome) && offsetof(TransportOutcome, status) == offsetof(pta_transport_outcome, status) &&
              offsetof(TransportOutcome, iterations) == offsetof(pta_transport_outcome, iterations));

// Only what the kind reads is checked.
void check_options(const pta_transport_options* options) {
    require_array(options, 1, "options");
    require_size(options->struct_size, sizeof *options, "options");
    require_range(options->kind, PTA_TRANSPORT_OFFICIAL, PTA_TRANSPORT_EXACT, "options.kind");
    require_range(options->solver, PTA_SOLVER_NEWTON, options->kind == PTA_TRANSPORT_BALANCED ? PTA_SOLVER_GREENKHORN : PTA_SOLVER_NEWTON, "options.solver");
    if (options->kind != PTA_TRANSPORT_EXACT)
        require_positive(options->epsilon, "options.epsilon");
    if (options->kind == PTA_TRANSPORT_OFFICIAL) {
        require_positive(options->tolerance, "options.tolerance");
        require_range(options->max_iterations, 0, INT32_MAX, "options.max_iterations");
    }
    if (options->kind == PTA_TRANSPORT_UNBALANCED)
        require_positive(options->rho, "options.rho");
}

template <class T>
pta_status solve(pta_workspace* workspace, const pta_transport_options* options, int64_t batch, int32_t n, int32_t m, const T* cost, const double* a,
                 const double* b, double* plan, double* f, double* g, pta_transport_outcome* outcomes) {
    require_not_null(workspace, "workspace");
    check_options(options);
    require_range(batch, 0, INT64_MAX, "batch");
    require_range(n, 1, kMostCandidates, "n");
    require_range(m, 1, kMostCandidates, "m");
    int64_t rows = require_product(batch, n, sizeof(double), "a"), columns = require_product(batch, m, sizeof(double), "b");
    int64_t entries = require_product(rows, m, sizeof(double), "plan");
    require_product(batch, 1, sizeof(pta_transport_outcome), "outcomes");
    bool one_sided = options->kind == PTA_TRANSPORT_SEMI_RELAXED;
    require_array(cost, entries, "cost");
    require_array(a, rows, "a");
    if (!one_sided)
        require_array(b, columns, "b");
    require_array(plan, entries, "plan");
    if (f != nullptr)
        require_array(f, rows, "f");
    if (g != nullptr)
        require_array(g, columns, "g");
    require_array(outcomes, batch, "outcomes");
    if (batch == 0)
        return PTA_OK;

    const Extent results[] = {extent_of(plan, entries, "plan"), extent_of(outcomes, batch, "outcomes"), extent_of(f, f == nullptr ? 0 : rows, "f"),
                              extent_of(g, g == nullptr ? 0 : columns, "g")};
    const Extent inputs[] = {extent_of(cost, entries, "cost"), extent_of(a, rows, "a"), extent_of(b, one_sided ? 0 : columns, "b")};
    for (const Extent& result : results) {
        for (const Extent& input : inputs)
            require_apart(result, input);
        for (const Extent* other = results; other != &result; other++)
            require_apart(result, *other);
    }

    if (one_sided || options->kind == PTA_TRANSPORT_OFFICIAL) { // they have no potentials
        if (f != nullptr)
            std::fill(f, f + rows, std::numeric_limits<double>::quiet_NaN());
        if (g != nullptr)
            std::fill(g, g + columns, std::numeric_limits<double>::quiet_NaN());
        f = g = nullptr;
    }
    TransportBatch<T> problems{};
    problems.cost = cost;
    problems.a = a;
    problems.b = one_sided ? nullptr : b;
    problems.plan = plan;
    problems.f = f;
    problems.g = g;
    problems.outcomes = reinterpret_cast<TransportOutcome*>(outcomes);
    problems.batch = batch;
    problems.n = n;
    problems.m = m;
    problems.epsilon = options->epsilon;
    problems.tolerance = options->tolerance;
    problems.rho = options->rho;
    problems.max_iterations = options->max_iterations;
    problems.solver = options->solver;
    Arena::Scope scope(workspace->arena);
    solve_transport(*workspace, options->kind, problems);
    return PTA_OK;
}

} // namespace

pta_status pta_solve_transport_u8(pta_workspace* workspace, const pta_transport_options* options, int64_t batch, int32_t n, int32_t m,
                                  const uint8_t* cost, const double* a, const double* b, double* plan, double* f, double* g,
                                  pta_transport_outcome* outcomes) {
    return guarded([&] { return solve(workspace, options, batch, n, m, cost, a, b, plan, f, g, outcomes); });
}

pta_status pta_solve_transport_f64(pta_workspace* workspace, const pta_transport_options* options, int64_t batch, int32_t n, int32_t m,
                                   const double* cost, const double* a, const double* b, double* plan, double* f, double* g,
                                   pta_transport_outcome* outcomes) {
    return guarded([&] { return solve(workspace, options, batch, n, m, cost, a, b, plan, f, g, outcomes); });
}
