// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// nearest: a scalar in every lane, bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> every_lane(T x) {
    if constexpr (sizeof(T) == 1)
        return (Vec<T>)_mm512_set1_epi8(static_cast<char>(x));
    else if constexpr (sizeof(T) == 2)
        return (Vec<T>)_mm512_set1_epi16(static_cast<short>(x));
    else if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm512_set1_epi32(static_cast<int>(x));
    else
        return (Vec<T>)_mm512_set1_epi64(static_cast<long long>(x));
}
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
