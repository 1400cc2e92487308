// Many small matrices: one byte lane per pair. Matrices are cut into tiles of at most 16 x 16; the tokens of a tile lie position by position in
// 64-byte tables, from which each lane looks up its pattern and its text. Pairs whose shorter token has more than 8 symbols, or whose longer one has
// more than 16, are computed on their own.

static constexpr int32_t kTile = 16;
static constexpr int32_t kTilePattern = 8; // bits of a lane
static constexpr int32_t kTileText = 16;

struct TileScratch {
    // [position][text of rows, text of columns, pattern of rows, pattern of columns][token]. Patterns begin at position 0, texts end at position 15:
    // all lanes end together, and a lane waits in its first state until its text begins.
    alignas(64) uint8_t table[kTileText * 64];
    alignas(64) uint8_t tokens[kTile * 64]; // the same, [token] first
    alignas(64) uint8_t lengths[64];        // rows, columns; 32 used, as of masks
    alignas(64) uint8_t masks[64];          // [length] the low bits
    alignas(64) uint8_t row_of[256];        // [pair] of a tile with `width` columns
    alignas(64) uint8_t column_of[256];     // plus kTile
    alignas(64) uint8_t out[256];
    uint16_t renamed[2 * kTile][kTileText];
    int32_t width;
    uint16_t* local;                        // [alphabet] zeros between uses
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

// Replaces the codes of a tile's tokens by 1..254; false if there are too many.
static bool rename_tile(TileScratch& scratch, TokenSpan (&tokens)[2 * kTile]) {
    int32_t classes = 0;
    for (int32_t t = 0; t < 2 * kTile; t++) {
        for (int32_t p = 0; tokens[t].length <= kTileText && p < tokens[t].length; p++) {
            uint16_t& name = scratch.local[tokens[t].codes[p]];
            if (name == 0 && tokens[t].codes[p] != 0)
                name = static_cast<uint16_t>(++classes);
            scratch.renamed[t][p] = name;
        }
    }
    for (TokenSpan& token : tokens) {
        if (token.length > kTileText)
            continue;
        for (int32_t p = 0; p < token.length; p++)
            scratch.local[token.codes[p]] = 0;
        token.codes = scratch.renamed[&token - tokens];
    }
    return classes <= 254;
}

// Lays the tile's tokens out; those that are too long stay empty. Symbols are 1..254, unknown ones 255, padding 0. False: too many classes.
static bool load_tile(TileScratch& scratch, const TokenSpan* rows, int32_t n, const TokenSpan* columns, int32_t m) {
    TokenSpan tokens[2 * kTile] = {};
    for (int32_t i = 0; i < n; i++)
        tokens[i] = rows[i];
    for (int32_t j = 0; j < m; j++)
        tokens[kTile + j] = columns[j];
    for (bool renamed = false;; renamed = true) {
        u8x16 wide{};
        for (int32_t t = 0; t < 2 * kTile; t++) {
            int32_t length = tokens[t].length <= kTileText ? tokens[t].length : 0;
            u8x16 bytes = load_token(tokens[t].codes, length);
            wide |= (u8x16)(bytes == 255);
            scratch.lengths[t] = static_cast<uint8_t>(length);
            uint8_t* to = scratch.tokens + 64 * (t % kTile) + (t < kTile ? 0 : 16);
            if (t < kTile)
                bytes |= (u8x16)(bytes == 0); // unknown symbols, and padding, which the text does without and the pattern's mask covers
            store(to + 32, bytes);
            store(to, move_to_end(bytes, length));
        }
        typedef uint64_t u64x2 __attribute__((vector_size(16)));
        u64x2 any = (u64x2)wide;
        if ((any[0] | any[1]) == 0)
            break;
        if (renamed || !rename_tile(scratch, tokens))
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

// Distances of pairs first .. first + kVectorBytes - 1 of the tile, of which no pattern is longer than `pattern_length` and no text than `text_length`.
static inline void walk_pairs(TileScratch& scratch, int32_t first, int32_t pattern_length, int32_t text_length) {
    u8xN row = load<u8xN>(scratch.row_of + first), column = load<u8xN>(scratch.column_of + first);
    u8xN row_length = lookup_32(scratch.lengths, 0, row), column_length = lookup_32(scratch.lengths, 0, column);
    u8xN swap = (u8xN)(row_length > column_length); // the shorter token is the pattern
    u8xN pattern = (swap & column) | (~swap & row), text = (swap & row) | (~swap & column);
    u8xN mask = lookup_32(scratch.masks, 0, (swap & column_length) | (~swap & row_length));
    u8xN symbols[kTilePattern];
    for (int p = 0; p < kTilePattern; p++)
        symbols[p] = lookup_32(scratch.table + 64 * p, 32, pattern);
    MyersColumn<u8xN> state = myers_begin(mask);
    const u8xN none{}, one = none + 1;
    for (int32_t q = kTileText - text_length; q < kTileText; q++) {
        u8xN symbol = lookup_32(scratch.table + 64 * q, 0, text);
        u8xN equal{};
#pragma GCC unroll 8
        for (int p = 0; p < kTilePattern; p++) {
            if (p >= pattern_length)
                break;
            const uint8_t bit = static_cast<uint8_t>(1 << p);
            equal = add_where_equal(equal, symbol, symbols[p], none + bit);
        }
        // Row 0 does not grow, and nothing else changes, before the text has begun.
        myers_step(state, equal, [&](u8xN x) { return add_where_equal(x + x, symbol, none, one); });
    }
    u8xN length = (swap & row_length) | (~swap & column_length);
    store(scratch.out + first, length + bit_count(state.positive & mask) - bit_count(state.negative & mask));
}

static void fill_tile(Arena& arena, TileScratch& scratch, const TokenSpan* rows, int32_t n, const TokenSpan* columns, int32_t m, uint8_t* out, int32_t stride,
                      bool& range) {
    if (m != scratch.width)
        set_width(scratch, m);
    bool lanes = load_tile(scratch, rows, n, columns, m);
    uint32_t mid[2] = {}, long_ones[2] = {}; // bit per row, per column: over kTilePattern, over kTileText
    int32_t longest[2] = {};
    for (int32_t side = 0; side < 2; side++) {
        const TokenSpan* tokens = side == 0 ? rows : columns;
        for (int32_t t = 0; t < (side == 0 ? n : m); t++) {
            int32_t length = tokens[t].length;
            mid[side] |= static_cast<uint32_t>(length > kTilePattern) << t;
            long_ones[side] |= static_cast<uint32_t>(length > kTileText || !lanes) << t;
            longest[side] = length > longest[side] ? length : longest[side];
        }
    }
    if (lanes) {
        int32_t pattern_length = longest[0] < longest[1] ? longest[0] : longest[1], text_length = longest[0] < longest[1] ? longest[1] : longest[0];
        if (text_length > kTileText)
            text_length = kTileText;
        for (int32_t first = 0; first < n * m; first += kVectorBytes)
            walk_pairs(scratch, first, pattern_length, text_length);
        if (m == stride) {
            __builtin_memcpy(out, scratch.out, static_cast<size_t>(n * m));
        } else {
            for (int32_t i = 0; i < n; i++)
                __builtin_memcpy(out + i * stride, scratch.out + i * m, static_cast<size_t>(m));
        }
    }
    if (mid[0] == 0 && long_ones[0] == 0 && long_ones[1] == 0)
        return;
    uint32_t all = (1u << m) - 1;
    for (int32_t i = 0; i < n; i++) {
        uint32_t bit = 1u << i, left = (long_ones[0] & bit) != 0 ? all : (mid[0] & bit) != 0 ? mid[1] | long_ones[1] : long_ones[1];
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
        for (int32_t i = 0; i < block.n; i += kTile) {
            for (int32_t j = 0; j < block.m; j += kTile)
                fill_tile(arena, scratch, block.rows + i, block.n - i < kTile ? block.n - i : kTile, block.columns + j,
                          block.m - j < kTile ? block.m - j : kTile, block.out + int64_t{i} * block.m + j, block.m, block.range);
        }
    }
}
