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

// out[k][l] = table[ids[k] * stride + columns[l]] for kVectorBytes lanes l; without ids, rows 0, 1, ...
// One permutation of 128 bytes of the row per 128 columns of the table.
struct ByteLookup {
    static constexpr int kMostBlocks = 16; // wider tables: plain loads are as fast
    int32_t columns[kVectorBytes];
    int blocks; // 0: plain loads
    const uint8_t* table_end;
    __m512i low; // column % 128
    __mmask64 in_block[kMostBlocks];

    void prepare(const int32_t* ids, int64_t table_columns, const uint8_t* end) {
        __builtin_memcpy(columns, ids, sizeof columns);
        table_end = end;
        blocks = table_columns <= 128 * kMostBlocks ? static_cast<int>((table_columns + 127) / 128) : 0;
        uint8_t lows[kVectorBytes];
        uint8_t highs[kVectorBytes];
        for (int l = 0; l < kVectorBytes; l++) {
            lows[l] = static_cast<uint8_t>(ids[l] & 127);
            highs[l] = static_cast<uint8_t>(ids[l] >> 7);
        }
        low = load<__m512i>(lows);
        for (int b = 0; b < blocks; b++)
            in_block[b] = _mm512_cmpeq_epu8_mask(load<__m512i>(highs), _mm512_set1_epi8(static_cast<char>(b)));
    }

    // Whole blocks may reach into the next row, but not past the table: rows near its end take plain loads.
    template <int kBlocks> void expand_blocks(const uint8_t* table, int64_t stride, const int32_t* ids, int64_t count, uint8_t* out) const {
        const int most = kBlocks > 0 ? kBlocks : blocks;
        for (int64_t k = 0; k < count; k++) {
            const uint8_t* row = table + (ids != nullptr ? ids[k] : k) * stride;
            if (most == 0 || table_end - row < 128 * most) {
                for (int l = 0; l < kVectorBytes; l++)
                    out[k * kVectorBytes + l] = row[columns[l]];
                continue;
            }
            __m512i found = low; // lanes of blocks to come still hold their column
#pragma GCC unroll 6
            for (int b = 0; b < most; b++)
                found = _mm512_mask2_permutex2var_epi8(load<__m512i>(row + b * 128), found, in_block[b], load<__m512i>(row + b * 128 + 64));
            store(out + k * kVectorBytes, found);
        }
    }

    void expand(const uint8_t* table, int64_t stride, const int32_t* ids, int64_t count, uint8_t* out) const {
        switch (blocks) {
        case 1: return expand_blocks<1>(table, stride, ids, count, out);
        case 2: return expand_blocks<2>(table, stride, ids, count, out);
        case 3: return expand_blocks<3>(table, stride, ids, count, out);
        case 4: return expand_blocks<4>(table, stride, ids, count, out);
        case 5: return expand_blocks<5>(table, stride, ids, count, out);
        case 6: return expand_blocks<6>(table, stride, ids, count, out);
        default: return expand_blocks<0>(table, stride, ids, count, out);
        }
    }
};
