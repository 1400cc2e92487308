// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

// nearest: a scalar in every lane, bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> every_lane(T x) {
    Vec<T> v;
    for (int lane = 0; lane < kLanes<T>; lane++)
        v[lane] = x;
    return v;
}
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
