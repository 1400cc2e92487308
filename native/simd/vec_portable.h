// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

// Balanced transport: x * y + z, fused where the target can; the sign bits of the lanes, lane 0 lowest.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return x * y + z; }
static inline uint32_t lane_bits(i64xN mask) {
    uint32_t bits = 0;
    for (int lane = 0; lane < kLanes<double>; lane++)
        bits |= static_cast<uint32_t>(mask[lane] < 0) << lane;
    return bits;
}
