// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// Balanced transport: x * y + z, fused; the sign bits of the lanes, lane 0 lowest.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm512_fmadd_pd(x, y, z); }
static inline uint32_t lane_bits(i64xN mask) { return _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask)); }
