// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// nearest: a scalar in every lane, bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> every_lane(T x) {
    if constexpr (sizeof(T) == 1)
        return (Vec<T>)_mm256_set1_epi8(static_cast<char>(x));
    else if constexpr (sizeof(T) == 2)
        return (Vec<T>)_mm256_set1_epi16(static_cast<short>(x));
    else if constexpr (sizeof(T) == 4)
        return (Vec<T>)_mm256_set1_epi32(static_cast<int>(x));
    else
        return (Vec<T>)_mm256_set1_epi64x(static_cast<long long>(x));
}
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
