// The published Sinkhorn loop (SPEC B 3b.3), one problem per float64 lane: a lane that stops takes the next problem of the batch, so the work of a
// batch is its iterations, not its longest problem. Every operation is the one that NumPy does, in its order and rounded on its own: a plan has the
// same bits in every lane of every target.
//
// Cells hold the plan before its last column scaling, P_ij = cell_ij * factor_j: an iteration reads them twice and writes them once. First the row sums,
// the stop test and the row factors, then both scalings and the column sums. Forming P_ij twice costs less than keeping a row in registers until its
// division is done: the second half never waits. A lane that stops is read between the two halves.

static constexpr double kOfficialFloor = 1e-10; // sums are at least this large before they divide
static constexpr int kOfficialMostSide = 64;
static constexpr int kOfficialGroups = 2; // one group's divisions overlap with the other's sums

struct OfficialGroup {
    f64xN* cells;    // [n, m]
    f64xN* factor;   // [m] of the last column scaling; 1 before the first
    f64xN* scale;    // [n] of the row scaling to come
    f64xN* previous; // [n] row sums of the iteration before, clamped; 0 before the first
    f64xN* a;        // [n]
    f64xN* b;        // [m]
    i64xN iterations;
    int64_t problem[kLanes<double>];
    uint32_t busy; // bit l: lane l has a problem
};

// NumPy's order for up to 128 values at(first), at(first + 1), ...: left to right below 8, else 8 strided accumulators, then what is left.
template <class At> __attribute__((always_inline)) static inline auto sum_in_order(At at, int first, int count) {
    const int end = first + count;
    auto sum = at(first);
    int i = first + 1;
    if (count >= 8) {
        auto r0 = sum, r1 = at(i), r2 = at(i + 1), r3 = at(i + 2), r4 = at(i + 3), r5 = at(i + 4), r6 = at(i + 5), r7 = at(i + 6);
        for (i = first + 8; i + 8 <= end; i += 8) {
            r0 += at(i);
            r1 += at(i + 1);
            r2 += at(i + 2);
            r3 += at(i + 3);
            r4 += at(i + 4);
            r5 += at(i + 5);
            r6 += at(i + 6);
            r7 += at(i + 7);
        }
        sum = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7));
    }
    for (; i < end; i++)
        sum += at(i);
    return sum;
}

// A whole matrix: halves above 128 values, the first a multiple of 8.
template <class At> static double sum_matrix(At at, int first, int count) {
    if (count <= 128)
        return sum_in_order(at, first, count);
    int half = count / 2;
    half -= half % 8;
    return sum_matrix(at, first, half) + sum_matrix(at, first + half, count - half);
}

// Row sums and row factors of all lanes. Returns the largest change of a row sum, NaN if one is NaN: on the bits of non-negative doubles the integer
// order is the order of the numbers, and a NaN is above all. N and M fix the shape, 0 leaves it open.
template <int N, int M> static inline f64xN official_sum_rows(const OfficialGroup& group, int rows, int columns) {
    const int n = N > 0 ? N : rows;
    const int m = M > 0 ? M : columns;
    const f64xN floor = splat<f64xN>(kOfficialFloor);
    const i64xN magnitude = splat<i64xN>(INT64_MAX);
    i64xN change = {};
    f64xN factor[M > 0 ? M : kOfficialMostSide];
    f64xN row[M > 0 ? M : kOfficialMostSide];
#pragma GCC unroll 16
    for (int j = 0; j < m; j++)
        factor[j] = group.factor[j];
    for (int i = 0; i < n; i++) {
#pragma GCC unroll 16
        for (int j = 0; j < m; j++)
            row[j] = group.cells[i * m + j] * factor[j];
        const f64xN sum = sum_in_order([&](int j) { return row[j]; }, 0, m);
        change = max_i64(change, (i64xN)(group.previous[i] - sum) & magnitude);
        const f64xN clamped = raise_to(floor, sum);
        group.previous[i] = clamped;
        group.scale[i] = group.a[i] / clamped;
    }
    return (f64xN)change;
}

