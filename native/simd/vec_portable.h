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
// ---- official transport
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return x < floor ? floor : x; }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(mask[0] < 0) | static_cast<uint32_t>(mask[1] < 0) << 1; }
