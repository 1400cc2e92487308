// The published Sinkhorn loop (SPEC B 3b.3), one problem per float64 lane: a lane that stops takes the next problem of the batch, so the work of a
// batch is its iterations, not its longest problem. Every operation is the one that NumPy does, in its order and rounded on its own: a plan has the
// same bits in every lane of every target.
//
// One pass per iteration. Cells hold the plan before its last column scaling, P_ij = cell_ij * factor_j, so a pass reads each cell once: scale by the
// column factor, sum the row, scale by the row factor, add into the column sums, write to the other state. The stop test needs all row sums, which
// are known only when later rows have already been scaled: the state that the pass read is still whole, and the final plan is formed from that.

static constexpr double kOfficialFloor = 1e-10; // sums are at least this large before they divide
static constexpr int kOfficialMostSide = 64;
static constexpr int kOfficialGroups = 2; // one group's column divisions overlap with the other's rows

struct OfficialState {
    f64xN* cells;  // [n, m]
    f64xN* factor; // [m]
};

struct OfficialGroup {
    OfficialState state[2];
    f64xN* a;        // [n]
    f64xN* b;        // [m]
    f64xN* previous; // [n] row sums of the iteration before, clamped; 0 before the first
    i64xN iterations;
    int64_t problem[kLanes<double>];
    uint32_t busy; // bit l: lane l has a problem
    int now;       // the state to read
};

// NumPy's order for fewer than 129 values: left to right below 8, else 8 strided accumulators, then what is left.
template <class V> __attribute__((always_inline)) static inline V sum_in_order(const V* values, int count) {
    if (count < 8) {
        V sum = values[0];
        for (int i = 1; i < count; i++)
            sum += values[i];
        return sum;
    }
    V r0 = values[0], r1 = values[1], r2 = values[2], r3 = values[3], r4 = values[4], r5 = values[5], r6 = values[6], r7 = values[7];
    int i = 8;
    for (; i + 8 <= count; i += 8) {
        r0 += values[i];
        r1 += values[i + 1];
        r2 += values[i + 2];
        r3 += values[i + 3];
        r4 += values[i + 4];
        r5 += values[i + 5];
        r6 += values[i + 6];
        r7 += values[i + 7];
    }
    V sum = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7));
    for (; i < count; i++)
        sum += values[i];
    return sum;
}

// A whole matrix: halves above 128 values, the first a multiple of 8.
static double sum_matrix(const double* values, int count) {
    if (count <= 128)
        return sum_in_order(values, count);
    int half = count / 2;
    half -= half % 8;
    return sum_matrix(values, half) + sum_matrix(values + half, count - half);
}

// One iteration of all lanes from state[now] to the other one. Returns the largest change of a row sum, NaN if one is NaN: on the bits of non-negative
// doubles the integer order is the order of the numbers, and a NaN is above all. N and M fix the shape, 0 leaves it open.
template <int N, int M> static f64xN official_step(const OfficialGroup& group, int rows, int columns) {
    const int n = N > 0 ? N : rows;
    const int m = M > 0 ? M : columns;
    const f64xN* from = group.state[group.now].cells;
    const f64xN* factor = group.state[group.now].factor;
    f64xN* to = group.state[1 - group.now].cells;
    f64xN* next_factor = group.state[1 - group.now].factor;
    const f64xN floor = splat<f64xN>(kOfficialFloor);
    const i64xN magnitude = splat<i64xN>(INT64_MAX);
    i64xN change = {};
    f64xN row[M > 0 ? M : kOfficialMostSide];
    f64xN column[M > 0 ? M : kOfficialMostSide];
#pragma GCC unroll 16
    for (int j = 0; j < m; j++)
        column[j] = f64xN{};
    for (int i = 0; i < n; i++) {
#pragma GCC unroll 16
        for (int j = 0; j < m; j++)
            row[j] = from[i * m + j] * factor[j];
        const f64xN sum = sum_in_order(row, m);
        change = max_i64(change, (i64xN)(group.previous[i] - sum) & magnitude);
        const f64xN clamped = raise_to(floor, sum);
        group.previous[i] = clamped;
        const f64xN scale = group.a[i] / clamped;
#pragma GCC unroll 16
        for (int j = 0; j < m; j++) {
            row[j] *= scale;
            to[i * m + j] = row[j];
            column[j] += row[j];
        }
    }
#pragma GCC unroll 16
    for (int j = 0; j < m; j++)
        next_factor[j] = group.b[j] / raise_to(floor, column[j]);
    return (f64xN)change;
}

// Where the kernel exp(-lambda C) of a problem comes from: a table over u8 costs, or matrices made by the host.
static inline void read_kernel(const double* table, const TransportBatch<uint8_t>& batch, int64_t problem, int cells, double* kernel) {
    const uint8_t* cost = batch.cost + problem * cells;
    for (int c = 0; c < cells; c++)
        kernel[c] = table[cost[c]];
}

static inline void read_kernel(const double* matrices, const TransportBatch<double>&, int64_t problem, int cells, double* kernel) {
    __builtin_memcpy(kernel, matrices + problem * cells, static_cast<size_t>(cells) * sizeof(double));
}