// Both scalings of all lanes.
template <int N, int M> static inline void official_scale(const OfficialGroup& group, int rows, int columns) {
    const int n = N > 0 ? N : rows;
    const int m = M > 0 ? M : columns;
    f64xN factor[M > 0 ? M : kOfficialMostSide];
    f64xN sum[M > 0 ? M : kOfficialMostSide];
#pragma GCC unroll 16
    for (int j = 0; j < m; j++) {
        factor[j] = group.factor[j];
        sum[j] = f64xN{};
    }
    for (int i = 0; i < n; i++) {
        const f64xN scale = group.scale[i];
        f64xN* row = group.cells + i * m;
#pragma GCC unroll 16
        for (int j = 0; j < m; j++) {
            const f64xN p = row[j] * factor[j] * scale;
            row[j] = p;
            sum[j] += p;
        }
    }
    const f64xN floor = splat<f64xN>(kOfficialFloor);
#pragma GCC unroll 16
    for (int j = 0; j < m; j++)
        group.factor[j] = group.b[j] / raise_to(floor, sum[j]);
}

// Writes the kernel exp(-lambda C) of a problem, normalised to sum 1, into a lane. With a table over u8 costs the few entries that a problem can need are
// divided instead of its cells; scaled is room for them, [256].
static inline void official_start(double* cells, const double* table, const TransportBatch<uint8_t>& batch, int64_t problem, int count, double* scaled) {
    const int lanes = kLanes<double>;
    const uint8_t* cost = batch.cost + problem * count;
    uint8_t largest = 0;
    for (int c = 0; c < count; c++)
        largest = cost[c] > largest ? cost[c] : largest;
    const f64xN total = splat<f64xN>(sum_matrix([=](int c) { return table[cost[c]]; }, 0, count));
    for (int c = 0; c <= largest; c += lanes)
        store(scaled + c, load<f64xN>(table + c) / total);
    for (int c = 0; c < count; c++)
        cells[c * lanes] = scaled[cost[c]];
}

static inline void official_start(double* cells, const double* matrices, const TransportBatch<double>&, int64_t problem, int count, double*) {
    const int lanes = kLanes<double>;
    const double* kernel = matrices + problem * count;
    const double total = sum_matrix([=](int c) { return kernel[c]; }, 0, count);
    for (int c = 0; c < count; c++)
        cells[c * lanes] = kernel[c] / total;
}

// Puts a problem into a lane.
template <class T>
static void official_fill(OfficialGroup& group, int lane, const double* source, const TransportBatch<T>& batch, int64_t problem, double* scaled) {
    const int n = batch.n;
    const int m = batch.m;
    official_start(reinterpret_cast<double*>(group.cells) + lane, source, batch, problem, n * m, scaled);
    for (int i = 0; i < n; i++) {
        group.a[i][lane] = batch.a[problem * n + i];
        group.previous[i][lane] = 0;
    }
    for (int j = 0; j < m; j++) {
        group.b[j][lane] = batch.b[problem * m + j];
        group.factor[j][lane] = 1;
    }
    group.iterations[lane] = 0;
    group.problem[lane] = problem;
    group.busy |= 1u << lane;
}

// Nothing is left for a lane: zeros, which stay zeros.
static void official_idle(OfficialGroup& group, int lane, int n, int m) {
    for (int i = 0; i < n; i++)
        group.a[i][lane] = 0;
    for (int j = 0; j < m; j++)
        group.b[j][lane] = group.factor[j][lane] = 0;
    group.busy &= ~(1u << lane);
}

