// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// exponential.inl.h
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
static inline f64xN exp_power(i64xN sixteenth) { // 2^(sixteenth / 16)
    return (f64xN)_mm512_permutex2var_pd(_mm512_loadu_pd(kExpPowers), (__m512i)sixteenth, _mm512_loadu_pd(kExpPowers + 8));
}
// ---- official transport (all-ones masks: the plain forms trip a false warning of GCC 12)
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm512_maskz_max_pd(0xff, (__m512d)floor, (__m512d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return (i64xN)_mm512_maskz_max_epi64(0xff, (__m512i)x, (__m512i)y); }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return _mm512_movepi64_mask((__m512i)mask); }
