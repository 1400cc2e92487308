// Balanced and unbalanced transport: how a problem enters a lane.

// beta starts where its product with the largest cost is at most this, and reaches 1 / epsilon by doubling.
static constexpr double kFirstSpread = 8;
static constexpr int32_t kMostDoublings = 14; // each also doubles the relative error of the plan: 1e-11 at the end

// Masses beyond kSmallestMass and this would leave the range of float64 on the way. The host's solver takes them.
static constexpr double kLargestMass = 1e40;

struct BalancedRun {
    const TransportBatch<uint8_t>& batch;
    BalancedLanes lanes;
    double* starts;                    // [kMostDoublings + 1, 256] exp(-beta * cost) for the starting values of beta
    int32_t filled[kMostDoublings + 1]; // how far
    double* integers;                  // [256]
    double penalty;                    // Soft: epsilon / rho
    BalancedQueue queue;
    int8_t doublings[256];             // by largest cost
    double betas[kMostDoublings + 1];  // by doublings
    int64_t next;                      // the first problem that no lane has seen
    int64_t problem[kLanes<double>];   // -1: the lane is idle
    int32_t pinned[kLanes<double>];    // the column that changed places with the last one
};

// exp(-beta * cost) up to the largest cost.
static const double* balanced_start(BalancedRun& run, int32_t doublings, int32_t largest) {
    double* entries = run.starts + 256 * doublings;
    int32_t& filled = run.filled[doublings];
    for (; filled <= largest; filled += kLanes<double>)
        store(entries + filled, exp_lanes(load<f64xN>(run.integers + filled) * -run.betas[doublings]));
    return entries;
}

template <class T> static inline void swap_values(T& x, T& y) {
    const T old = x;
    x = y;
    y = old;
}

// Copies masses and pads them with zeros to whole vectors. False: one of them is out of range. zeros: some are 0.
static inline __attribute__((always_inline)) bool balanced_masses(const double* masses, int count, double* padded, bool& zeros) {
    constexpr int step = kLanes<double>;
    const int whole = (count + step - 1) / step * step;
    i64xN usable = ~i64xN{};
    zeros = false;
    for (int i = 0; i < whole; i += step) {
        f64xN mass = f64xN{};
        if (i + step <= count) {
            mass = load<f64xN>(masses + i);
        } else {
            for (int k = 0; i + k < count; k++)
                mass[k] = masses[i + k];
        }
        store(padded + i, mass);
        usable &= (mass == 0.0) | ((mass >= kSmallestMass) & (mass <= kLargestMass));
        const int inside = count - i < step ? count - i : step;
        zeros |= (lane_bits(mass == 0.0) & ((1u << inside) - 1)) != 0;
    }
    return lane_bits(~usable) == 0;
}

// Unbalanced: for beta -> 0 the optimum is a q' with q_j as b_j exp(-r G_j), that is as b_j^(1 / (1 + r)), and so is exp G; dG/dbeta follows from the mean
// costs of the columns. potential: log b in, G out.
static inline void balanced_soft_potential(const double* b, const double* mean, int m, double beta, double sum_a, double penalty, double* potential) {
    constexpr int step = kLanes<double>;
    const double share = 1 / (1 + penalty);
    double sum = 0, mean_cost = 0;
    for (int j = 0; j < m; j += step) {
        const f64xN weight = exp_lanes(load<f64xN>(potential + j) * share), cost = load<f64xN>(mean + j);
        for (int k = 0; k < step && j + k < m; k++) {
            sum += b[j + k] > 0 ? weight[k] : 0;
            mean_cost += b[j + k] > 0 ? weight[k] * cost[k] : 0;
        }
    }
    mean_cost /= sum;
    for (int j = 0; j < m; j += step)
        store(potential + j, (load<f64xN>(potential + j) + (load<f64xN>(mean + j) - mean_cost) * (beta / sum_a)) * share);
}

