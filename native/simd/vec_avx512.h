// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// Edit distance.
// Interleaves the bytes of the lower (upper) halves of each 16-byte part: x0 y0 x1 y1 ...
static inline u8xN interleave_low(u8xN x, u8xN y) { return (u8xN)_mm512_unpacklo_epi8((__m512i)x, (__m512i)y); }
static inline u8xN interleave_high(u8xN x, u8xN y) { return (u8xN)_mm512_unpackhi_epi8((__m512i)x, (__m512i)y); }
// The vector of 16-byte parts that lie `stride` bytes apart.
static inline u8xN load_parts(const uint8_t* from, int64_t stride) {
    __m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i*)from));
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i*)(from + stride)), 1);
    v = _mm512_inserti32x4(v, _mm_loadu_si128((const __m128i*)(from + 2 * stride)), 2);
    return (u8xN)_mm512_inserti32x4(v, _mm_loadu_si128((const __m128i*)(from + 3 * stride)), 3);
}
static inline u8xN bit_count(u8xN x) { return (u8xN)_mm512_popcnt_epi8((__m512i)x); }
static inline u16xN bit_count(u16xN x) { return (u16xN)_mm512_popcnt_epi16((__m512i)x); }
static inline u32xN bit_count(u32xN x) { return (u32xN)_mm512_popcnt_epi32((__m512i)x); }
static inline u64xN bit_count(u64xN x) { return (u64xN)_mm512_popcnt_epi64((__m512i)x); }
// For results that nothing reads soon; `to` is aligned.
static inline void store_past_caches(uint8_t* to, u8xN x) { _mm512_stream_si512((__m512i*)to, (__m512i)x); }
// After the last of them, before anyone may be told of the results.
static inline void settle_stores() { _mm_sfence(); }
typedef uint8_t u8x16 __attribute__((vector_size(16)));
// The first `length` <= 16 codes as bytes, zeros after them; codes over 254 become 255.
static inline u8x16 load_token(const uint16_t* codes, int32_t length) {
    __mmask16 inside = static_cast<__mmask16>((1u << length) - 1);
    return (u8x16)_mm256_maskz_cvtusepi16_epi8(inside, _mm256_maskz_loadu_epi16(inside, codes));
}
// table[offset + index[lane]], indices 0..31; the table has 64 bytes, offset is 0 or 32.
static inline u8xN lookup_32(const uint8_t* table, int offset, u8xN index) {
    // Not __builtin_shuffle, which takes the two-table instruction and loses the index to it.
    typedef char c8xN __attribute__((vector_size(64)));
    return (u8xN)__builtin_ia32_permvarqi512_mask(load<c8xN>(table), (c8xN)(index + static_cast<uint8_t>(offset)), c8xN{}, -1);
}
// sum + (x == y ? term : 0)
static inline u8xN add_where_equal(u8xN sum, u8xN x, u8xN y, u8xN term) {
    return (u8xN)_mm512_mask_add_epi8((__m512i)sum, _mm512_cmpeq_epi8_mask((__m512i)x, (__m512i)y), (__m512i)sum, (__m512i)term);
}
// Bit p: pattern[p] == symbol; pattern [64], bits from `length` on are unspecified.
static inline uint64_t equal_bits(const uint16_t* pattern, int32_t length, uint16_t symbol) {
    __m512i wanted = _mm512_set1_epi16(static_cast<int16_t>(symbol));
    uint64_t low = _mm512_cmpeq_epi16_mask(wanted, _mm512_loadu_si512(pattern));
    return length <= 32 ? low : low | static_cast<uint64_t>(_mm512_cmpeq_epi16_mask(wanted, _mm512_loadu_si512(pattern + 32))) << 32;
}
// The last `length` bytes are those that were first, zeros before them.
static inline u8x16 move_to_end(u8x16 x, int32_t length) {
    const __m128i steps = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return (u8x16)_mm_shuffle_epi8((__m128i)x, _mm_sub_epi8(steps, _mm_set1_epi8(static_cast<int8_t>(16 - length))));
}
