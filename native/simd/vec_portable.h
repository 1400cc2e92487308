// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

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