// Puts a problem into a lane. False: it is not one that this kernel solves.
template <int N, int M, bool Soft> static bool balanced_load(BalancedRun& run, int lane, int64_t problem) {
    constexpr int step = kLanes<double>, padded = 64 + step;
    const int n = N > 0 ? N : run.lanes.n, m = M > 0 ? M : run.lanes.m;
    BalancedLanes& lanes = run.lanes;
    const uint8_t* cost = run.batch.cost + problem * n * m;

    double a[padded], b[padded];
    bool zeros_a, zeros_b;
    const bool usable_a = balanced_masses(run.batch.a + problem * n, n, a, zeros_a);
    const bool usable_b = balanced_masses(run.batch.b + problem * m, m, b, zeros_b);
    double sum_a = 0, sum_b = 0, heaviest = 0;
    int32_t pinned = 0;
    for (int i = 0; i < n; i++)
        sum_a += a[i];
    for (int j = 0; j < m; j++) {
        sum_b += b[j];
        pinned = b[j] > heaviest ? j : pinned;
        heaviest = b[j] > heaviest ? b[j] : heaviest;
    }
    if (!usable_a || !usable_b || !(sum_a > 0) || !(Soft ? sum_b > 0 : __builtin_fabs(sum_a - sum_b) <= kCertifiedError / 2))
        return false;

    // Costs between rows and columns without mass say nothing. They count as 0, which keeps every row's sum positive.
    uint8_t costs[64 * 64 + step];
    __builtin_memcpy(costs, cost, n * m);
    if (zeros_a || zeros_b) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++)
                costs[i * m + j] = a[i] > 0 && b[j] > 0 ? costs[i * m + j] : 0;
        }
    }
    uint8_t largest = 0;
    for (int cell = 0; cell < n * m; cell++)
        largest = costs[cell] > largest ? costs[cell] : largest;
    const int32_t doublings = run.doublings[largest];
    if (doublings > kMostDoublings)
        return false;

    // Balanced: for beta -> 0 the optimum is a b', that is G = log b, and its derivative the mean cost.
    double potential[padded], mean_cost[padded], inverse_a[padded];
    for (int j = 0; j < m; j += step) {
        f64xN mean = f64xN{};
        for (int i = 0; i < n; i++) // loads run into the next row, or into the padding
            mean = fma_lanes(widen_bytes(costs + i * m + j), splat<f64xN>(a[i]), mean);
        const f64xN mass = load<f64xN>(b + j), log_mass = log_lanes(mass > 0.0 ? mass : splat<f64xN>(1.0));
        if constexpr (Soft) {
            store(mean_cost + j, mean);
            store(potential + j, log_mass);
        } else {
            store(potential + j, fma_lanes(mean, splat<f64xN>(run.betas[doublings] / sum_a), log_mass));
        }
    }
    [[maybe_unused]] const double penalty = run.penalty * static_cast<double>(1 << doublings);
    if constexpr (Soft)
        balanced_soft_potential(b, mean_cost, m, run.betas[doublings], sum_a, penalty, potential);
    for (int i = 0; i < n; i += step) {
        const f64xN mass = load<f64xN>(a + i);
        store(inverse_a + i, mass > 0.0 ? 1.0 / mass : f64xN{});
    }

    // The heaviest column changes places with the last one.
    swap_values(b[pinned], b[m - 1]);
    swap_values(potential[pinned], potential[m - 1]);
    for (int i = 0; i < n; i++)
        swap_values(costs[i * m + pinned], costs[i * m + m - 1]);
    const double* start = balanced_start(run, doublings, largest);
    double* lane_plan = reinterpret_cast<double*>(lanes.plan) + lane;
    double* lane_cost = reinterpret_cast<double*>(lanes.cost) + lane;
#pragma GCC unroll 4
    for (int cell = 0; cell < n * m; cell++) {
        lane_plan[cell * step] = start[costs[cell]];
        lane_cost[cell * step] = run.integers[costs[cell]];
    }
    for (int j = 0; j < m && zeros_b; j++) {
        for (int i = 0; i < n && b[j] == 0; i++)
            lane_plan[(i * m + j) * step] = 0;
    }
    for (int i = 0; i < n; i++) {
        lanes.a[i][lane] = a[i];
        lanes.inverse_a[i][lane] = inverse_a[i];
    }
    for (int j = 0; j < m; j++) {
        lanes.b[j][lane] = b[j];
        lanes.potential[j][lane] = potential[j];
        lanes.step[j][lane] = potential[j];
    }
    // The rest of the lane's state says nothing while it is fresh.
    if constexpr (Soft) {
        lanes.total[lane] = sum_a;
        lanes.penalty[lane] = penalty;
    }
    lanes.beta[lane] = run.betas[doublings];
    lanes.doublings[lane] = doublings;
    lanes.radius[lane] = Soft ? kSoftRadius : kFirstRadius;
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
