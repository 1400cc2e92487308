// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

// ---- official transport
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return x < floor ? floor : x; }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(mask[0] < 0) | static_cast<uint32_t>(mask[1] < 0) << 1; }

// Balanced transport: x * y + z, fused where the target can; the sign bits of the lanes, lane 0 lowest; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return x * y + z; }
static inline uint32_t lane_bits(i64xN mask) {
    uint32_t bits = 0;
    for (int lane = 0; lane < kLanes<double>; lane++)
        bits |= static_cast<uint32_t>(mask[lane] < 0) << lane;
    return bits;
}
static inline f64xN widen_bytes(const uint8_t* from) {
    f64xN x;
    for (int lane = 0; lane < kLanes<double>; lane++)
        x[lane] = from[lane];
    return x;
}
