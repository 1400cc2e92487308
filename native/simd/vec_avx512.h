// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// Balanced transport: x * y + z, fused; the sign bits of the lanes, lane 0 lowest; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm512_fmadd_pd(x, y, z); }
static inline uint32_t lane_bits(i64xN mask) { return _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask)); }
static inline f64xN widen_bytes(const uint8_t* from) {
    int64_t eight;
    __builtin_memcpy(&eight, from, sizeof eight);
    return _mm512_maskz_cvtepi32_pd(0xff, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight)));
}
