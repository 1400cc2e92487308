// top1 of plans (paper Eq 5, SPEC A3.4): each row's first entry within the tie tolerance of its largest one.

template <class V> static inline V larger_lanes(V x, V y) { return x > y ? x : y; }

// The largest lane, in all lanes.
template <class V> static inline V largest_lane(V x) {
    constexpr int lanes = sizeof(V) / sizeof(double);
    if constexpr (lanes == 8) {
        x = larger_lanes(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3));
        x = larger_lanes(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5));
        return larger_lanes(x, __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6));
    } else if constexpr (lanes == 4) {
        x = larger_lanes(x, __builtin_shufflevector(x, x, 2, 3, 0, 1));
        return larger_lanes(x, __builtin_shufflevector(x, x, 1, 0, 3, 2));
    } else {
        return larger_lanes(x, __builtin_shufflevector(x, x, 1, 0));
    }
}

// One plan row in kParts vectors, whose first entries stand at first[]. One bit per entry holds an answer. A NaN counts as largest, as in NumPy.
template <int kParts>
static inline int32_t choose_column(const double* row, const f64xN (&entries)[kParts], const int32_t (&first)[kParts], f64xN tolerance, uint8_t& tied) {
    f64xN max = entries[0];
#pragma GCC unroll 8
    for (int p = 1; p < kParts; p++)
        max = larger_lanes(max, entries[p]);
    const f64xN limit = largest_lane(max) - tolerance;
    uint64_t near = 0, nan = 0, equal = 0;
#pragma GCC unroll 8
    for (int p = 0; p < kParts; p++) {
        near |= static_cast<uint64_t>(at_least_bits(entries[p], limit)) << first[p];
        nan |= static_cast<uint64_t>(unordered_bits(entries[p])) << first[p];
    }
    near = nan != 0 ? nan : near;
    const int32_t column = near == 0 ? 0 : __builtin_ctzll(near);
    const f64xN taken = splat<f64xN>(row[column]), zero{};
#pragma GCC unroll 8
    for (int p = 0; p < kParts; p++) {
        f64xN difference = larger_lanes(entries[p] - taken, taken - entries[p]);
        uint64_t close = at_least_bits(tolerance, difference), positive = ~at_least_bits(zero, entries[p]);
        equal |= (close & positive & ((uint64_t{1} << kLanes<double>) - 1)) << first[p];
    }
    tied = (equal >> column >> 1) != 0;
    return column;
}

template <int kParts> static void top1_of(const double* plan, int64_t rows, int32_t m, f64xN tolerance, int32_t* column, uint8_t* tied) {
    constexpr int lanes = kLanes<double>;
    f64xN entries[kParts];
    int32_t first[kParts];
    // The last vector ends with the row and may repeat entries of the one before: its bits fall on theirs.
    for (int p = 0; p < kParts; p++)
        first[p] = p == kParts - 1 && m >= lanes ? m - lanes : p * lanes;
    for (int64_t r = 0; r < rows; r++, plan += m) {
        if (m < lanes) {
            entries[0] = splat<f64xN>(-__builtin_inf());
            for (int32_t j = 0; j < m; j++)
                entries[0][j] = plan[j];
        } else {
#pragma GCC unroll 8
            for (int p = 0; p < kParts; p++)
                entries[p] = load<f64xN>(plan + first[p]);
        }
        column[r] = choose_column<kParts>(plan, entries, first, tolerance, tied[r]);
    }
}

// plan [rows, m], m 1..64. column [rows]; tied [rows]: a later positive entry lies within the tolerance of the one taken.
static void top1(const double* plan, int64_t rows, int32_t m, double tie, int32_t* column, uint8_t* tied) {
    constexpr int lanes = kLanes<double>;
    const f64xN tolerance = splat<f64xN>(tie);
    if (m <= lanes)
        return top1_of<1>(plan, rows, m, tolerance, column, tied);
    if (m <= 2 * lanes)
        return top1_of<2>(plan, rows, m, tolerance, column, tied);
    if (m <= 5 * lanes) { // 10 columns in the narrowest lanes
        if (m > 4 * lanes)
            return top1_of<5>(plan, rows, m, tolerance, column, tied);
        return m > 3 * lanes ? top1_of<4>(plan, rows, m, tolerance, column, tied) : top1_of<3>(plan, rows, m, tolerance, column, tied);
    }
    for (int64_t r = 0; r < rows; r++, plan += m) {
        // Wide rows: entry by entry.
        double max = -__builtin_inf();
        int32_t nan = m;
        for (int32_t j = m - 1; j >= 0; j--) {
            max = plan[j] > max ? plan[j] : max;
            nan = plan[j] != plan[j] ? j : nan;
        }
        int32_t at = nan == m ? 0 : nan;
        while (nan == m && !(plan[at] >= max - tie))
            at++;
        column[r] = at;
        tied[r] = 0;
        for (int32_t j = at + 1; j < m; j++)
            tied[r] |= plan[j] > 0 && __builtin_fabs(plan[j] - plan[at]) <= tie;
    }
}

// The cheapest columns of cost rows: least [rows] the smallest cost; equal [rows] and next [rows] one bit for each column of that cost and of the next
// one. cost [rows, stride], m 1..64 columns used; 64 bytes from each row's start are readable.
static void cheapest_columns(const uint8_t* cost, int64_t rows, int32_t m, int64_t stride, uint8_t* least, uint64_t* equal, uint64_t* next) {
    const uint64_t used = m == 64 ? ~uint64_t{0} : (uint64_t{1} << m) - 1;
    for (int64_t r = 0; r < rows; r++, cost += stride) {
        const Bytes64 bytes(cost, used);
        least[r] = bytes.least();
        equal[r] = bytes.equal_bits(least[r]);
        next[r] = least[r] == 255 ? 0 : bytes.equal_bits(static_cast<uint8_t>(least[r] + 1));
    }
}
