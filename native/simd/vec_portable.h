// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

// Official transport.
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return x < floor ? floor : x; }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(mask[0] < 0) | static_cast<uint32_t>(mask[1] < 0) << 1; }

// Balanced transport: x * y + z, fused where the target can; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return x * y + z; }
static inline f64xN widen_bytes(const uint8_t* from) {
    f64xN x;
    for (int lane = 0; lane < kLanes<double>; lane++)
        x[lane] = from[lane];
    return x;
}

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

static inline void store_pieces(uint8_t* to, int64_t, u8xN v) { store(to, v); }
static inline uint8_t least_byte(u8xN v) {
    uint8_t least = v[0];
    for (int l = 1; l < kVectorBytes; l++)
        least = v[l] < least ? v[l] : least;
    return least;
}

// Nearest tokens: a scalar in every lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> every_lane(T x) {
    Vec<T> v;
    for (int lane = 0; lane < kLanes<T>; lane++)
        v[lane] = x;
    return v;
}
template <class T> static inline uint64_t lanes_at_most(Vec<T> v, Vec<T> limit) {
    constexpr T sign = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
    u64xN within = (u64xN)((v ^ sign) <= (limit ^ sign));
    if ((within[0] | within[1]) == 0)
        return 0;
    uint64_t bits = 0;
    for (int lane = 0; lane < kLanes<T>; lane++)
        bits |= uint64_t{((Vec<T>)within)[lane] != 0} << lane;
    return bits;
}

// Exponential: a * b + c with one rounding; a power from a table of 16.
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) {
    f64xN result;
    for (int lane = 0; lane < kLanes<double>; lane++)
        result[lane] = __builtin_fma(a[lane], b[lane], c[lane]);
    return result;
}
static inline f64xN exp_power(const double* powers, i64xN sixteenth) { // powers[sixteenth]
    f64xN result;
    for (int lane = 0; lane < kLanes<double>; lane++)
        result[lane] = powers[sixteenth[lane]];
    return result;
}

