// PLACEHOLDER until the kernel lands.
static bool distances_u8(Arena&, const TokenSpan*, int64_t, const TokenSpan*, int64_t, int32_t, uint8_t*, int64_t) { return false; }
static bool distances_u16(Arena&, const TokenSpan*, int64_t, const TokenSpan*, int64_t, int32_t, uint16_t*, int64_t) { return false; }
static void distance_blocks(Arena&, CostBlock*, int64_t, int32_t) {}
