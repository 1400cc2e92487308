// exp(x) of many values, each with the bits of stable_exp (host/transport/stable_exp.h): the same operations in the same order, one value per lane. The fused
// multiply-adds belong to the method on every target; vec_portable.h has them from the C library.

// 2^(j/16), correctly rounded.
static constexpr double kExpPowers[16] = {
    1.0,                1.0442737824274138, 1.0905077326652577, 1.1387886347566916, 1.189207115002721,  1.241857812073484,
    1.2968395546510096, 1.3542555469368927, 1.4142135623730951, 1.4768261459394993, 1.5422108254079407, 1.6104903319492543,
    1.681792830507429,  1.7562521603732995, 1.8340080864093424, 1.9152065613971474,
};

// k = floor(16 x / ln2), exp(x) = 2^(k/16) * exp(r), r in [0, ln2/16). Valid for |x| < kExpPlainBeyond.
static inline f64xN exponential(f64xN x) {
    const f64xN sixteen_over_ln2 = splat<f64xN>(16 * 1.4426950408889634);
    const f64xN whole = splat<f64xN>(6755399441055744.0); // 1.5 * 2^52: adding it rounds to an integer and leaves that integer in the low bits
    const f64xN zero = {}, one = splat<f64xN>(1.0);
    f64xN scaled = x * sixteen_over_ln2;
    f64xN k = (scaled + whole) - whole;
    k = k > scaled ? k - one : k;
    // The exact floor: the product was rounded, its error is not.
    f64xN rest = exp_fma(x, sixteen_over_ln2, -k);
    k = rest < zero ? k - one : rest >= one ? k + one : k;
    f64xN n = -(k * splat<f64xN>(0.0625));
    f64xN r = exp_fma(n, splat<f64xN>(2.3190468138462996e-17), exp_fma(n, splat<f64xN>(0.6931471805599453), x));
    f64xN r2 = r * r;
    f64xN high = exp_fma(r, splat<f64xN>(0.0014149452874381984), splat<f64xN>(0.008332058899382488));
    f64xN middle = exp_fma(r, splat<f64xN>(0.041666695348322125), splat<f64xN>(0.16666666637508337));
    f64xN low = exp_fma(r2, splat<f64xN>(0.5000000000010838), r);
    f64xN p = exp_fma(exp_fma(high, r2, middle), r2 * r, low);
    i64xN integer = (i64xN)(k + whole) - (i64xN)whole;
    i64xN sixteenth = integer & splat<i64xN>(int64_t{15});
    f64xN power = exp_power(kExpPowers, sixteenth);
    // 2^floor(k/16) goes into the exponent; the range keeps the result normal.
    i64xN exponent = (i64xN)((u64xN)(integer - sixteenth) << 48);
    return (f64xN)((i64xN)exp_fma(p, power, power) + exponent);
}

// result must not overlap x.
static void exponentials(const double* x, double* result, int64_t n) {
    constexpr int lanes = kLanes<double>;
    const f64xN beyond = splat<f64xN>(707.7032713517042);
    i64xN all_plain = splat<i64xN>(int64_t{-1});
    for (int64_t i = 0; i < n; i += lanes) {
        f64xN values = {}, powers;
        if (n - i >= lanes) {
            values = load<f64xN>(x + i);
            powers = exponential(values);
            store(result + i, powers);
        } else {
            __builtin_memcpy(&values, x + i, static_cast<size_t>(n - i) * sizeof(double));
            powers = exponential(values);
            __builtin_memcpy(result + i, &powers, static_cast<size_t>(n - i) * sizeof(double));
        }
        f64xN size = values < f64xN{} ? -values : values;
        all_plain &= size < beyond;
    }
    int64_t plain = -1;
    for (int lane = 0; lane < lanes; lane++)
        plain &= all_plain[lane];
    // Far from zero, where the scaling would leave the normal range, and NaN.
    for (int64_t i = 0; i < n && plain == 0; i++) {
        if (!(x[i] < 707.7032713517042 && x[i] > -707.7032713517042))
            result[i] = stable_exp(x[i]);
    }
}
