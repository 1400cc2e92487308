// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// Edit distance.
// Interleaves the bytes of the lower (upper) halves of each 16-byte part: x0 y0 x1 y1 ...
static inline u8xN interleave_low(u8xN x, u8xN y) { return (u8xN)_mm256_unpacklo_epi8((__m256i)x, (__m256i)y); }
static inline u8xN interleave_high(u8xN x, u8xN y) { return (u8xN)_mm256_unpackhi_epi8((__m256i)x, (__m256i)y); }
// The vector of 16-byte parts that lie `stride` bytes apart.
static inline u8xN load_parts(const uint8_t* from, int64_t stride) {
    return (u8xN)_mm256_loadu2_m128i((const __m128i*)(from + stride), (const __m128i*)from);
}
static inline u8xN bit_count(u8xN x) {
    const __m256i table = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m256i low = _mm256_and_si256((__m256i)x, _mm256_set1_epi8(15));
    __m256i high = _mm256_and_si256(_mm256_srli_epi16((__m256i)x, 4), _mm256_set1_epi8(15));
    return (u8xN)_mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
}
static inline u16xN bit_count(u16xN x) { return (u16xN)_mm256_maddubs_epi16((__m256i)bit_count((u8xN)x), _mm256_set1_epi8(1)); }
static inline u32xN bit_count(u32xN x) { return (u32xN)_mm256_madd_epi16((__m256i)bit_count((u16xN)x), _mm256_set1_epi16(1)); }
static inline u64xN bit_count(u64xN x) { return (u64xN)_mm256_sad_epu8((__m256i)bit_count((u8xN)x), _mm256_setzero_si256()); }
// For results that nothing reads soon; `to` is aligned.
static inline void store_past_caches(uint8_t* to, u8xN x) { _mm256_stream_si256((__m256i*)to, (__m256i)x); }
// After the last of them, before anyone may be told of the results.
static inline void settle_stores() { _mm_sfence(); }
typedef uint8_t u8x16 __attribute__((vector_size(16)));
// The first `length` <= 16 codes as bytes, zeros after them; codes over 254 become 255.
static inline uint64_t narrow_codes(__m128i codes) {
    __m128i bytes = _mm_packus_epi16(_mm_min_epu16(codes, _mm_set1_epi16(255)), _mm_setzero_si128());
    return static_cast<uint64_t>(_mm_cvtsi128_si64(bytes));
}
static inline u8x16 load_token(const uint16_t* codes, int32_t length) {
    // Two loads that overlap, where they do with equal bytes.
    uint64_t low, high = 0;
    if (length >= 8) {
        low = narrow_codes(_mm_loadu_si128((const __m128i*)codes));
        int32_t shift = 4 * (16 - length);
        high = narrow_codes(_mm_loadu_si128((const __m128i*)(codes + length - 8))) >> shift >> shift;
    } else if (length >= 4) {
        low = narrow_codes(_mm_loadl_epi64((const __m128i*)codes));
        low |= narrow_codes(_mm_loadl_epi64((const __m128i*)(codes + length - 4))) << (8 * (length - 4));
    } else {
        low = 0;
        for (int32_t p = 0; p < length; p++)
            low |= static_cast<uint64_t>(codes[p] < 255 ? codes[p] : 255) << (8 * p);
    }
    return (u8x16)_mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
}
// table[offset + index[lane]], indices 0..31; the table has 64 bytes, offset is 0 or 32.
static inline u8xN lookup_32(const uint8_t* table, int offset, u8xN index) {
    __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)(table + offset)));
    __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i*)(table + offset + 16)));
    __m256i second = _mm256_slli_epi16((__m256i)index, 3); // bit 4 as the sign
    return (u8xN)_mm256_blendv_epi8(_mm256_shuffle_epi8(low, (__m256i)index), _mm256_shuffle_epi8(high, (__m256i)index), second);
}
// sum + (x == y ? term : 0)
static inline u8xN add_where_equal(u8xN sum, u8xN x, u8xN y, u8xN term) { return sum + ((u8xN)(x == y) & term); }
// Bit p: pattern[p] == symbol; pattern [64], bits from `length` on are unspecified.
static inline uint64_t equal_bits(const uint16_t* pattern, int32_t length, uint16_t symbol) {
    __m256i wanted = _mm256_set1_epi16(static_cast<int16_t>(symbol));
    uint64_t bits = 0;
    for (int32_t p = 0; p < length; p += 16) {
        __m256i equal = _mm256_cmpeq_epi16(wanted, _mm256_loadu_si256((const __m256i*)(pattern + p)));
        __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(equal), _mm256_extracti128_si256(equal, 1));
        bits |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(bytes))) << p;
    }
    return bits;
}
// The last `length` bytes are those that were first, zeros before them.
static inline u8x16 move_to_end(u8x16 x, int32_t length) {
    const __m128i steps = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return (u8x16)_mm_shuffle_epi8((__m128i)x, _mm_sub_epi8(steps, _mm_set1_epi8(static_cast<int8_t>(16 - length))));
}
