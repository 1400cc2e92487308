// AVX-512 F BW DQ VL VBMI VBMI2 VNNI BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"

// Official transport (all-ones masks: the plain forms trip a false warning of GCC 12)
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm512_maskz_max_pd(0xff, (__m512d)floor, (__m512d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return (i64xN)_mm512_maskz_max_epi64(0xff, (__m512i)x, (__m512i)y); }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return _mm512_movepi64_mask((__m512i)mask); }

// Balanced transport: x * y + z, fused; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm512_fmadd_pd(x, y, z); }
static inline f64xN widen_bytes(const uint8_t* from) {
    int64_t eight;
    __builtin_memcpy(&eight, from, sizeof eight);
    return _mm512_maskz_cvtepi32_pd(0xff, _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight)));
}

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

// Nearest tokens: a scalar in every lane, and one bit per lane whose signed value is at most the limit's.
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

// Exponential: a * b + c with one rounding; a power from a table of 16.
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c); }
static inline f64xN exp_power(const double* powers, i64xN sixteenth) { // powers[sixteenth]
    return (f64xN)_mm512_permutex2var_pd(_mm512_loadu_pd(powers), (__m512i)sixteenth, _mm512_loadu_pd(powers + 8));
}

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
    // The masked form: the plain one trips a false warning of GCC 12.
    return (u8xN)_mm512_maskz_permutexvar_epi8(~__mmask64{0}, (__m512i)(index + static_cast<uint8_t>(offset)), load<__m512i>(table));
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

// projection.inl.h
static inline uint32_t at_least_bits(f64xN x, f64xN y) { return _mm512_cmp_pd_mask((__m512d)x, (__m512d)y, _CMP_GE_OQ); }
static inline uint32_t unordered_bits(f64xN x) { return _mm512_cmp_pd_mask((__m512d)x, (__m512d)x, _CMP_UNORD_Q); }
static inline uint8_t least_of_16(__m128i bytes) {
    __m128i pairs = _mm_min_epu8(bytes, _mm_srli_epi16(bytes, 8));
    return static_cast<uint8_t>(_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_and_si128(pairs, _mm_set1_epi16(255)))));
}
struct Bytes64 { // 64 bytes, those without a bit in `used` the largest (masks: the plain forms trip a false warning of GCC 12)
    __m512i bytes;
    uint64_t used;
    Bytes64(const uint8_t* from, uint64_t used) : bytes(_mm512_mask_loadu_epi8(_mm512_set1_epi8(-1), used, from)), used(used) {}
    uint8_t least() const {
        __m256i half = _mm256_min_epu8(_mm512_maskz_extracti64x4_epi64(0xf, bytes, 0), _mm512_maskz_extracti64x4_epi64(0xf, bytes, 1));
        return least_of_16(_mm_min_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
    }
    uint64_t equal_bits(uint8_t value) const { return _mm512_mask_cmpeq_epu8_mask(used, bytes, _mm512_set1_epi8(static_cast<char>(value))); }
};

// Embedding costs: a part of 16 bytes holds 16 dimensions, of a row moved up to 0..255 as the instruction wants it.
static constexpr int kDotBytes = 1;
static constexpr int kRowOffset = 128;
static inline void prepare_row(const int8_t* from, int32_t dimensions, uint8_t* to) {
    for (int32_t d = 0; d < dimensions; d += kVectorBytes)
        store(to + d, load<u8xN>(from + d) ^ splat<u8xN>(uint8_t{128}));
}
// 64 dimensions of four columns, a part of each in each of four vectors.
static inline void pack_columns(const int8_t* const* columns, int32_t at, uint8_t* to, int64_t pitch) {
    const u64xN a = load<u64xN>(columns[0] + at), b = load<u64xN>(columns[1] + at), c = load<u64xN>(columns[2] + at), d = load<u64xN>(columns[3] + at);
    const u64xN ab_low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11), ab_high = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    const u64xN cd_low = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11), cd_high = __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    store(to, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5, 8, 9, 12, 13));
    store(to + pitch, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7, 10, 11, 14, 15));
    store(to + 2 * pitch, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5, 8, 9, 12, 13));
    store(to + 3 * pitch, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7, 10, 11, 14, 15));
}
static inline u8xN repeat_part(const uint8_t* from) { return (u8xN)_mm512_maskz_broadcast_i32x4(0xffff, load<__m128i>(from)); }
static inline i32xN add_products(i32xN sums, u8xN row, u8xN columns) { return (i32xN)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)row, (__m512i)columns); }
// Lane 4 q + p: the four lanes of part p of vector q.
static inline i32xN sum_parts(i32xN a, i32xN b, i32xN c, i32xN d) {
    const i32xN ab = (i32xN)_mm512_maskz_unpacklo_epi32(0xffff, (__m512i)a, (__m512i)b) + (i32xN)_mm512_maskz_unpackhi_epi32(0xffff, (__m512i)a, (__m512i)b);
    const i32xN cd = (i32xN)_mm512_maskz_unpacklo_epi32(0xffff, (__m512i)c, (__m512i)d) + (i32xN)_mm512_maskz_unpackhi_epi32(0xffff, (__m512i)c, (__m512i)d);
    const i32xN sums = (i32xN)_mm512_maskz_unpacklo_epi64(0xff, (__m512i)ab, (__m512i)cd) + (i32xN)_mm512_maskz_unpackhi_epi64(0xff, (__m512i)ab, (__m512i)cd);
    return __builtin_shufflevector(sums, sums, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}
// As many bytes as lanes of 32 bits, of which only the first count are in memory.
static inline u8x16 load_cells(const uint8_t* from, int32_t count) { return (u8x16)_mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << count) - 1), from); }
static inline void store_cells(uint8_t* to, u8x16 cells, int32_t count) { _mm_mask_storeu_epi8(to, static_cast<__mmask16>((1u << count) - 1), (__m128i)cells); }
