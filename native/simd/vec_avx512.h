// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// ---- official transport (all-ones masks: the plain forms trip a false warning of GCC 12)
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm512_maskz_max_pd(0xff, (__m512d)floor, (__m512d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return (i64xN)_mm512_maskz_max_epi64(0xff, (__m512i)x, (__m512i)y); }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return _mm512_movepi64_mask((__m512i)mask); }

// Balanced transport: x * y + z, fused; the sign bits of the lanes, lane 0 lowest; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm512_fmadd_pd(x, y, z); }
static inline uint32_t lane_bits(i64xN mask) { return _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask)); }
static inline f64xN widen_bytes(const uint8_t* from) {
    int64_t eight;
    __builtin_memcpy(&eight, from, sizeof eight);
    return _mm512_maskz_cvtepi32_pd(0xff, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight)));
}
