// Balanced and unbalanced, certified entropic transport at integer costs (SPEC A3.4): every float64 lane holds a problem of its own and takes the next
// one when it has finished. A lane's arithmetic never looks at another lane, so results do not depend on what else is in the batch.
#include "kernels/balanced_math.inl.h"
#include "kernels/balanced_newton.inl.h"
#include "kernels/balanced_finish.inl.h"
#include "kernels/balanced_load.inl.h"

// What is not certified by then is left to the host's solver. Natural problems take about 11, one in a hundred over 22.
static constexpr int32_t kMostIterations = 100;

static void balanced_hand_over(const TransportBatch<uint8_t>& batch, int64_t problem, int32_t iterations) {
    batch.outcomes[problem] = {__builtin_nan(""), PTA_TRANSPORT_ITERATION_LIMIT, iterations};
}

// Gives the lane the next problem that can be solved here, or none.
template <int N, int M, bool Soft> static void balanced_refill(BalancedRun& run, int lane) {
    while (run.next < run.batch.batch) {
        const int64_t problem = run.next++;
        if (balanced_load<N, M, Soft>(run, lane, problem)) {
            run.problem[lane] = problem;
            return;
        }
        balanced_hand_over(run.batch, problem, 0);
    }
    run.problem[lane] = -1;
}

// Writes the plan of a finished lane. Its rows are exact, its columns are off by lanes.error.
template <int N, int M, bool Soft> static void balanced_store(BalancedRun& run, int lane) {
    typedef double Pair __attribute__((vector_size(16))); // half as many stores
    constexpr int step = kLanes<double>;
    const int n = N > 0 ? N : run.lanes.n, m = M > 0 ? M : run.lanes.m;
    const int64_t problem = run.problem[lane];
    const int pinned = run.pinned[lane];
    const double* lane_plan = reinterpret_cast<const double*>(run.lanes.plan) + lane;
    double* plan = run.batch.plan + problem * n * m;
    for (int i = 0; i < n; i++) {
        const double* from = lane_plan + i * m * step;
        double* row = plan + i * m;
        int j = 0;
        for (; j + 1 < m; j += 2)
            store(row + j, Pair{from[j * step], from[(j + 1) * step]});
        if (j < m)
            row[j] = from[j * step];
        swap_values(row[pinned], row[m - 1]);
    }
    run.batch.outcomes[problem] = {run.lanes.error[lane], PTA_TRANSPORT_CONVERGED, static_cast<int32_t>(run.lanes.iterations[lane])};
}

template <int N, int M, bool Soft> static void balanced_run(BalancedRun& run) {
    BalancedLanes& lanes = run.lanes;
    const bool potentials = run.batch.f != nullptr || run.batch.g != nullptr;
    uint32_t active = 0;
    for (int lane = 0; lane < kLanes<double>; lane++) {
        balanced_refill<N, M, Soft>(run, lane);
        active |= static_cast<uint32_t>(run.problem[lane] >= 0) << lane;
    }
    while (active != 0) {
        balanced_evaluate<N, M, Soft>(lanes);
        const uint32_t lost = lane_bits(~(lanes.lost < kHarmlessLog));
        const uint32_t finished = lane_bits(balanced_finished<M>(lanes)) & ~lost & active;
        const uint32_t ended = (finished | lost | lane_bits(lanes.iterations >= static_cast<double>(kMostIterations))) & active;
        for (uint32_t rest = ended; rest != 0; rest &= rest - 1) {
            const int lane = __builtin_ctz(rest);
            if ((finished >> lane & 1) == 0)
                balanced_hand_over(run.batch, run.problem[lane], static_cast<int32_t>(lanes.iterations[lane]));
            else if (potentials)
                balanced_enqueue<Soft>(run.queue, run.batch, lanes, lane, run.problem[lane], run.pinned[lane]);
            else
                balanced_store<N, M, Soft>(run, lane);
        }
        if (ended != active || run.next < run.batch.batch)
            balanced_advance<N, M, Soft>(lanes);
        for (uint32_t rest = ended; rest != 0; rest &= rest - 1) {
            const int lane = __builtin_ctz(rest);
            balanced_refill<N, M, Soft>(run, lane);
            active ^= static_cast<uint32_t>(run.problem[lane] < 0) << lane;
        }
    }
    if (potentials)
        balanced_flush<Soft>(run.queue, run.batch);
}

// epsilon / rho beyond these is left to the host: the level of G would lose digits, or secants would be no guide any more.
static constexpr double kLeastPenalty = 1e-6, kMostPenalty = 1e3;

template <bool Soft> static void balanced_solve_all(Arena& arena, const TransportBatch<uint8_t>& batch) {
    const double penalty = Soft ? batch.epsilon / batch.rho : 0;
    const bool stiff = Soft && !(penalty >= kLeastPenalty && penalty <= kMostPenalty);
    if (!(batch.epsilon > 0) || !(1 / batch.epsilon <= 1e300) || !(batch.epsilon <= 1e300) || stiff) {
        for (int64_t problem = 0; problem < batch.batch; problem++)
            balanced_hand_over(batch, problem, 0);
        return;
    }
    Arena::Scope scope(arena);
    const int64_t n = batch.n, m = batch.m, total = 2 * n * m + 2 * m * m + 2 * n + 10 * m;
    f64xN* memory = arena.take<f64xN>(total);
    // Lanes that never get a problem compute too; they should at least compute with numbers.
    for (int64_t k = 0; k < total; k++)
        memory[k] = f64xN{};
    const auto take = [&](int64_t count) {
        f64xN* const taken = memory;
        memory += count;
        return taken;
    };
    BalancedRun run{batch, {}, nullptr, {}, nullptr, 0, {}, {}, {}, 0, {}, {}};
    for (int k = 0; k <= kMostDoublings; k++)
        run.betas[k] = 1 / batch.epsilon / static_cast<double>(1 << k);
    for (int largest = 0, k = 0; largest < 256; largest++) {
        while (k <= kMostDoublings && run.betas[k] * largest > kFirstSpread)
            k++;
        run.doublings[largest] = static_cast<int8_t>(k);
    }
    run.lanes.n = batch.n;
    run.lanes.m = batch.m;
    run.penalty = penalty;
    run.lanes.plan = take(n * m);
    run.lanes.cost = take(n * m);
    run.lanes.weights = take(m * m);
    run.lanes.shares = take(m * m);
    run.lanes.a = take(n);
    run.lanes.inverse_a = take(n);
    f64xN** const columns[] = {&run.lanes.b,       &run.lanes.potential, &run.lanes.step,     &run.lanes.gradient,
                               &run.lanes.tangent, &run.lanes.direction, &run.lanes.solution, &run.lanes.ground,    &run.lanes.inverse,
                               &run.lanes.soft_ground};
    for (f64xN** column : columns)
        *column = take(m);
    run.starts = arena.take<double>(256 * (kMostDoublings + 1));
    run.integers = arena.take<double>(256);
    for (int c = 0; c < 256; c++)
        run.integers[c] = c;
    run.queue = balanced_queue(arena, batch);
    if (n == 10 && m == 10)
        balanced_run<10, 10, Soft>(run);
    else
        balanced_run<0, 0, Soft>(run);
}

static void balanced(Arena& arena, const TransportBatch<uint8_t>& batch) { balanced_solve_all<false>(arena, batch); }
static void unbalanced(Arena& arena, const TransportBatch<uint8_t>& batch) { balanced_solve_all<true>(arena, batch); }
