// Many small matrices: one byte lane per pair. Matrices are cut into tiles of at most 16 x 16; the tokens of a tile lie position by position in
// 64-byte tables, from which each lane looks up its pattern and its text. Pairs whose shorter token has more than 8 symbols, or whose longer one has
// more than 16, are computed on their own.

static constexpr int32_t kTile = 16;
static constexpr int32_t kTilePattern = 8; // bits of a lane
static constexpr int32_t kTileText = 16;

// Bytes of a tile: 0 padding, classes below kNames as they are, kNames .. 254 names given to the others in order of appearance, 255 unknown to the target.
static constexpr int32_t kNames = 160;

struct TileScratch {
    // [position][text of rows, text of columns, pattern of rows, pattern of columns][token]. Patterns begin at position 0, texts end at position 15:
    // all lanes end together, and a lane waits in its first state until its text begins.
    alignas(64) uint8_t table[kTileText * 64];
    alignas(64) uint8_t tokens[kTile * 64]; // the same, [token] first
    alignas(64) uint8_t lengths[64];        // rows, columns; 32 used, as of masks
    alignas(64) uint8_t masks[64];          // [length] the low bits
    alignas(64) uint8_t row_of[256];        // [pair] of a tile with `width` columns
    alignas(64) uint8_t column_of[256];     // plus kTile
    alignas(64) uint8_t out[256];            // [pair]
    uint16_t renamed[kTileText];
    uint16_t given[96];                     // classes that have a name in this tile
    int32_t names;
    int32_t width;
    uint16_t* local;                        // [alphabet] the name of a class, zeros between uses
};

static void set_width(TileScratch& scratch, int32_t width) {
    scratch.width = width;
    for (int32_t l = 0; l < 256; l++) {
        int32_t row = l / width;
        scratch.row_of[l] = static_cast<uint8_t>(row < kTile ? row : 0);
        scratch.column_of[l] = static_cast<uint8_t>(kTile + l % width);
    }
}

// A pair with any lengths; pattern [64] and arena are scratch.
static int64_t pair_distance(Arena& arena, TokenSpan row, TokenSpan column, uint16_t* local) {
    TokenSpan pattern = row.length <= column.length ? row : column, text = row.length <= column.length ? column : row;
    if (pattern.length > 64) {
        Arena::Scope scope(arena);
        LongPattern masks = make_long_pattern(arena, pattern, local);
        int64_t distance = long_distance(masks, text);
        clear_long_pattern(pattern, local);
        return distance;
    }
    // Code 0 stands in rows only, so that 0 meets 0 only in the padding, above the pattern.
    uint16_t padded[64] = {};
    for (int32_t p = 0; p < pattern.length; p++)
        padded[p] = pattern.codes[p];
    MyersColumn<uint64_t> state = myers_begin(~uint64_t{0});
    for (int32_t j = 0; j < text.length; j++)
        myers_step(state, equal_bits(padded, pattern.length, text.codes[j]));
    uint64_t mask = pattern.length == 64 ? ~uint64_t{0} : (uint64_t{1} << pattern.length) - 1;
    return text.length + __builtin_popcountll(state.positive & mask) - __builtin_popcountll(state.negative & mask);
}

// One side of a tile.
struct TileSide {
    const TokenSpan* tokens;
    int32_t count;
    int32_t longest;
    bool named; // has classes that need a name
};

// Bit per token: longer than `length`.
static inline uint32_t longer_than(const TileSide& side, int32_t length) {
    uint32_t bits = 0;
    for (int32_t t = 0; side.longest > length && t < side.count; t++)
        bits |= static_cast<uint32_t>(side.tokens[t].length > length) << t;
    return bits;
}

static inline void copy_bytes(uint8_t* to, const uint8_t* from, int32_t count) {
    int32_t p = 0;
    for (; p + 16 <= count; p += 16)
        store(to + p, load<u8x16>(from + p));
    if (count >= 16) {
        store(to + count - 16, load<u8x16>(from + count - 16));
        return;
    }
    for (; p < count; p++)
        to[p] = from[p];
}

static inline bool any_bit(u8x16 x) {
    typedef uint64_t u64x2 __attribute__((vector_size(16)));
    u64x2 halves = (u64x2)x;
    return (halves[0] | halves[1]) != 0;
}

static inline void store_token(TileScratch& scratch, int32_t number, int32_t t, u8x16 bytes, int32_t length) {
    if (number == 0)
        bytes |= bytes == 0; // unknown symbols, and padding, which the text does without and the pattern's mask covers
    uint8_t* to = scratch.tokens + 64 * t + 16 * number;
    store(to + 32, bytes);
    store(to, move_to_end(bytes, length));
}

