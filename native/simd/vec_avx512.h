// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// exponential.inl.h
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
static inline f64xN exp_power(i64xN sixteenth) { // 2^(sixteenth / 16)
    return (f64xN)_mm512_permutex2var_pd(_mm512_loadu_pd(kExpPowers), (__m512i)sixteenth, _mm512_loadu_pd(kExpPowers + 8));
}
