// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"

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