// Edit distance.
// Interleaves the bytes of the lower (upper) halves of each 16-byte part: x0 y0 x1 y1 ...
static inline u8xN interleave_low(u8xN x, u8xN y) {
    return __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
static inline u8xN interleave_high(u8xN x, u8xN y) {
    return __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
// The vector of 16-byte parts that lie `stride` bytes apart.
static inline u8xN load_parts(const uint8_t* from, int64_t) { return load<u8xN>(from); }
static inline u8xN bit_count(u8xN x) {
    x -= (x >> 1) & 0x55;
    x = (x & 0x33) + ((x >> 2) & 0x33);
    return (x + (x >> 4)) & 0x0f;
}
static inline u16xN bit_count(u16xN x) {
    u16xN bytes = (u16xN)bit_count((u8xN)x);
    return (bytes + (bytes >> 8)) & 0xff;
}
static inline u32xN bit_count(u32xN x) {
    u32xN pairs = (u32xN)bit_count((u16xN)x);
    return (pairs + (pairs >> 16)) & 0xff;
}
static inline u64xN bit_count(u64xN x) {
    u64xN quads = (u64xN)bit_count((u32xN)x);
    return (quads + (quads >> 32)) & 0xff;
}
// For results that nothing reads soon; `to` is aligned.
static inline void store_past_caches(uint8_t* to, u8xN x) { store(to, x); }
// After the last of them, before anyone may be told of the results.
static inline void settle_stores() {}
typedef uint8_t u8x16 __attribute__((vector_size(16)));
// The first `length` <= 16 codes as bytes, zeros after them; codes over 254 become 255.
static inline u8x16 load_token(const uint16_t* codes, int32_t length) {
    uint8_t bytes[16] = {};
    for (int32_t p = 0; p < length; p++)
        bytes[p] = static_cast<uint8_t>(codes[p] < 255 ? codes[p] : 255);
    return load<u8x16>(bytes);
}
// table[offset + index[lane]], indices 0..31; the table has 64 bytes, offset is 0 or 32.
static inline u8xN lookup_32(const uint8_t* table, int offset, u8xN index) {
    uint8_t at[kVectorBytes];
    store(at, index);
    for (uint8_t& byte : at)
        byte = table[offset + byte];
    return load<u8xN>(at);
}
// sum + (x == y ? term : 0)
static inline u8xN add_where_equal(u8xN sum, u8xN x, u8xN y, u8xN term) { return sum + ((u8xN)(x == y) & term); }
// Bit p: pattern[p] == symbol; pattern [64], bits from `length` on are unspecified.
static inline uint64_t equal_bits(const uint16_t* pattern, int32_t length, uint16_t symbol) {
    uint64_t bits = 0;
    for (int32_t p = 0; p < length; p++)
        bits |= static_cast<uint64_t>(pattern[p] == symbol) << p;
    return bits;
}
// The last `length` bytes are those that were first, zeros before them.
static inline u8x16 move_to_end(u8x16 x, int32_t length) {
    uint8_t bytes[32] = {};
    store(bytes + 16 - length, x);
    return load<u8x16>(bytes);
}

// projection.inl.h
static inline uint32_t at_least_bits(f64xN x, f64xN y) { return static_cast<uint32_t>(x[0] >= y[0]) | static_cast<uint32_t>(x[1] >= y[1]) << 1; }
static inline uint32_t unordered_bits(f64xN x) { return static_cast<uint32_t>(x[0] != x[0]) | static_cast<uint32_t>(x[1] != x[1]) << 1; }
struct Bytes64 { // 64 bytes, those without a bit in `used` the largest
    const uint8_t* bytes;
    int32_t count;
    Bytes64(const uint8_t* from, uint64_t used) : bytes(from), count(64 - __builtin_clzll(used)) {}
    uint8_t least() const {
        uint8_t result = 255;
        for (int32_t i = 0; i < count; i++)
            result = bytes[i] < result ? bytes[i] : result;
        return result;
    }
    uint64_t equal_bits(uint8_t value) const {
        uint64_t bits = 0;
        for (int32_t i = 0; i < count; i++)
            bits |= static_cast<uint64_t>(bytes[i] == value) << i;
        return bits;
    }
};

// Embedding costs: a part of 16 bytes holds 8 dimensions as 16-bit numbers.
static constexpr int kDotBytes = 2;
static constexpr int kRowOffset = 0;
static inline void prepare_row(const int8_t* from, int32_t dimensions, uint8_t* to) {
    for (int32_t d = 0; d < dimensions; d++) {
        const int16_t wide = from[d];
        __builtin_memcpy(to + 2 * d, &wide, 2);
    }
}
// 64 dimensions of one column in eight vectors.
static inline void pack_columns(const int8_t* const* columns, int32_t at, uint8_t* to, int64_t pitch) {
    for (int32_t d = 0; d < 64; d += 8, to += pitch)
        prepare_row(columns[0] + at + d, 8, to);
}
static inline u8xN repeat_part(const uint8_t* from) { return load<u8xN>(from); }
// The product of two bytes fits 16 bits; neighbours meet in lanes of 32.
static inline i32xN add_products(i32xN sums, u8xN row, u8xN columns) {
    const i32xN products = (i32xN)((Vec<int16_t>)row * (Vec<int16_t>)columns);
    return sums + ((i32xN)((u32xN)products << 16) >> 16) + (products >> 16);
}
// Lane q: the four lanes of vector q.
static inline i32xN sum_parts(i32xN a, i32xN b, i32xN c, i32xN d) {
    const i32xN ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const i32xN cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
// As many bytes as lanes of 32 bits, of which only the first count are in memory.
typedef uint8_t u8x4 __attribute__((vector_size(4)));
static inline u8x4 load_cells(const uint8_t* from, int32_t count) { return (u8x4)static_cast<uint32_t>(load_some(from, count)); }
static inline void store_cells(uint8_t* to, u8x4 cells, int32_t count) { store_some(to, (uint32_t)cells, count); }