// Writes the plan that a lane has stopped at and its outcome.
template <int N, int M, class T> static void official_finish(const OfficialGroup& group, int lane, bool stopped, const TransportBatch<T>& batch) {
    const int lanes = kLanes<double>;
    const int n = N > 0 ? N : batch.n;
    const int m = M > 0 ? M : batch.m;
    const int64_t problem = group.problem[lane];
    const double* a = batch.a + problem * n;
    const double* b = batch.b + problem * m;
    double* plan = batch.plan + problem * n * m;
    const double* cells = reinterpret_cast<const double*>(group.cells) + lane;
    double factor[M > 0 ? M : kOfficialMostSide];
    double column[M > 0 ? M : kOfficialMostSide];
#pragma GCC unroll 16
    for (int j = 0; j < m; j++) {
        factor[j] = group.factor[j][lane];
        column[j] = 0;
    }
    double error = 0;
    for (int i = 0; i < n; i++) {
        double* row = plan + i * m;
#pragma GCC unroll 16
        for (int j = 0; j < m; j++) {
            const double p = cells[(i * m + j) * lanes] * factor[j];
            row[j] = p;
            column[j] += p;
        }
        // The row sum is at hand, unless it was raised.
        const double clamped = group.previous[i][lane];
        const double sum = clamped > kOfficialFloor ? clamped : sum_in_order([&](int j) { return row[j]; }, 0, m);
        error += __builtin_fabs(sum - a[i]);
    }
#pragma GCC unroll 16
    for (int j = 0; j < m; j++)
        error += __builtin_fabs(column[j] - b[j]);
    const int32_t iterations = static_cast<int32_t>(group.iterations[lane]);
    if (!__builtin_isfinite(error))
        batch.outcomes[problem] = {__builtin_nan(""), PTA_TRANSPORT_NOT_FINITE, iterations};
    else
        batch.outcomes[problem] = {error, stopped ? PTA_TRANSPORT_CONVERGED : PTA_TRANSPORT_ITERATION_LIMIT, iterations};
}

static f64xN* official_zeros(Arena& arena, int count) {
    f64xN* values = arena.take<f64xN>(count);
    __builtin_memset(values, 0, static_cast<size_t>(count) * sizeof(f64xN));
    return values;
}

template <int N, int M, class T> static void official_batch(Arena& arena, const double* source, const TransportBatch<T>& batch) {
    Arena::Scope scope(arena);
    const int lanes = kLanes<double>;
    const int n = batch.n;
    const int m = batch.m;
    double* scaled = arena.take<double>(256);
    OfficialGroup groups[kOfficialGroups];
    int64_t next = 0;
    for (OfficialGroup& group : groups) {
        group = {official_zeros(arena, n * m), official_zeros(arena, m), official_zeros(arena, n), official_zeros(arena, n),
                 official_zeros(arena, n),     official_zeros(arena, m), i64xN{},                  {},                       0};
        for (int lane = 0; lane < lanes && next < batch.batch; lane++)
            official_fill(group, lane, source, batch, next++, scaled);
    }

    uint32_t busy;
    do {
        uint32_t done[kOfficialGroups] = {};
        for (int k = 0; k < kOfficialGroups; k++) {
            OfficialGroup& group = groups[k];
            if (group.busy == 0)
                continue;
            const f64xN change = official_sum_rows<N, M>(group, n, m);
            const uint32_t going = lane_bits((i64xN)(change > batch.tolerance)); // false for a NaN
            const uint32_t spent = lane_bits((i64xN)(group.iterations >= static_cast<int64_t>(batch.max_iterations)));
            done[k] = (~going | spent) & group.busy;
            for (uint32_t left = done[k]; left != 0; left &= left - 1) {
                const int lane = __builtin_ctz(left);
                official_finish<N, M>(group, lane, (going >> lane & 1) == 0, batch);
            }
        }
        busy = 0;
        for (int k = 0; k < kOfficialGroups; k++) {
            OfficialGroup& group = groups[k];
            if (group.busy == 0)
                continue;
            official_scale<N, M>(group, n, m);
            group.iterations += 1;
            for (; done[k] != 0; done[k] &= done[k] - 1) {
                const int lane = __builtin_ctz(done[k]);
                if (next < batch.batch)
                    official_fill(group, lane, source, batch, next++, scaled);
                else
                    official_idle(group, lane, n, m);
            }
            busy |= group.busy;
        }
    } while (busy != 0);
}

template <class T> static void official_any(Arena& arena, const double* source, const TransportBatch<T>& batch) {
    if (batch.n == 10 && batch.m == 10) // the published window
        official_batch<10, 10>(arena, source, batch);
    else
        official_batch<0, 0>(arena, source, batch);
}

static void official(Arena& arena, const double* table, const TransportBatch<uint8_t>& batch) { official_any(arena, table, batch); }
static void official_real(Arena& arena, const double* matrices, const TransportBatch<double>& batch) { official_any(arena, matrices, batch); }
