// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// Alignment path.
template <class V> static inline V lesser(V a, V b) { return a < b ? a : b; }
template <class V> static inline V add_saturated(V a, V b) {
    if constexpr (sizeof(a[0]) == 2)
        return (V)_mm512_adds_epu16((__m512i)a, (__m512i)b);
    else
        return lesser(a, ~b) + b;
}

// Lanes 1.. of a, then lane 0 of b.
template <class V> static inline V next_lane(V a, V b) {
    constexpr int lanes = sizeof(V) / sizeof(a[0]);
    V indices{};
    for (int l = 0; l < lanes; l++)
        indices[l] = static_cast<decltype(a[0] + a[0])>(l + 1);
    if constexpr (lanes == 32)
        return (V)_mm512_permutex2var_epi16((__m512i)a, (__m512i)indices, (__m512i)b);
    else if constexpr (lanes == 16)
        return (V)_mm512_permutex2var_epi32((__m512i)a, (__m512i)indices, (__m512i)b);
    else
        return (V)_mm512_permutex2var_epi64((__m512i)a, (__m512i)indices, (__m512i)b);
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
        return (V)_mm512_zextsi128_si512(_mm_cvtsi32_si128(word));
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

// Bit l of the result: lane l of a is equal to, or not above, that of b.
template <class V> static inline uint32_t equal_bits(V a, V b) {
    if constexpr (sizeof(a[0]) == 2)
        return _mm512_cmpeq_epu16_mask((__m512i)a, (__m512i)b);
    else if constexpr (sizeof(a[0]) == 4)
        return _mm512_cmpeq_epu32_mask((__m512i)a, (__m512i)b);
    else
        return _mm512_cmpeq_epu64_mask((__m512i)a, (__m512i)b);
}
template <class V> static inline uint32_t at_most_bits(V a, V b) {
    if constexpr (sizeof(a[0]) == 2)
        return _mm512_cmple_epu16_mask((__m512i)a, (__m512i)b);
    else if constexpr (sizeof(a[0]) == 4)
        return _mm512_cmple_epu32_mask((__m512i)a, (__m512i)b);
    else
        return _mm512_cmple_epu64_mask((__m512i)a, (__m512i)b);
}

// Piece q of 16 bytes comes from `from + q * (stride + 16)`.
static inline u8xN load_pieces(const uint8_t* from, int64_t stride) {
    __m512i v = load<__m512i>(from);
    v = _mm512_mask_loadu_epi64(v, 0x0c, from + stride);
    v = _mm512_mask_loadu_epi64(v, 0x30, from + 2 * stride);
    return (u8xN)_mm512_mask_loadu_epi64(v, 0xc0, from + 3 * stride);
}

// Bytes of the lower or upper halves of each piece of 16, alternating.
static inline u8xN interleave_low(u8xN a, u8xN b) { return (u8xN)_mm512_unpacklo_epi8((__m512i)a, (__m512i)b); }
static inline u8xN interleave_high(u8xN a, u8xN b) { return (u8xN)_mm512_unpackhi_epi8((__m512i)a, (__m512i)b); }
// Piece q of 16 bytes goes to to + q * stride. (Shuffles: this compiler warns about its own extraction intrinsics.)
static inline void store_pieces(uint8_t* to, int64_t stride, u8xN v) {
    const u64xN words = (u64xN)v;
    store(to, __builtin_shufflevector(words, words, 0, 1));
    store(to + stride, __builtin_shufflevector(words, words, 2, 3));
    store(to + 2 * stride, __builtin_shufflevector(words, words, 4, 5));
    store(to + 3 * stride, __builtin_shufflevector(words, words, 6, 7));
}
// Smallest byte: pairs meet in two-byte lanes, where one instruction finds the least of eight.
static inline uint8_t least_byte(u8xN v) {
    const u64xN words = (u64xN)v;
    typedef SomeLanes<uint64_t, 2>::type Piece;
    const Piece a = __builtin_shufflevector(words, words, 0, 1), b = __builtin_shufflevector(words, words, 2, 3);
    const Piece c = __builtin_shufflevector(words, words, 4, 5), d = __builtin_shufflevector(words, words, 6, 7);
    __m128i least = _mm_min_epu8(_mm_min_epu8((__m128i)a, (__m128i)b), _mm_min_epu8((__m128i)c, (__m128i)d));
    least = _mm_min_epu8(least, _mm_srli_epi16(least, 8));
    return static_cast<uint8_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_and_si128(least, _mm_set1_epi16(255)))));
}