// Puts a problem into a lane: the kernel matrix normalised to sum 1, factors 1. kernel has room for a whole vector more.
template <class T>
static void official_fill(OfficialGroup& group, int lane, const double* source, const TransportBatch<T>& batch, int64_t problem, double* kernel) {
    const int lanes = kLanes<double>;
    const int n = batch.n;
    const int m = batch.m;
    read_kernel(source, batch, problem, n * m, kernel);
    const f64xN total = splat<f64xN>(sum_matrix(kernel, n * m));
    for (int c = 0; c < n * m; c += lanes)
        store(kernel + c, load<f64xN>(kernel + c) / total);
    const OfficialState& state = group.state[group.now];
    double* cells = reinterpret_cast<double*>(state.cells) + lane;
    for (int c = 0; c < n * m; c++)
        cells[c * lanes] = kernel[c];
    for (int i = 0; i < n; i++) {
        group.a[i][lane] = batch.a[problem * n + i];
        group.previous[i][lane] = 0;
    }
    for (int j = 0; j < m; j++) {
        group.b[j][lane] = batch.b[problem * m + j];
        state.factor[j][lane] = 1;
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
        group.b[j][lane] = group.state[group.now].factor[j][lane] = 0;
    group.busy &= ~(1u << lane);
}

// Writes the plan that a lane has stopped at, read from the state before its last step, and its outcome.
template <class T>
static void official_finish(const OfficialGroup& group, int lane, const OfficialState& state, bool stopped, const TransportBatch<T>& batch) {
    const int lanes = kLanes<double>;
    const int n = batch.n;
    const int m = batch.m;
    const int64_t problem = group.problem[lane];
    const double* a = batch.a + problem * n;
    const double* b = batch.b + problem * m;
    double* plan = batch.plan + problem * n * m;
    const double* cells = reinterpret_cast<const double*>(state.cells) + lane;
    double factor[kOfficialMostSide];
    double column[kOfficialMostSide];
    for (int j = 0; j < m; j++) {
        factor[j] = state.factor[j][lane];
        column[j] = 0;
    }
    double error = 0;
    for (int i = 0; i < n; i++) {
        double* row = plan + i * m;
        for (int j = 0; j < m; j++) {
            row[j] = cells[(i * m + j) * lanes] * factor[j];
            column[j] += row[j];
        }
        // The step kept the row sum, unless it raised it.
        const double clamped = group.previous[i][lane];
        const double sum = clamped > kOfficialFloor ? clamped : sum_in_order(row, m);
        error += __builtin_fabs(sum - a[i]);
    }
    for (int j = 0; j < m; j++)
        error += __builtin_fabs(column[j] - b[j]);
    const int32_t iterations = static_cast<int32_t>(group.iterations[lane]);
    if (!__builtin_isfinite(error))
        batch.outcomes[problem] = {__builtin_nan(""), PTA_TRANSPORT_NOT_FINITE, iterations};
    else
        batch.outcomes[problem] = {error, stopped ? PTA_TRANSPORT_CONVERGED : PTA_TRANSPORT_ITERATION_LIMIT, iterations};
}

static void official_group_take(Arena& arena, OfficialGroup& group, int n, int m) {
    for (OfficialState& state : group.state) {
        state.cells = arena.take<f64xN>(n * m);
        state.factor = arena.take<f64xN>(m);
        __builtin_memset(state.cells, 0, static_cast<size_t>(n * m) * sizeof(f64xN));
        __builtin_memset(state.factor, 0, static_cast<size_t>(m) * sizeof(f64xN));
    }
    group.a = arena.take<f64xN>(n);
    group.b = arena.take<f64xN>(m);
    group.previous = arena.take<f64xN>(n);
    __builtin_memset(group.a, 0, static_cast<size_t>(n) * sizeof(f64xN));
    __builtin_memset(group.b, 0, static_cast<size_t>(m) * sizeof(f64xN));
    __builtin_memset(group.previous, 0, static_cast<size_t>(n) * sizeof(f64xN));
    group.iterations = i64xN{};
    group.busy = 0;
    group.now = 0;
}

template <int N, int M, class T> static void official_batch(Arena& arena, const double* source, const TransportBatch<T>& batch) {
    Arena::Scope scope(arena);
    const int lanes = kLanes<double>;
    const int n = batch.n;
    const int m = batch.m;
    double* kernel = arena.take<double>(n * m + lanes);
    __builtin_memset(kernel, 0, static_cast<size_t>(n * m + lanes) * sizeof(double));
    OfficialGroup groups[kOfficialGroups];
    int64_t next = 0;
    for (OfficialGroup& group : groups) {
        official_group_take(arena, group, n, m);
        for (int lane = 0; lane < lanes && next < batch.batch; lane++)
            official_fill(group, lane, source, batch, next++, kernel);
    }

    uint32_t busy;
    do {
        busy = 0;
        for (OfficialGroup& group : groups) {
            if (group.busy == 0)
                continue;
            const f64xN change = official_step<N, M>(group, n, m);
            const uint32_t going = lane_bits((i64xN)(change > batch.tolerance)); // false for a NaN
            const uint32_t spent = lane_bits((i64xN)(group.iterations >= static_cast<int64_t>(batch.max_iterations)));
            uint32_t done = (~going | spent) & group.busy;
            const OfficialState& before = group.state[group.now];
            group.now = 1 - group.now;
            group.iterations += 1;
            for (; done != 0; done &= done - 1) {
                const int lane = __builtin_ctz(done);
                group.iterations[lane] -= 1;
                official_finish(group, lane, before, (going >> lane & 1) == 0, batch);
                if (next < batch.batch)
                    official_fill(group, lane, source, batch, next++, kernel);
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