// Lays out one side's tokens (number 0: the source's); those over kTileText stay empty.
static inline TileSide load_side(TileScratch& scratch, const TokenSpan* tokens, int32_t count, int32_t number) {
    int32_t longest = 0;
    u8x16 any{};
    for (int32_t t = 0; t < count; t++) {
        TokenSpan token = tokens[t];
        longest = token.length > longest ? token.length : longest;
        int32_t length = token.length <= kTileText ? token.length : 0;
        // A masked load of nothing from a bad address does not fault, but takes hundreds of cycles.
        u8x16 bytes = load_token(length > 0 ? token.codes : scratch.renamed, length);
        any |= bytes >= static_cast<uint8_t>(kNames);
        scratch.lengths[kTile * number + t] = static_cast<uint8_t>(length);
        store_token(scratch, number, t, bytes, length);
    }
    return {tokens, count, longest, any_bit(any)};
}

// Lays out again the tokens with classes of kNames and more; false if there are too many such classes.
static bool name_classes(TileScratch& scratch, const TileSide& side, int32_t number) {
    for (int32_t t = 0; side.named && t < side.count; t++) {
        TokenSpan token = side.tokens[t];
        u8x16 text = load<u8x16>(scratch.tokens + 64 * t + 16 * number);
        if (token.length > kTileText || !any_bit(text >= static_cast<uint8_t>(kNames)))
            continue;
        for (int32_t p = 0; p < token.length; p++) {
            uint16_t code = token.codes[p];
            if (code >= kNames) {
                if (scratch.local[code] == 0) {
                    if (kNames + scratch.names == 255)
                        return false;
                    scratch.given[scratch.names] = code;
                    scratch.local[code] = static_cast<uint16_t>(kNames + scratch.names++);
                }
                code = scratch.local[code];
            }
            scratch.renamed[p] = code;
        }
        store_token(scratch, number, t, load_token(scratch.renamed, token.length), token.length);
    }
    return true;
}

// Fills the tile's tables. False: its symbols have too many classes.
static bool load_tile(TileScratch& scratch, const TileSide (&sides)[2]) {
    if (sides[0].named || sides[1].named) {
        scratch.names = 0;
        bool fits = name_classes(scratch, sides[0], 0) && name_classes(scratch, sides[1], 1);
        for (int32_t name = 0; name < scratch.names; name++)
            scratch.local[scratch.given[name]] = 0;
        if (!fits)
            return false;
    }
    for (int32_t part = 0; part < 64; part += kVectorBytes) {
        u8xN x[16];
#pragma GCC unroll 16
        for (int t = 0; t < kTile; t++)
            x[t] = load<u8xN>(scratch.tokens + 64 * t + part);
        transpose_parts(x);
#pragma GCC unroll 16
        for (int p = 0; p < kTileText; p++)
            store(scratch.table + 64 * p + part, x[p]);
    }
    return true;
}

// Distances of pairs first .. first + Vectors * kVectorBytes - 1 of the tile, of which no pattern is longer than Pattern and no text than text_length.
template <int Vectors, int Pattern> static void walk_pairs(TileScratch& scratch, int32_t first, int32_t text_length) {
    u8xN text[Vectors], mask[Vectors], length[Vectors], symbols[Vectors][Pattern];
    MyersColumn<u8xN> state[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++) {
        u8xN row = load<u8xN>(scratch.row_of + first + v * kVectorBytes), column = load<u8xN>(scratch.column_of + first + v * kVectorBytes);
        u8xN row_length = lookup_32(scratch.lengths, 0, row), column_length = lookup_32(scratch.lengths, 0, column);
        u8xN swap = (u8xN)(row_length > column_length); // the shorter token is the pattern
        u8xN pattern = (swap & column) | (~swap & row);
        text[v] = (swap & row) | (~swap & column);
        length[v] = (swap & row_length) | (~swap & column_length);
        mask[v] = lookup_32(scratch.masks, 0, (swap & column_length) | (~swap & row_length));
        state[v] = myers_begin(mask[v]);
#pragma GCC unroll 8
        for (int p = 0; p < Pattern; p++)
            symbols[v][p] = lookup_32(scratch.table + 64 * p, 32, pattern);
    }
    const u8xN none{}, one = none + uint8_t{1};
    for (int32_t q = kTileText - text_length; q < kTileText; q++) {
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; v++) {
            u8xN symbol = lookup_32(scratch.table + 64 * q, 0, text[v]), equal{};
#pragma GCC unroll 8
            for (int p = 0; p < Pattern; p++) {
                const uint8_t bit = static_cast<uint8_t>(1 << p);
                equal = add_where_equal(equal, symbol, symbols[v][p], none + bit);
            }
            // Row 0 does not grow, and nothing else changes, before the text has begun.
            myers_step(state[v], equal, [&](u8xN x) { return add_where_equal(x + x, symbol, none, one); });
        }
    }
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; v++)
        store(scratch.out + first + v * kVectorBytes, length[v] + bit_count(state[v].positive & mask[v]) - bit_count(state[v].negative & mask[v]));
}

