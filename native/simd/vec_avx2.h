// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// Alignment path.
template <class V> static inline V lesser(V a, V b) { return a < b ? a : b; }
template <class V> static inline V add_saturated(V a, V b) {
    if constexpr (sizeof(a[0]) == 2)
        return (V)_mm256_adds_epu16((__m256i)a, (__m256i)b);
    else
        return lesser(a, ~b) + b;
}

// Lanes 1.. of a, then lane 0 of b.
template <class V> static inline V next_lane(V a, V b) {
    __m256i middle = _mm256_permute2x128_si256((__m256i)a, (__m256i)b, 0x21);
    return (V)_mm256_alignr_epi8(middle, (__m256i)a, sizeof(a[0]));
}

// Lane 0 from and to memory. Other lanes are rubbish, and of two-byte elements one more is read or written: no instruction moves just one.
template <class V, class E> static inline V load_lane(const E* from) {
    V v{};
    if constexpr (sizeof(E) == 8) {
        v[0] = *from;
        return v;
    } else {
        int32_t word;
        __builtin_memcpy(&word, from, 4);
        return (V)_mm256_zextsi128_si256(_mm_cvtsi32_si128(word));
    }
}
template <class V, class E> static inline void store_lane(E* to, V v) {
    if constexpr (sizeof(E) == 8) {
        *to = v[0];
    } else {
        const uint32_t word = ((u32xN)v)[0];
        __builtin_memcpy(to, &word, 4);
    }
}

// Bit l of the result: lane l of an all-ones-or-zeros mask.
template <class M> static inline uint32_t mask_bits(M mask) {
    if constexpr (sizeof(mask[0]) == 2)
        return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(_mm256_castsi256_si128((__m256i)mask), _mm256_extracti128_si256((__m256i)mask, 1))));
    else if constexpr (sizeof(mask[0]) == 4)
        return static_cast<uint32_t>(_mm256_movemask_ps((__m256)mask));
    else
        return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask));
}
template <class V> static inline uint32_t equal_bits(V a, V b) { return mask_bits(a == b); }
template <class V> static inline uint32_t at_most_bits(V a, V b) { return mask_bits(lesser(a, b) == a); }

// Piece q of 16 bytes comes from `from + q * (stride + 16)`.
static inline u8xN load_pieces(const uint8_t* from, int64_t stride) {
    return (u8xN)_mm256_inserti128_si256(_mm256_zextsi128_si256(load<__m128i>(from)), load<__m128i>(from + stride + 16), 1);
}

// Bytes of the lower or upper halves of each piece of 16, alternating.
static inline u8xN interleave_low(u8xN a, u8xN b) { return (u8xN)_mm256_unpacklo_epi8((__m256i)a, (__m256i)b); }
static inline u8xN interleave_high(u8xN a, u8xN b) { return (u8xN)_mm256_unpackhi_epi8((__m256i)a, (__m256i)b); }
// Piece q of 16 bytes goes to to + q * stride.
static inline void store_pieces(uint8_t* to, int64_t stride, u8xN v) {
    store(to, _mm256_castsi256_si128((__m256i)v));
    store(to + stride, _mm256_extracti128_si256((__m256i)v, 1));
}
// Smallest byte: pairs meet in two-byte lanes, where one instruction finds the least of eight.
static inline uint8_t least_byte(u8xN v) {
    __m128i half = _mm_min_epu8(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    half = _mm_min_epu8(half, _mm_srli_epi16(half, 8));
    return static_cast<uint8_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_and_si128(half, _mm_set1_epi16(255)))));
}
