// The closed form P_ij = a_i e_ij / sum_j e_ij, e_ij = exp((min_j c_ij - c_ij) / epsilon) from a table over u8 differences. The subtraction comes first, so
// no cost is too large: the cheapest column of a row has e = 1. One row at a time, its columns in lanes.

static constexpr int kSemiRelaxedMostSide = 64;

// One row of m columns; e has whole vectors of zeros behind them. Returns the sum of what it wrote.
static inline double semi_relaxed_row(const double* table, const uint8_t* cost, int m, double mass, double* e, double* plan) {
    const int lanes = kLanes<double>;
    uint8_t least = cost[0];
    for (int j = 1; j < m; j++)
        least = cost[j] < least ? cost[j] : least;
    for (int j = 0; j < m; j++)
        e[j] = table[cost[j] - least];
    f64xN sums = {};
    for (int j = 0; j < m; j += lanes)
        sums += load<f64xN>(e + j);
    double sum = 0;
    for (int lane = 0; lane < lanes; lane++)
        sum += sums[lane];
    const f64xN scale = splat<f64xN>(mass / sum);
    f64xN totals = {};
    int j = 0;
    for (; j + lanes <= m; j += lanes) {
        const f64xN p = load<f64xN>(e + j) * scale;
        totals += p;
        store(plan + j, p);
    }
    if (j < m) {
        const f64xN p = load<f64xN>(e + j) * scale;
        totals += p;
        __builtin_memcpy(plan + j, &p, static_cast<size_t>(m - j) * sizeof(double));
    }
    double total = 0;
    for (int lane = 0; lane < lanes; lane++)
        total += totals[lane];
    return total;
}

static void semi_relaxed(Arena&, const double* table, const TransportBatch<uint8_t>& batch) {
    const int n = batch.n;
    const int m = batch.m;
    alignas(64) double e[kSemiRelaxedMostSide + kLanes<double>] = {};
    for (int64_t problem = 0; problem < batch.batch; problem++) {
        const uint8_t* cost = batch.cost + problem * n * m;
        const double* a = batch.a + problem * n;
        double* plan = batch.plan + problem * n * m;
        bool usable = true;
        for (int i = 0; i < n; i++)
            usable = usable && a[i] >= 0 && __builtin_isfinite(a[i]);
        double error = 0;
        for (int i = 0; usable && i < n; i++)
            error += __builtin_fabs(semi_relaxed_row(table, cost + i * m, m, a[i], e, plan + i * m) - a[i]);
        for (int c = 0; !usable && c < n * m; c++)
            plan[c] = __builtin_nan("");
        batch.outcomes[problem] = usable ? TransportOutcome{error, PTA_TRANSPORT_CONVERGED, 0}
                                         : TransportOutcome{__builtin_nan(""), PTA_TRANSPORT_NOT_FINITE, 0};
    }
}
