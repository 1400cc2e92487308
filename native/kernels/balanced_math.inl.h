// Elementary functions in float64 lanes. Each lane's value depends on that lane alone.

static inline f64xN as_f64(i64xN bits) { return reinterpret_cast<f64xN>(bits); }
static inline i64xN as_i64(f64xN x) { return reinterpret_cast<i64xN>(x); }
static inline f64xN larger(f64xN x, f64xN y) { return x > y ? x : y; }
static inline f64xN smaller(f64xN x, f64xN y) { return x < y ? x : y; }
static inline f64xN magnitude(f64xN x) { return as_f64(as_i64(x) & INT64_MAX); }

// Adding it rounds to an integer that then sits in the low bits of the sum.
static constexpr double kRoundToInteger = 0x1.8p52;

// exp within about 1 ulp on [-708, 708]; beyond, the value at the nearer end. NaN gives NaN or an end.
static inline f64xN exp_lanes(f64xN x) {
    x = smaller(larger(x, splat<f64xN>(-708.0)), splat<f64xN>(708.0));
    const f64xN shifted = fma_lanes(x, splat<f64xN>(0x1.71547652b82fep+0), splat<f64xN>(kRoundToInteger));
    const f64xN k = shifted - kRoundToInteger;
    f64xN r = fma_lanes(k, splat<f64xN>(-0x1.62e42fefa3800p-1), x); // ln 2 in two parts, the first exact times k
    r = fma_lanes(k, splat<f64xN>(-0x1.ef35793c76730p-45), r);
    // Taylor to r^13: the rest is below 5e-18 for |r| <= ln(2)/2. Pairs shorten the chain of dependent steps.
    const f64xN r2 = r * r, r4 = r2 * r2;
    const f64xN p01 = r + 1.0;
    const f64xN p23 = fma_lanes(r, splat<f64xN>(1.0 / 6), splat<f64xN>(0.5));
    const f64xN p45 = fma_lanes(r, splat<f64xN>(1.0 / 120), splat<f64xN>(1.0 / 24));
    const f64xN p67 = fma_lanes(r, splat<f64xN>(1.0 / 5040), splat<f64xN>(1.0 / 720));
    const f64xN p89 = fma_lanes(r, splat<f64xN>(1.0 / 362880), splat<f64xN>(1.0 / 40320));
    const f64xN pab = fma_lanes(r, splat<f64xN>(1.0 / 39916800), splat<f64xN>(1.0 / 3628800));
    const f64xN pcd = fma_lanes(r, splat<f64xN>(1.0 / 6227020800.0), splat<f64xN>(1.0 / 479001600));
    const f64xN high = fma_lanes(r4, pcd, fma_lanes(r2, pab, p89));
    const f64xN middle = fma_lanes(r2, p67, p45);
    const f64xN value = fma_lanes(r4, fma_lanes(r4, high, middle), fma_lanes(r2, p23, p01));
    return value * as_f64((as_i64(shifted) + 1023) << 52); // the shift drops everything but k
}

// log within about 1 ulp for normal positive x.
static inline f64xN log_lanes(f64xN x) {
    // x = 2^e * y with y in [sqrt(1/2), sqrt(2)), then log y = 2 atanh((y - 1) / (y + 1)), |argument| <= 0.172.
    const i64xN bits = as_i64(x) - 0x3fe6a09e667f3bcd; // sqrt(1/2)
    const i64xN e = bits >> 52;
    const f64xN y = as_f64((bits & 0xfffffffffffff) + 0x3fe6a09e667f3bcd);
    const f64xN exponent = as_f64(e + 0x4338000000000000) - kRoundToInteger;
    const f64xN s = (y - 1.0) / (y + 1.0), s2 = s * s;
    f64xN series = splat<f64xN>(2.0 / 21);
    for (int k = 19; k >= 3; k -= 2)
        series = fma_lanes(series, s2, splat<f64xN>(2.0 / k));
    const f64xN low = fma_lanes(exponent, splat<f64xN>(0x1.ef35793c76730p-45), series * s2 * s);
    return fma_lanes(exponent, splat<f64xN>(0x1.62e42fefa3800p-1), s + s + low);
}
