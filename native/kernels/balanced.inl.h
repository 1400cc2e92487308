// Balanced, certified entropic transport at integer costs (SPEC A3.4): every float64 lane holds a problem of its own and takes the next one when it
// has finished. A lane's arithmetic never looks at another lane, so results do not depend on what else is in the batch.
#include "kernels/balanced_math.inl.h"
#include "kernels/balanced_newton.inl.h"
#include "kernels/balanced_finish.inl.h"

// What is not certified by then is left to the host's solver. Natural problems take about 11, one in a hundred over 23.
static constexpr int32_t kMostIterations = 100;

// beta starts where its product with the largest cost is at most this, and reaches 1 / epsilon by doubling.
static constexpr double kFirstSpread = 6;
static constexpr int32_t kMostDoublings = 14; // each also doubles the relative error of the plan: 1e-11 at the end

// Masses beyond kSmallestMass and this would leave the range of float64 on the way. The host's solver takes them.
static constexpr double kLargestMass = 1e40;

// exp(-beta * cost) for the starting values 1 / epsilon / 2^k of beta, filled as far as costs have asked.
struct BalancedStart {
    double plan, cost;
};

struct BalancedStarts {
    BalancedStart* entries; // [kMostDoublings + 1, 256]
    int32_t filled[kMostDoublings + 1];
};

struct BalancedRun {
    const TransportBatch<uint8_t>& batch;
    BalancedLanes lanes;
    BalancedStarts starts;
    BalancedQueue queue;
    int8_t doublings[256];             // by largest cost
    double betas[kMostDoublings + 1];  // by doublings
    int64_t next;                      // the first problem that no lane has seen
    int64_t problem[kLanes<double>];   // -1: the lane is idle
    int32_t pinned[kLanes<double>];    // the column that changed places with the last one
};

static void balanced_hand_over(const TransportBatch<uint8_t>& batch, int64_t problem, int32_t iterations) {
    batch.outcomes[problem] = {__builtin_nan(""), PTA_TRANSPORT_ITERATION_LIMIT, iterations};
}

static const BalancedStart* balanced_start(BalancedRun& run, int32_t doublings, double beta, int32_t largest) {
    BalancedStart* entries = run.starts.entries + 256 * doublings;
    int32_t& filled = run.starts.filled[doublings];
    for (; filled <= largest; filled += kLanes<double>) {
        f64xN x;
        for (int lane = 0; lane < kLanes<double>; lane++)
            x[lane] = -beta * (filled + lane);
        const f64xN value = exp_lanes(x);
        for (int lane = 0; lane < kLanes<double>; lane++)
            entries[filled + lane] = {value[lane], static_cast<double>(filled + lane)};
    }
    return entries;
}

