// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

// exponential.inl.h
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) {
    f64xN result;
    for (int lane = 0; lane < kLanes<double>; lane++)
        result[lane] = __builtin_fma(a[lane], b[lane], c[lane]);
    return result;
}
static inline f64xN exp_power(i64xN sixteenth) { // 2^(sixteenth / 16)
    f64xN result;
    for (int lane = 0; lane < kLanes<double>; lane++)
        result[lane] = kExpPowers[sixteenth[lane]];
    return result;
}
