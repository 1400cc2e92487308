// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

// Alignment path.
template <class V> static inline V lesser(V a, V b) { return a < b ? a : b; }
template <class V> static inline V add_saturated(V a, V b) { return lesser(a, ~b) + b; }

// Lanes 1.. of a, then lane 0 of b.
template <class V> static inline V next_lane(V a, V b) {
    constexpr int lanes = sizeof(V) / sizeof(a[0]);
    if constexpr (lanes == 8)
        return __builtin_shufflevector(a, b, 1, 2, 3, 4, 5, 6, 7, 8);
    else if constexpr (lanes == 4)
        return __builtin_shufflevector(a, b, 1, 2, 3, 4);
    else
        return __builtin_shufflevector(a, b, 1, 2);
}

// Lane 0 from and to memory. Other lanes and one more element of memory may be rubbish.
template <class V, class E> static inline V load_lane(const E* from) {
    V v{};
    v[0] = *from;
    return v;
}
template <class V, class E> static inline void store_lane(E* to, V v) { *to = v[0]; }

// Bit l of the result: lane l of an all-ones-or-zeros mask.
template <class M> static inline uint32_t mask_bits(M mask) {
    constexpr int lanes = sizeof(M) / sizeof(mask[0]);
    uint64_t words[2];
    __builtin_memcpy(words, &mask, sizeof words);
    if constexpr (lanes == 8) { // each word: its four low bits move to the word's end
        words[0] = (words[0] & 0x0008000400020001u) * 0x0001000100010001u >> 48;
        words[1] = (words[1] & 0x0008000400020001u) * 0x0001000100010001u >> 48;
        return static_cast<uint32_t>(words[0] | words[1] << 4);
    } else if constexpr (lanes == 4) {
        return static_cast<uint32_t>((words[0] & 1) | (words[0] >> 62 & 2) | (words[1] & 1) << 2 | (words[1] >> 60 & 8));
    } else {
        return static_cast<uint32_t>((words[0] & 1) | (words[1] & 2));
    }
}
template <class V> static inline uint32_t equal_bits(V a, V b) { return mask_bits(a == b); }
template <class V> static inline uint32_t at_most_bits(V a, V b) { return mask_bits(a <= b); }

// Piece q of 16 bytes comes from `from + q * (stride + 16)`.
static inline u8xN load_pieces(const uint8_t* from, int64_t) { return load<u8xN>(from); }

// Bytes of the lower or upper halves, alternating.
static inline u8xN interleave_low(u8xN a, u8xN b) { return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23); }
static inline u8xN interleave_high(u8xN a, u8xN b) { return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31); }
static inline void store_pieces(uint8_t* to, int64_t, u8xN v) { store(to, v); }
static inline uint8_t least_byte(u8xN v) {
    uint8_t least = v[0];
    for (int l = 1; l < kVectorBytes; l++)
        least = v[l] < least ? v[l] : least;
    return least;
}