template <int Pattern> static void walk_tile(TileScratch& scratch, int32_t pairs, int32_t text_length) {
    int32_t first = 0;
    for (; first + kVectorBytes < pairs; first += 2 * kVectorBytes)
        walk_pairs<2, Pattern>(scratch, first, text_length);
    if (first < pairs)
        walk_pairs<1, Pattern>(scratch, first, text_length);
}

static void fill_tile(Arena& arena, TileScratch& scratch, const TokenSpan* rows, int32_t n, const TokenSpan* columns, int32_t m, uint8_t* out, int32_t stride,
                      bool& range) {
    if (m != scratch.width)
        set_width(scratch, m);
    TileSide sides[2] = {load_side(scratch, rows, n, 0), load_side(scratch, columns, m, 1)};
    int32_t shorter = sides[0].longest < sides[1].longest ? sides[0].longest : sides[1].longest;
    int32_t longer = sides[0].longest < sides[1].longest ? sides[1].longest : sides[0].longest;
    bool lanes = load_tile(scratch, sides);
    if (lanes) {
        int32_t text_length = longer < kTileText ? longer : kTileText;
        if (shorter <= 4)
            walk_tile<4>(scratch, n * m, text_length);
        else if (shorter <= 6)
            walk_tile<6>(scratch, n * m, text_length);
        else
            walk_tile<8>(scratch, n * m, text_length);
        if (m == stride) {
            copy_bytes(out, scratch.out, n * m);
        } else {
            for (int32_t i = 0; i < n; i++)
                copy_bytes(out + i * stride, scratch.out + i * m, m);
        }
        if (shorter <= kTilePattern && longer <= kTileText)
            return;
    }
    uint32_t over_pattern = longer_than(sides[0], kTilePattern), over_text = lanes ? longer_than(sides[0], kTileText) : ~0u;
    uint32_t columns_over_pattern = longer_than(sides[1], kTilePattern), columns_over_text = longer_than(sides[1], kTileText);
    for (int32_t i = 0; i < n; i++) {
        uint32_t left = (over_text >> i & 1) != 0 ? (1u << m) - 1 : columns_over_text | ((over_pattern >> i & 1) != 0 ? columns_over_pattern : 0);
        for (; left != 0; left &= left - 1) {
            int32_t j = __builtin_ctz(left);
            out[i * stride + j] = saturate<uint8_t>(pair_distance(arena, rows[i], columns[j], scratch.local), range);
        }
    }
}

static void distance_blocks(Arena& arena, CostBlock* blocks, int64_t count, int32_t alphabet) {
    Arena::Scope scope(arena);
    TileScratch& scratch = *arena.take<TileScratch>(1);
    scratch.width = 0;
    scratch.local = arena.take<uint16_t>(alphabet);
    __builtin_memset(scratch.local, 0, static_cast<size_t>(alphabet) * sizeof(uint16_t));
    for (int32_t length = 0; length < 64; length++)
        scratch.masks[length] = static_cast<uint8_t>(length < 8 ? (1 << length) - 1 : 255);
    for (int64_t b = 0; b < count; b++) {
        CostBlock& block = blocks[b];
        block.range = false;
        if (b + 1 < count) { // tokens lie anywhere on their tapes
            for (int32_t i = 0; i < blocks[b + 1].n; i++)
                __builtin_prefetch(blocks[b + 1].rows[i].codes);
            for (int32_t j = 0; j < blocks[b + 1].m; j++)
                __builtin_prefetch(blocks[b + 1].columns[j].codes);
        }
        for (int32_t i = 0; i < block.n; i += kTile) {
            for (int32_t j = 0; j < block.m; j += kTile)
                fill_tile(arena, scratch, block.rows + i, block.n - i < kTile ? block.n - i : kTile, block.columns + j,
                          block.m - j < kTile ? block.m - j : kTile, block.out + int64_t{i} * block.m + j, block.m, block.range);
        }
    }
}
