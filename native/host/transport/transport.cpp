#include "host/transport/transport.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "host/transport/entropic_transport.h"
#include "host/error.h"
#include "host/transport/exact_transport.h"
#include "host/transport/greenkhorn.h"
#include "host/transport/stable_exp.h"

namespace pta {

namespace {

// Problems first .. first + count - 1 of a batch. Potentials that the caller does not want stay null.
template <class T> TransportBatch<T> slice(const TransportBatch<T>& batch, int64_t first, int64_t count) {
    TransportBatch<T> part = batch;
    part.cost += first * batch.n * batch.m;
    part.a += first * batch.n;
    if (part.b != nullptr)
        part.b += first * batch.m;
    part.plan += first * batch.n * batch.m;
    if (part.f != nullptr)
        part.f += first * batch.n;
    if (part.g != nullptr)
        part.g += first * batch.m;
    part.outcomes += first;
    part.batch = count;
    return part;
}

template <class T> void fill_potentials(const TransportBatch<T>& batch, double value) {
    if (batch.f != nullptr)
        std::fill_n(batch.f, batch.batch * batch.n, value);
    if (batch.g != nullptr)
        std::fill_n(batch.g, batch.batch * batch.m, value);
}

// Runs solve on the one problem of a slice, on costs as float64 and on scratch potentials where the caller wants none.
template <class T, class Solve> void solve_one(Workspace& workspace, const TransportBatch<T>& one, Solve solve) {
    Arena::Scope scope(workspace.arena);
    const int32_t cells = one.n * one.m;
    TransportProblem problem{nullptr, one.a, one.b, one.plan, one.f, one.g, one.n, one.m};
    if constexpr (std::is_same_v<T, double>) {
        problem.cost = one.cost;
    } else {
        double* cost = workspace.arena.take<double>(cells);
        std::copy_n(one.cost, cells, cost);
        problem.cost = cost;
    }
    if (problem.f == nullptr)
        problem.f = workspace.arena.take<double>(one.n);
    if (problem.g == nullptr)
        problem.g = workspace.arena.take<double>(one.m);
    *one.outcomes = solve(workspace.arena, problem);
}

template <class T, class Solve> void solve_each(Workspace& workspace, const TransportBatch<T>& batch, Solve solve) {
    for (int64_t p = 0; p < batch.batch; p++)
        solve_one(workspace, slice(batch, p, 1), solve);
}

void solve_official(Workspace& workspace, const TransportBatch<uint8_t>& batch) {
    fill_potentials(batch, std::numeric_limits<double>::quiet_NaN());
    workspace.kernels.official(workspace.arena, workspace.exp_of_lambda.of_lambda(official_lambda(batch.epsilon)), batch);
}

void solve_official(Workspace& workspace, const TransportBatch<double>& batch) {
    fill_potentials(batch, std::numeric_limits<double>::quiet_NaN());
    // Kernel matrices of at most 4 MB at a time, but enough problems to keep the lanes filled.
    const int64_t cells = int64_t{batch.n} * batch.m;
    const int64_t most = std::max<int64_t>(128, (int64_t{1} << 19) / cells);
    const double lambda = official_lambda(batch.epsilon);
    for (int64_t first = 0; first < batch.batch; first += most) {
        Arena::Scope scope(workspace.arena);
        TransportBatch<double> part = slice(batch, first, std::min(most, batch.batch - first));
        double* kernel = workspace.arena.take<double>(part.batch * cells);
        for (int64_t i = 0; i < part.batch * cells; i++)
            kernel[i] = stable_exp(-lambda * part.cost[i]);
        workspace.kernels.official_real(workspace.arena, kernel, part);
    }
}

// A certified coupling: the kernel of the lanes, and the solver of what they leave.
struct Certified {
    void (*KernelTable::*lanes)(Arena&, const TransportBatch<uint8_t>&);
    TransportOutcome (*solve)(Arena&, const TransportProblem&, double epsilon, double rho);
};

constexpr Certified kBalanced{&KernelTable::balanced, [](Arena& arena, const TransportProblem& problem, double epsilon, double) {
                                  return solve_balanced(arena, problem, epsilon);
                              }};
constexpr Certified kUnbalanced{&KernelTable::unbalanced, solve_unbalanced};

// The lanes first; what they leave at ITERATION_LIMIT is solved to its end here.
void solve_certified(Workspace& workspace, const Certified& coupling, const TransportBatch<uint8_t>& batch) {
    for (int64_t p = 0; p < batch.batch; p++)
        batch.outcomes[p] = {std::numeric_limits<double>::quiet_NaN(), PTA_TRANSPORT_ITERATION_LIMIT, 0};
    (workspace.kernels.*coupling.lanes)(workspace.arena, batch);
    for (int64_t p = 0; p < batch.batch; p++) {
        if (batch.outcomes[p].status != PTA_TRANSPORT_ITERATION_LIMIT)
            continue;
        solve_one(workspace, slice(batch, p, 1),
                  [&](Arena& arena, const TransportProblem& problem) { return coupling.solve(arena, problem, batch.epsilon, batch.rho); });
    }
}

bool is_integer_problem(const double* cost, int64_t cells) {
    return std::all_of(cost, cost + cells, [](double c) { return c >= 0 && c <= 254 && c == static_cast<int32_t>(c); });
}

// Runs of problems with integer costs go to the lanes. Each problem decides for itself, so that an answer never depends on its neighbours.
void solve_certified(Workspace& workspace, const Certified& coupling, const TransportBatch<double>& batch) {
    const int64_t cells = int64_t{batch.n} * batch.m;
    for (int64_t first = 0, next; first < batch.batch; first = next) {
        bool integer = is_integer_problem(batch.cost + first * cells, cells);
        next = first + 1;
        while (next < batch.batch && is_integer_problem(batch.cost + next * cells, cells) == integer)
            next++;
        TransportBatch<double> run = slice(batch, first, next - first);
        if (!integer) {
            solve_each(workspace, run,
                       [&](Arena& arena, const TransportProblem& problem) { return coupling.solve(arena, problem, batch.epsilon, batch.rho); });
            continue;
        }
        Arena::Scope scope(workspace.arena);
        uint8_t* cost = workspace.arena.take<uint8_t>(run.batch * cells);
        for (int64_t i = 0; i < run.batch * cells; i++)
            cost[i] = static_cast<uint8_t>(run.cost[i]);
        solve_certified(workspace, coupling, TransportBatch<uint8_t>{cost, run.a, run.b, run.plan, run.f, run.g, run.outcomes, run.batch, run.n, run.m,
                                                                     run.epsilon, run.tolerance, run.rho, run.max_iterations, run.solver});
    }
}

void solve_semi_relaxed(Workspace& workspace, const TransportBatch<uint8_t>& batch) {
    fill_potentials(batch, std::numeric_limits<double>::quiet_NaN());
    workspace.kernels.semi_relaxed(workspace.arena, workspace.exp_of_epsilon.of_epsilon(batch.epsilon), batch);
}

void solve_semi_relaxed(Workspace& workspace, const TransportBatch<double>& batch) {
    solve_each(workspace, batch, [&](Arena&, const TransportProblem& problem) { return solve_semi_relaxed(problem, batch.epsilon); });
}

} // namespace

template <class T> void solve_transport(Workspace& workspace, int32_t kind, const TransportBatch<T>& batch) {
    switch (kind) {
    case PTA_TRANSPORT_OFFICIAL:
        return solve_official(workspace, batch);
    case PTA_TRANSPORT_BALANCED:
        if (batch.solver == PTA_SOLVER_GREENKHORN)
            return solve_each(workspace, batch, [&](Arena& arena, const TransportProblem& problem) { return solve_greenkhorn(arena, problem, batch.epsilon); });
        return solve_certified(workspace, kBalanced, batch);
    case PTA_TRANSPORT_SEMI_RELAXED:
        return solve_semi_relaxed(workspace, batch);
    case PTA_TRANSPORT_UNBALANCED:
        return solve_certified(workspace, kUnbalanced, batch);
    case PTA_TRANSPORT_EXACT:
        return solve_each(workspace, batch, [](Arena& arena, const TransportProblem& problem) { return solve_exact(arena, problem); });
    default:
        throw_argument("transport kind %d is unknown.", kind);
    }
}

template void solve_transport<uint8_t>(Workspace&, int32_t, const TransportBatch<uint8_t>&);
template void solve_transport<double>(Workspace&, int32_t, const TransportBatch<double>&);

} // namespace pta
