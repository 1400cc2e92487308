// Balanced and unbalanced transport: the certificate, where the caller wants potentials. Finished problems wait in a queue until there is one for each
// lane; then f, g, the plan and the marginal error are formed from G and the costs alone, by the formula that a reader of f and g would use.
struct BalancedQueue {
    int32_t count;
    int64_t* problem;    // [lanes]
    int32_t* iterations; // [lanes]
    f64xN* g;            // [m]
    f64xN* f;            // [n]
    f64xN* column;       // [m]
    f64xN* cost;         // [n, m], then the plan
};

static BalancedQueue balanced_queue(Arena& arena, const TransportBatch<uint8_t>& batch) {
    BalancedQueue queue = {};
    if (batch.f == nullptr && batch.g == nullptr)
        return queue;
    queue.problem = arena.take<int64_t>(kLanes<double>);
    queue.iterations = arena.take<int32_t>(kLanes<double>);
    queue.g = arena.take<f64xN>(batch.m);
    queue.column = arena.take<f64xN>(batch.m);
    queue.f = arena.take<f64xN>(batch.n);
    queue.cost = arena.take<f64xN>(int64_t{batch.n} * batch.m);
    return queue;
}

static inline f64xN balanced_queued(const double* masses, const BalancedQueue& queue, int64_t stride, int at) {
    f64xN mass = f64xN{};
    for (int lane = 0; lane < kLanes<double>; lane++)
        mass[lane] = masses[queue.problem[lane] * stride + at];
    return mass;
}

// Unbalanced: the level of G at which the wanted masses b_j exp(-r G_j) sum to the rows' masses.
static void balanced_level(BalancedQueue& queue, const TransportBatch<uint8_t>& batch) {
    const double penalty = batch.epsilon / batch.rho;
    f64xN rows = f64xN{}, columns = f64xN{}, lowest = splat<f64xN>(kLargestPotential);
    for (int i = 0; i < batch.n; i++)
        rows += balanced_queued(batch.a, queue, batch.n, i);
    for (int j = 0; j < batch.m; j++) {
        queue.column[j] = balanced_queued(batch.b, queue, batch.m, j);
        lowest = smaller(lowest, queue.column[j] > 0.0 ? queue.g[j] : lowest);
    }
    for (int j = 0; j < batch.m; j++)
        columns += queue.column[j] * exp_lanes(penalty * (lowest - queue.g[j]));
    const f64xN level = (log_lanes(columns) - log_lanes(rows)) / penalty - lowest;
    for (int j = 0; j < batch.m; j++)
        queue.g[j] += level;
}

template <bool Soft> static void balanced_flush(BalancedQueue& queue, const TransportBatch<uint8_t>& batch) {
    if (queue.count == 0)
        return;
    const int n = batch.n, m = batch.m;
    for (int lane = queue.count; lane < kLanes<double>; lane++) { // the last problem again; its extra results are dropped
        queue.problem[lane] = queue.problem[queue.count - 1];
        for (int j = 0; j < m; j++)
            queue.g[j][lane] = queue.g[j][queue.count - 1];
    }
    for (int cell = 0; cell < n * m; cell++) {
        for (int lane = 0; lane < kLanes<double>; lane++)
            queue.cost[cell][lane] = batch.cost[queue.problem[lane] * n * m + cell];
    }

    if constexpr (Soft)
        balanced_level(queue, batch);
    const f64xN nothing = splat<f64xN>(-__builtin_inf());
    const double beta = 1 / batch.epsilon;
    f64xN error = f64xN{};
    for (int j = 0; j < m; j++) {
        const f64xN mass = balanced_queued(batch.b, queue, m, j);
        queue.g[j] = mass > 0.0 ? batch.epsilon * queue.g[j] : nothing;
        queue.column[j] = -mass;
        if constexpr (Soft)
            queue.column[j] *= exp_lanes(mass > 0.0 ? queue.g[j] / -batch.rho : f64xN{});
    }
    for (int i = 0; i < n; i++) {
        f64xN* row = queue.cost + i * m;
        f64xN highest = nothing, sum = f64xN{};
        for (int j = 0; j < m; j++)
            highest = larger(highest, queue.g[j] - row[j]);
        for (int j = 0; j < m; j++)
            sum += exp_lanes(beta * (queue.g[j] - row[j] - highest));
        const f64xN mass = balanced_queued(batch.a, queue, n, i);
        const f64xN f = batch.epsilon * (log_lanes(mass > 0.0 ? mass : splat<f64xN>(1.0)) - log_lanes(sum)) - highest;
        queue.f[i] = mass > 0.0 ? f : nothing;
        f64xN row_sum = -mass;
        for (int j = 0; j < m; j++) {
            const f64xN exponent = (queue.f[i] + queue.g[j] - row[j]) / batch.epsilon;
            row[j] = exponent < kSmallestLog ? f64xN{} : exp_lanes(exponent);
            row_sum += row[j];
            queue.column[j] += row[j];
        }
        error += magnitude(row_sum);
    }
    for (int j = 0; j < m; j++)
        error += magnitude(queue.column[j]);

    for (int lane = 0; lane < queue.count; lane++) {
        const int64_t problem = queue.problem[lane];
        const bool certified = error[lane] <= kCertifiedError;
        batch.outcomes[problem] = {error[lane], certified ? PTA_TRANSPORT_CONVERGED : PTA_TRANSPORT_ITERATION_LIMIT, queue.iterations[lane]};
        for (int cell = 0; cell < n * m; cell++)
            batch.plan[problem * n * m + cell] = queue.cost[cell][lane];
        for (int i = 0; i < n && batch.f != nullptr; i++)
            batch.f[problem * n + i] = queue.f[i][lane];
        for (int j = 0; j < m && batch.g != nullptr; j++)
            batch.g[problem * m + j] = queue.g[j][lane];
    }
    queue.count = 0;
}

template <bool Soft>
static void balanced_enqueue(BalancedQueue& queue, const TransportBatch<uint8_t>& batch, const BalancedLanes& lanes, int lane, int64_t problem,
                             int32_t pinned) {
    const int at = queue.count++, last = batch.m - 1;
    queue.problem[at] = problem;
    queue.iterations[at] = static_cast<int32_t>(lanes.iterations[lane]);
    for (int j = 0; j < batch.m; j++)
        queue.g[j][at] = lanes.potential[j == last ? pinned : j == pinned ? last : j][lane];
    if (queue.count == kLanes<double>)
        balanced_flush<Soft>(queue, batch);
}
