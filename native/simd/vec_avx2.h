// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// Official transport.
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm256_max_pd((__m256d)floor, (__m256d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask)); }

// Balanced transport: x * y + z, fused; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm256_fmadd_pd(x, y, z); }
static inline f64xN widen_bytes(const uint8_t* from) {
    int32_t four;
    __builtin_memcpy(&four, from, sizeof four);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}

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

// Nearest tokens: a scalar in every lane, and one bit per lane whose signed value is at most the limit's.
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

// Exponential: a * b + c with one rounding; a power from a table of 16.
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline f64xN exp_power(const double* powers, i64xN sixteenth) { return (f64xN)_mm256_i64gather_pd(powers, (__m256i)sixteenth, 8); } // powers[sixteenth]

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

// projection.inl.h
static inline uint32_t at_least_bits(f64xN x, f64xN y) { return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, (__m256d)y, _CMP_GE_OQ))); }
static inline uint32_t unordered_bits(f64xN x) { return static_cast<uint32_t>(_mm256_movemask_pd(_mm256_cmp_pd((__m256d)x, (__m256d)x, _CMP_UNORD_Q))); }
static inline uint8_t least_of_16(__m128i bytes) {
    __m128i pairs = _mm_min_epu8(bytes, _mm_srli_epi16(bytes, 8));
    return static_cast<uint8_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_and_si128(pairs, _mm_set1_epi16(255)))));
}
struct Bytes64 { // 64 bytes, those without a bit in `used` the largest
    __m256i low, high;
    uint64_t used;
    Bytes64(const uint8_t* from, uint64_t used) : low(load<__m256i>(from)), high(load<__m256i>(from + 32)), used(used) {
        alignas(32) static constexpr uint8_t largest[128] = {
#define PTA_SIXTEEN 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            PTA_SIXTEEN, PTA_SIXTEEN, PTA_SIXTEEN, PTA_SIXTEEN};
#undef PTA_SIXTEEN
        const uint8_t* unused = largest + __builtin_clzll(used);
        low = _mm256_or_si256(low, load<__m256i>(unused));
        high = _mm256_or_si256(high, load<__m256i>(unused + 32));
    }
    uint8_t least() const {
        __m256i both = _mm256_min_epu8(low, high);
        return least_of_16(_mm_min_epu8(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
    }
    uint64_t equal_bits(uint8_t value) const {
        const __m256i all = _mm256_set1_epi8(static_cast<char>(value));
        uint64_t first = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, all)));
        uint64_t second = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, all)));
        return (first | second << 32) & used;
    }
};

// Embedding costs: a part of 16 bytes holds 8 dimensions as 16-bit numbers.
static constexpr int kDotBytes = 2;
static constexpr int kRowOffset = 0;
static inline __m256i widen_16(const int8_t* from) { return _mm256_cvtepi8_epi16(load<__m128i>(from)); }
static inline void prepare_row(const int8_t* from, int32_t dimensions, uint8_t* to) {
    for (int32_t d = 0; d < dimensions; d += 16)
        store(to + 2 * d, widen_16(from + d));
}
// 64 dimensions of two columns, a part of each in each of eight vectors.
static inline void pack_columns(const int8_t* const* columns, int32_t at, uint8_t* to, int64_t pitch) {
    for (int32_t d = 0; d < 64; d += 16, to += 2 * pitch) {
        const __m256i a = widen_16(columns[0] + at + d), b = widen_16(columns[1] + at + d);
        store(to, _mm256_permute2x128_si256(a, b, 0x20));
        store(to + pitch, _mm256_permute2x128_si256(a, b, 0x31));
    }
}
static inline u8xN repeat_part(const uint8_t* from) { return (u8xN)_mm256_broadcastsi128_si256(load<__m128i>(from)); }
static inline i32xN add_products(i32xN sums, u8xN row, u8xN columns) { return sums + (i32xN)_mm256_madd_epi16((__m256i)row, (__m256i)columns); }
// Lane 2 q + p: the four lanes of part p of vector q.
static inline i32xN sum_parts(i32xN a, i32xN b, i32xN c, i32xN d) {
    const __m256i ab = _mm256_hadd_epi32((__m256i)a, (__m256i)b), cd = _mm256_hadd_epi32((__m256i)c, (__m256i)d);
    const i32xN sums = (i32xN)_mm256_hadd_epi32(ab, cd);
    return (i32xN)_mm256_permutevar8x32_epi32((__m256i)sums, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
// As many bytes as lanes of 32 bits, of which only the first count are in memory.
typedef uint8_t u8x8 __attribute__((vector_size(8)));
static inline u8x8 load_cells(const uint8_t* from, int32_t count) { return (u8x8)load_some(from, count); }
static inline void store_cells(uint8_t* to, u8x8 cells, int32_t count) { store_some(to, (uint64_t)cells, count); }
