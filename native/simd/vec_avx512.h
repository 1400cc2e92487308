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
// nearest: bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> lane_popcount(Vec<T> v) {
    if constexpr (sizeof(T) == 1)
        return (Vec<T>)_mm512_popcnt_epi8((__m512i)v);
    else if constexpr (sizeof(T) == 2)
        return (Vec<T>)_mm512_popcnt_epi16((__m512i)v);
    else if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_popcnt_epi32((__m512i)v);
    else
        return (Vec<T>)_mm512_popcnt_epi64((__m512i)v);
}
template <class T> static inline uint64_t lanes_at_most(Vec<T> v, Vec<T> limit) {
    const __m512i a = (__m512i)v, b = (__m512i)limit;
    if constexpr (sizeof(T) == 1)
        return _mm512_cmple_epi8_mask(a, b);
    else if constexpr (sizeof(T) == 2)
        return _mm512_cmple_epi16_mask(a, b);
    else if constexpr (sizeof(T) == 4)
        return _mm512_cmple_epi32_mask(a, b);
    else
        return _mm512_cmple_epi64_mask(a, b);
}