// Puts a problem into a lane. False: it is not one that this kernel solves.
template <int N, int M> static bool balanced_load(BalancedRun& run, int lane, int64_t problem) {
    constexpr int step = kLanes<double>, padded = 64 + kLanes<double>;
    const int n = N > 0 ? N : run.lanes.n, m = M > 0 ? M : run.lanes.m;
    BalancedLanes& lanes = run.lanes;
    const uint8_t* cost = run.batch.cost + problem * n * m;
    const double* a = run.batch.a + problem * n;
    const double* b = run.batch.b + problem * m;

    double sum_a = 0, sum_b = 0, heaviest = 0;
    bool usable = true, all = true;
    int32_t pinned = 0;
    for (int i = 0; i < n; i++) {
        usable &= a[i] == 0 || (a[i] >= kSmallestMass && a[i] <= kLargestMass);
        all &= a[i] > 0;
        sum_a += a[i];
    }
    for (int j = 0; j < m; j++) {
        usable &= b[j] == 0 || (b[j] >= kSmallestMass && b[j] <= kLargestMass);
        all &= b[j] > 0;
        sum_b += b[j];
        pinned = b[j] > heaviest ? j : pinned;
        heaviest = b[j] > heaviest ? b[j] : heaviest;
    }
    if (!usable || !(sum_a > 0) || !(__builtin_fabs(sum_a - sum_b) <= kCertifiedError / 2))
        return false;

    // Costs between rows and columns without mass say nothing. They count as 0, which keeps every row's sum positive.
    uint8_t costs[64 * 64 + step];
    __builtin_memcpy(costs, cost, n * m);
    if (!all) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++)
                costs[i * m + j] = a[i] > 0 && b[j] > 0 ? cost[i * m + j] : 0;
        }
    }
    uint8_t largest = 0;
    for (int cell = 0; cell < n * m; cell++)
        largest = costs[cell] > largest ? costs[cell] : largest;
    const int32_t doublings = run.doublings[largest];
    if (doublings > kMostDoublings)
        return false;
    const double beta = run.betas[doublings];

    // For beta -> 0 the optimum is a b', that is G = log b, and its derivative the mean cost.
    double potential[padded];
    for (int j = 0; j < m; j += step) {
        f64xN mean = f64xN{}, mass = splat<f64xN>(1.0);
        for (int i = 0; i < n; i++) {
            // Loads run into the next row, or into the padding.
            mean = fma_lanes(widen_bytes(costs + i * m + j), splat<f64xN>(a[i]), mean);
        }
        for (int k = 0; k < step && j + k < m; k++)
            mass[k] = b[j + k] > 0 ? b[j + k] : 1;
        store(potential + j, fma_lanes(mean, splat<f64xN>(beta / sum_a), log_lanes(mass)));
    }

    const BalancedStart* start = balanced_start(run, doublings, beta, largest);
    double* lane_plan = reinterpret_cast<double*>(lanes.plan) + lane;
    double* lane_costs = reinterpret_cast<double*>(lanes.cost) + lane;
    for (int cell = 0; cell < n * m; cell++) {
        const BalancedStart both = start[costs[cell]];
        lane_plan[cell * step] = both.plan;
        lane_costs[cell * step] = both.cost;
    }
    if (!all) {
        for (int j = 0; j < m; j++) {
            for (int i = 0; i < n && b[j] == 0; i++)
                lane_plan[(i * m + j) * step] = 0;
        }
    }

    for (int i = 0; i < n; i++) {
        lanes.a[i][lane] = a[i];
        lanes.inverse_a[i][lane] = a[i] > 0 ? 1 / a[i] : 0;
        double* rows[2] = {lane_plan + i * m * step, lane_costs + i * m * step};
        for (double* row : rows) {
            const double swap = row[pinned * step];
            row[pinned * step] = row[(m - 1) * step];
            row[(m - 1) * step] = swap;
        }
    }
    for (int j = 0; j < m; j++) {
        const int from = j == m - 1 ? pinned : j == pinned ? m - 1 : j;
        lanes.b[j][lane] = b[from];
        lanes.potential[j][lane] = potential[from];
        lanes.step[j][lane] = potential[from];
        lanes.direction[j][lane] = 0;
    }
    lanes.beta[lane] = beta;
    lanes.doublings[lane] = doublings;
    lanes.length[lane] = lanes.reach[lane] = lanes.slope[lane] = 0;
    lanes.radius[lane] = kFirstRadius;
    lanes.previous_error[lane] = lanes.error[lane] = 0;
    lanes.iterations[lane] = 0;
    lanes.lost[lane] = kSmallestLog;
    lanes.squares[lane] = 0;
    lanes.fresh[lane] = -1;
    run.pinned[lane] = pinned;
    const double* plan = run.batch.plan + problem * n * m;
    for (int cell = 0; cell < n * m; cell += 8)
        __builtin_prefetch(plan + cell, 1); // written a dozen iterations from now
    return true;
}

// Gives the lane the next problem that can be solved here, or none.
template <int N, int M> static void balanced_refill(BalancedRun& run, int lane) {
    while (run.next < run.batch.batch) {
        const int64_t problem = run.next++;
        if (balanced_load<N, M>(run, lane, problem)) {
            run.problem[lane] = problem;
            return;
        }
        balanced_hand_over(run.batch, problem, 0);
    }
    run.problem[lane] = -1;
}

// Writes the plan of a finished lane. Its rows are exact, its columns are off by lanes.error.
template <int N, int M> static void balanced_store(BalancedRun& run, int lane) {
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
        const double swap = row[pinned];
        row[pinned] = row[m - 1];
        row[m - 1] = swap;
    }
    run.batch.outcomes[problem] = {run.lanes.error[lane], PTA_TRANSPORT_CONVERGED, static_cast<int32_t>(run.lanes.iterations[lane])};
}

