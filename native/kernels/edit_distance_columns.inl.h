// The columns of a cost matrix as texts in an order in which neighbours share long prefixes: the edit-distance table of a shared prefix is computed
// once per group of rows. Chunks are small enough for the second-level cache to hold their results until they are turned into rows.

// Distances between tokens of at most this many symbols fit a byte with room for saturation to be told apart.
static constexpr int32_t kLongestShort = 254;
static constexpr int32_t kChunkColumns = 2048;

struct ColumnStep {
    uint16_t slot;  // column within the chunk
    uint8_t shared; // symbols shared with the step before
    uint8_t keep;   // states up to this prefix length are resumed by later steps; at least `shared`
    uint8_t length;
};

struct ColumnChunk {
    int64_t first;
    int32_t columns;          // all of them
    int32_t count;            // steps: columns of at most kLongestShort symbols
    const ColumnStep* steps;
    const uint16_t* codes;    // the symbols that each step does not share, one step after the other
};

struct PrefixKey {
    uint64_t prefix; // first symbols, most significant first, classes over 255 as 255, 0 past the end
    uint32_t column;
};

static inline uint64_t prefix_of(TokenSpan token) {
    if (token.length == 0)
        return 0;
    u8x16 bytes = load_token(token.codes, token.length < 8 ? token.length : 8);
    uint64_t first;
    __builtin_memcpy(&first, &bytes, sizeof first);
    return __builtin_bswap64(first);
}

// Stable radix sort by the first `symbols` symbols; returns where the result lies. The order decides speed only.
static PrefixKey* sort_by_prefix(PrefixKey* keys, PrefixKey* other, int32_t count, int32_t symbols, uint32_t (*histogram)[256]) {
    __builtin_memset(histogram, 0, static_cast<size_t>(symbols) * sizeof histogram[0]);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t p = 0; p < symbols; p++)
            histogram[p][keys[i].prefix >> (56 - 8 * p) & 255]++;
    }
    for (int32_t p = symbols - 1; p >= 0; p--) {
        uint32_t start = 0;
        for (int32_t b = 0; b < 256; b++) {
            uint32_t size = histogram[p][b];
            histogram[p][b] = start;
            start += size;
        }
        for (int32_t i = 0; i < count; i++)
            other[histogram[p][keys[i].prefix >> (56 - 8 * p) & 255]++] = keys[i];
        PrefixKey* swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

static int32_t shared_prefix(TokenSpan x, TokenSpan y) {
    int32_t most = x.length < y.length ? x.length : y.length, p = 0;
    while (p < most && x.codes[p] == y.codes[p])
        p++;
    return p;
}

// Chunks of the columns; sorting pays once `rows` share its price. *longest receives the longest short column, *any_long whether there are others.
static ColumnChunk* make_chunks(Arena& arena, const TokenSpan* columns, int64_t m, int64_t rows, int32_t* longest, bool* any_long) {
    int64_t symbols = 0;
    *longest = 0;
    *any_long = false;
    for (int64_t j = 0; j < m; j++) {
        if (columns[j].length > kLongestShort) {
            *any_long = true;
            continue;
        }
        symbols += columns[j].length;
        if (columns[j].length > *longest)
            *longest = columns[j].length;
    }
    ColumnChunk* chunks = arena.take<ColumnChunk>((m + kChunkColumns - 1) / kChunkColumns);
    ColumnStep* steps = arena.take<ColumnStep>(m);
    uint16_t* codes = arena.take<uint16_t>(symbols);

    Arena::Scope scope(arena);
    int64_t most = m < kChunkColumns ? m : kChunkColumns;
    PrefixKey* keys = arena.take<PrefixKey>(most);
    PrefixKey* other = arena.take<PrefixKey>(most);
    auto* histogram = arena.take<uint32_t[256]>(8);
    int32_t sorted_symbols = rows >= 256 ? 4 : rows >= 16 ? 3 : 0;
    for (int64_t first = 0, c = 0; first < m; first += kChunkColumns, c++) {
        ColumnChunk& chunk = chunks[c];
        chunk = {first, static_cast<int32_t>(m - first < kChunkColumns ? m - first : kChunkColumns), 0, steps, codes};
        const TokenSpan* tokens = columns + first;
        for (int32_t j = 0; j < chunk.columns; j++) {
            if (tokens[j].length <= kLongestShort)
                keys[chunk.count++] = {prefix_of(tokens[j]), static_cast<uint32_t>(j)};
        }
        const PrefixKey* order = sort_by_prefix(keys, other, chunk.count, sorted_symbols, histogram);
        int32_t shared = 0;
        for (int32_t k = 0; k < chunk.count; k++) {
            TokenSpan token = tokens[order[k].column];
            int32_t next = k + 1 < chunk.count ? shared_prefix(token, tokens[order[k + 1].column]) : 0;
            *steps++ = {static_cast<uint16_t>(order[k].column), static_cast<uint8_t>(shared), static_cast<uint8_t>(next > shared ? next : shared),
                        static_cast<uint8_t>(token.length)};
            for (int32_t p = shared; p < token.length; p++)
                *codes++ = token.codes[p];
            shared = next;
        }
    }
    return chunks;
}
