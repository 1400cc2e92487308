// top1 of plans (paper Eq 5, SPEC A3.4): each row's first entry within the tie tolerance of its largest one.

static inline f64xN larger_lanes(f64xN x, f64xN y) { return x > y ? x : y; }

// The largest lane, in all lanes.
static inline f64xN largest_lane(f64xN x) {
    for (int half = kLanes<double> / 2; half > 0; half /= 2) {
        i64xN other;
        for (int lane = 0; lane < kLanes<double>; lane++)
            other[lane] = lane ^ half;
        x = larger_lanes(x, __builtin_shuffle(x, other));
    }
    return x;
}

// plan [rows, m] with nothing behind m, m 1..64. column [rows]; tied [rows]: a later positive entry lies within the tolerance of the one taken. A NaN counts as largest, as in
// NumPy. One bit per entry holds a row's answers.
static void top1(const double* plan, int64_t rows, int32_t m, double tie, int32_t* column, uint8_t* tied) {
    constexpr int lanes = kLanes<double>;
    f64xN entries[64 / lanes];
    const int32_t parts = (m + lanes - 1) / lanes;
    // The last vector ends with the row and may repeat entries of the one before: its bits fall on theirs.
    const int32_t last = m < lanes ? 0 : m - lanes;
    const f64xN tolerance = splat<f64xN>(tie);
    for (int64_t r = 0; r < rows; r++, plan += m) {
        if (m < lanes) {
            entries[0] = splat<f64xN>(-__builtin_inf());
            for (int32_t j = 0; j < m; j++)
                entries[0][j] = plan[j];
        } else {
            for (int32_t p = 0; p < parts - 1; p++)
                entries[p] = load<f64xN>(plan + p * lanes);
            entries[parts - 1] = load<f64xN>(plan + last);
        }
        f64xN max = entries[0];
        for (int32_t p = 1; p < parts; p++)
            max = larger_lanes(max, entries[p]);
        const f64xN limit = largest_lane(max) - tolerance;
        uint64_t near = 0, nan = 0;
        for (int32_t p = 0; p < parts; p++) {
            const int32_t first = p == parts - 1 ? last : p * lanes;
            near |= static_cast<uint64_t>(lane_bits(entries[p] >= limit)) << first;
            nan |= static_cast<uint64_t>(lane_bits(entries[p] != entries[p])) << first;
        }
        near = nan != 0 ? nan : near;
        column[r] = near == 0 ? 0 : __builtin_ctzll(near);
        const f64xN taken = splat<f64xN>(plan[column[r]]);
        uint64_t equal = 0;
        for (int32_t p = 0; p < parts; p++) {
            f64xN difference = entries[p] - taken;
            difference = difference < f64xN{} ? -difference : difference;
            equal |= static_cast<uint64_t>(lane_bits((difference <= tolerance) & (entries[p] > f64xN{}))) << (p == parts - 1 ? last : p * lanes);
        }
        tied[r] = (equal >> column[r] >> 1) != 0;
    }
}
