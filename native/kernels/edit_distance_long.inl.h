// Pairs with a token of more than kLongestShort symbols, one at a time: the longer token is the pattern, in 64-bit words (Hyyrö's blocks).

struct LongPattern {
    int32_t length, words;
    const uint16_t* local; // [alphabet] class -> row of the table
    const uint64_t* table; // [local classes][words]
    uint64_t* positive;    // [words] scratch
    uint64_t* negative;
};

static LongPattern make_long_pattern(Arena& arena, TokenSpan token, uint16_t* local) {
    LongPattern pattern{token.length, (token.length + 63) / 64, local, nullptr, nullptr, nullptr};
    int32_t classes = 1;
    for (int32_t p = 0; p < token.length; p++) {
        if (token.codes[p] != 0 && local[token.codes[p]] == 0)
            local[token.codes[p]] = static_cast<uint16_t>(classes++);
    }
    int64_t words = pattern.words;
    uint64_t* table = arena.take<uint64_t>(classes * words);
    __builtin_memset(table, 0, static_cast<size_t>(classes * words) * sizeof(uint64_t));
    for (int32_t p = 0; p < token.length; p++) {
        if (token.codes[p] != 0)
            table[local[token.codes[p]] * words + p / 64] |= uint64_t{1} << (p % 64);
    }
    pattern.table = table;
    pattern.positive = arena.take<uint64_t>(words);
    pattern.negative = arena.take<uint64_t>(words);
    return pattern;
}

static void clear_long_pattern(TokenSpan token, uint16_t* local) {
    for (int32_t p = 0; p < token.length; p++)
        local[token.codes[p]] = 0;
}

static int64_t long_distance(const LongPattern& pattern, TokenSpan text) {
    uint64_t* vps = pattern.positive;
    uint64_t* vns = pattern.negative;
    for (int32_t w = 0; w < pattern.words; w++)
        vps[w] = ~uint64_t{0}, vns[w] = 0;
    for (int32_t j = 0; j < text.length; j++) {
        const uint64_t* equals = pattern.table + static_cast<int64_t>(pattern.local[text.codes[j]]) * pattern.words;
        uint64_t up = 1, down = 0; // the first row grows by one per symbol
        for (int32_t w = 0; w < pattern.words; w++) {
            uint64_t vp = vps[w], vn = vns[w], equal = equals[w];
            uint64_t entry = equal | down;
            uint64_t zero = (((entry & vp) + vp) ^ vp) | entry;
            uint64_t positive = vn | ~(zero | vp), negative = zero & vp;
            uint64_t shifted = positive << 1 | up, shifted_negative = negative << 1 | down;
            up = positive >> 63;
            down = negative >> 63;
            vps[w] = shifted_negative | ~(equal | vn | shifted);
            vns[w] = shifted & (equal | vn);
        }
    }
    int64_t distance = text.length;
    for (int32_t w = 0; w < pattern.words; w++) {
        int32_t left = pattern.length - 64 * w;
        uint64_t mask = left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
        distance += __builtin_popcountll(vps[w] & mask) - __builtin_popcountll(vns[w] & mask);
    }
    return distance;
}

template <class T> static T saturate(int64_t distance, bool& range) {
    constexpr int64_t most = static_cast<T>(-1);
    if (distance < most)
        return static_cast<T>(distance);
    range = true;
    return static_cast<T>(most);
}

// All cells with a long row or a long column; local is all zeros before and after.
template <class T> static bool fill_long_pairs(Arena& arena, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, uint16_t* local, T* out,
                                               int64_t stride) {
    bool range = false;
    for (int64_t i = 0; i < n; i++) {
        if (rows[i].length <= kLongestShort)
            continue;
        Arena::Scope scope(arena);
        LongPattern pattern = make_long_pattern(arena, rows[i], local);
        for (int64_t j = 0; j < m; j++)
            out[i * stride + j] = saturate<T>(long_distance(pattern, columns[j]), range);
        clear_long_pattern(rows[i], local);
    }
    for (int64_t j = 0; j < m; j++) {
        if (columns[j].length <= kLongestShort)
            continue;
        Arena::Scope scope(arena);
        LongPattern pattern = make_long_pattern(arena, columns[j], local);
        for (int64_t i = 0; i < n; i++) {
            if (rows[i].length <= kLongestShort)
                out[i * stride + j] = saturate<T>(long_distance(pattern, rows[i]), range);
        }
        clear_long_pattern(columns[j], local);
    }
    return range;
}
