// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// exponential.inl.h
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline f64xN exp_power(i64xN sixteenth) { return (f64xN)_mm256_i64gather_pd(kExpPowers, (__m256i)sixteenth, 8); } // 2^(sixteenth / 16)
// ---- official transport
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm256_max_pd((__m256d)floor, (__m256d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask)); }
// nearest: bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> lane_popcount(Vec<T> v) {
    const __m256i of_nibble = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15), bits = (__m256i)v;
    __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(of_nibble, _mm256_and_si256(bits, low)),
                                    _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
    Vec<T> sum = (Vec<T>)bytes;
    for (unsigned shift = 8; shift < 8 * sizeof(T); shift *= 2)
        sum += sum >> shift;
    return sum & static_cast<T>(0x7F);
}
template <class T> static inline uint64_t lanes_at_most(Vec<T> v, Vec<T> limit) {
    const __m256i a = (__m256i)v, b = (__m256i)limit;
    if constexpr (sizeof(T) == 1)
        return static_cast<uint32_t>(~_mm256_movemask_epi8(_mm256_cmpgt_epi8(a, b)));
    else if constexpr (sizeof(T) == 2)
        return _pext_u32(static_cast<uint32_t>(~_mm256_movemask_epi8(_mm256_cmpgt_epi16(a, b))), 0x55555555u);
    else if constexpr (sizeof(T) == 4)
        return static_cast<uint32_t>(~_mm256_movemask_ps((__m256)_mm256_cmpgt_epi32(a, b))) & 0xFFu;
    else
        return static_cast<uint32_t>(~_mm256_movemask_pd((__m256d)_mm256_cmpgt_epi64(a, b))) & 0xFu;
}