template <int N, int M> static void balanced_run(BalancedRun& run) {
    BalancedLanes& lanes = run.lanes;
    const bool potentials = run.batch.f != nullptr || run.batch.g != nullptr;
    uint32_t active = 0;
    for (int lane = 0; lane < kLanes<double>; lane++) {
        balanced_refill<N, M>(run, lane);
        active |= static_cast<uint32_t>(run.problem[lane] >= 0) << lane;
    }
    while (active != 0) {
        balanced_evaluate<N, M>(lanes);
        const uint32_t lost = lane_bits(~(lanes.lost < kHarmlessLog));
        const uint32_t finished = lane_bits(balanced_finished<M>(lanes)) & ~lost & active;
        const uint32_t ended = (finished | lost | lane_bits(lanes.iterations >= static_cast<double>(kMostIterations))) & active;
        for (uint32_t rest = ended; rest != 0; rest &= rest - 1) {
            const int lane = __builtin_ctz(rest);
            if ((finished >> lane & 1) == 0)
                balanced_hand_over(run.batch, run.problem[lane], static_cast<int32_t>(lanes.iterations[lane]));
            else if (potentials)
                balanced_enqueue(run.queue, run.batch, lanes, lane, run.problem[lane], run.pinned[lane]);
            else
                balanced_store<N, M>(run, lane);
        }
        if (ended != active || run.next < run.batch.batch)
            balanced_advance<N, M>(lanes);
        for (uint32_t rest = ended; rest != 0; rest &= rest - 1) {
            const int lane = __builtin_ctz(rest);
            balanced_refill<N, M>(run, lane);
            active ^= static_cast<uint32_t>(run.problem[lane] < 0) << lane;
        }
    }
    if (potentials)
        balanced_flush(run.queue, run.batch);
}

static void balanced(Arena& arena, const TransportBatch<uint8_t>& batch) {
    if (!(batch.epsilon > 0) || !(1 / batch.epsilon <= 1e300) || !(batch.epsilon <= 1e300)) {
        for (int64_t problem = 0; problem < batch.batch; problem++)
            balanced_hand_over(batch, problem, 0);
        return;
    }
    Arena::Scope scope(arena);
    const int64_t n = batch.n, m = batch.m, total = 2 * n * m + 2 * m * m + 2 * n + 9 * m;
    f64xN* memory = arena.take<f64xN>(total);
    // Lanes that never get a problem compute too; they should at least compute with numbers.
    for (int64_t k = 0; k < total; k++)
        memory[k] = f64xN{};
    const auto take = [&](int64_t count) {
        f64xN* const taken = memory;
        memory += count;
        return taken;
    };
    BalancedRun run{batch, {}, {}, {}, {}, {}, 0, {}, {}};
    for (int k = 0; k <= kMostDoublings; k++)
        run.betas[k] = 1 / batch.epsilon / static_cast<double>(1 << k);
    for (int largest = 0, k = 0; largest < 256; largest++) {
        while (k <= kMostDoublings && run.betas[k] * largest > kFirstSpread)
            k++;
        run.doublings[largest] = static_cast<int8_t>(k);
    }
    run.lanes.n = batch.n;
    run.lanes.m = batch.m;
    run.lanes.plan = take(n * m);
    run.lanes.cost = take(n * m);
    run.lanes.weights = take(m * m);
    run.lanes.shares = take(m * m);
    run.lanes.a = take(n);
    run.lanes.inverse_a = take(n);
    f64xN** const columns[] = {&run.lanes.b,       &run.lanes.potential, &run.lanes.step,     &run.lanes.gradient,
                               &run.lanes.tangent, &run.lanes.direction, &run.lanes.solution, &run.lanes.ground,    &run.lanes.inverse};
    for (f64xN** column : columns)
        *column = take(m);
    run.starts.entries = arena.take<BalancedStart>(256 * (kMostDoublings + 1));
    run.queue = balanced_queue(arena, batch);
    if (n == 10 && m == 10)
        balanced_run<10, 10>(run);
    else
        balanced_run<0, 0>(run);
}
