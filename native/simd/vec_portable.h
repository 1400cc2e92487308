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
// nearest: bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> lane_popcount(Vec<T> v) {
    v = v - (v >> 1 & static_cast<T>(0x5555555555555555));
    v = (v & static_cast<T>(0x3333333333333333)) + (v >> 2 & static_cast<T>(0x3333333333333333));
    v = (v + (v >> 4)) & static_cast<T>(0x0F0F0F0F0F0F0F0F);
    for (unsigned shift = 8; shift < 8 * sizeof(T); shift *= 2)
        v += v >> shift;
    return v & static_cast<T>(0x7F);
}
template <class T> static inline uint64_t lanes_at_most(Vec<T> v, Vec<T> limit) {
    constexpr T sign = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
    u64xN within = (u64xN)((v ^ sign) <= (limit ^ sign));
    if ((within[0] | within[1]) == 0)
        return 0;
    uint64_t bits = 0;
    for (int lane = 0; lane < kLanes<T>; lane++)
        bits |= uint64_t{((Vec<T>)within)[lane] != 0} << lane;
    return bits;
}
