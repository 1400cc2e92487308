// One lane per row (pattern), Myers' algorithm in lanes as wide as the longest pattern of the group; texts come from a ColumnChunk.
// Results are bytes [column][lane], turned into rows at the end: no scatter, whatever the order of rows and columns.

// Rows that are walked together: they share one table of match masks, over a local alphabet so that it stays in the first-level cache.
struct RowGroup {
    const int64_t* rows; // [count] row of each lane
    int32_t count;
    int32_t lanes;       // count rounded up to whole vectors
    uint16_t* local;     // [alphabet] class -> row of the table; 0 = no pattern has it
    uint8_t* table;      // [local classes][words][lanes]: bit p set where pattern[p] is that class
    uint8_t* mask;       // [words][lanes]: bits of the pattern
    int32_t words;       // lanes of 64 bits per pattern; 1 for the narrower types
};

static int32_t round_up(int32_t x, int32_t to) { return (x + to - 1) / to * to; }

// Lanes of T; patterns of at most words * 8 * sizeof(T) symbols. `local` is all zeros and is given back so by clear_group.
template <class T> static RowGroup make_group(Arena& arena, const TokenSpan* tokens, const int64_t* rows, int32_t count, int32_t words, uint16_t* local) {
    constexpr int32_t bits = 8 * static_cast<int32_t>(sizeof(T));
    RowGroup group{rows, count, round_up(count, kLanes<T>), local, nullptr, nullptr, words};
    int32_t classes = 1;
    for (int32_t r = 0; r < count; r++) {
        TokenSpan token = tokens[rows[r]];
        for (int32_t p = 0; p < token.length; p++) {
            uint16_t code = token.codes[p];
            if (code != 0 && local[code] == 0)
                local[code] = static_cast<uint16_t>(classes++);
        }
    }
    int64_t row_lanes = static_cast<int64_t>(words) * group.lanes;
    T* table = arena.take<T>(classes * row_lanes);
    T* mask = arena.take<T>(row_lanes);
    __builtin_memset(table, 0, static_cast<size_t>(classes * row_lanes) * sizeof(T));
    __builtin_memset(mask, 0, static_cast<size_t>(row_lanes) * sizeof(T));
    for (int32_t r = 0; r < count; r++) {
        TokenSpan token = tokens[rows[r]];
        for (int32_t p = 0; p < token.length; p++) {
            T bit = static_cast<T>(T{1} << (p % bits));
            int64_t at = static_cast<int64_t>(p / bits) * group.lanes + r;
            mask[at] = static_cast<T>(mask[at] | bit);
            if (token.codes[p] != 0) {
                T& entry = table[local[token.codes[p]] * row_lanes + at];
                entry = static_cast<T>(entry | bit);
            }
        }
    }
    group.table = reinterpret_cast<uint8_t*>(table);
    group.mask = reinterpret_cast<uint8_t*>(mask);
    return group;
}

static void clear_group(const RowGroup& group, const TokenSpan* tokens) {
    for (int32_t r = 0; r < group.count; r++) {
        TokenSpan token = tokens[group.rows[r]];
        for (int32_t p = 0; p < token.length; p++)
            group.local[token.codes[p]] = 0;
    }
}

// The low byte of each lane, one after the other.
template <class V> static inline void store_bytes(uint8_t* to, V x) {
    constexpr int lanes = kVectorBytes / static_cast<int>(sizeof x[0]);
    typedef uint8_t bytes __attribute__((vector_size(lanes)));
    bytes narrow = __builtin_convertvector(x, bytes);
    __builtin_memcpy(to, &narrow, lanes);
}

// results[slot * pitch + lane] = distance; G vectors of T lanes. stack: [longest column + 1] states.
template <class T, int G> static void walk(const RowGroup& group, const ColumnChunk& chunk, uint8_t* stack, uint8_t* results, int64_t pitch) {
    using V = Vec<T>;
    struct State { MyersColumn<V> column[G]; };
    auto* states = reinterpret_cast<State*>(stack);
    V mask[G];
    for (int g = 0; g < G; g++) {
        mask[g] = load<V>(group.mask + g * kVectorBytes);
        states[0].column[g] = myers_begin(mask[g]);
    }
    const uint16_t* code = chunk.codes;
    for (int32_t k = 0; k < chunk.count; k++) {
        ColumnStep step = chunk.steps[k];
        State state = states[step.shared];
        int32_t p = step.shared;
        for (; p < step.keep; p++) {
            const uint8_t* equal = group.table + static_cast<size_t>(group.local[*code++]) * (G * kVectorBytes);
#pragma GCC unroll 4
            for (int g = 0; g < G; g++)
                myers_step(state.column[g], load<V>(equal + g * kVectorBytes));
            states[p + 1] = state;
        }
        for (; p < step.length; p++) {
            const uint8_t* equal = group.table + static_cast<size_t>(group.local[*code++]) * (G * kVectorBytes);
#pragma GCC unroll 4
            for (int g = 0; g < G; g++)
                myers_step(state.column[g], load<V>(equal + g * kVectorBytes));
        }
        uint8_t* out = results + step.slot * pitch;
        V length = splat<V>(static_cast<T>(step.length));
#pragma GCC unroll 4
        for (int g = 0; g < G; g++)
            store_bytes(out + g * kLanes<T>, length + bit_count(state.column[g].positive & mask[g]) - bit_count(state.column[g].negative & mask[g]));
    }
}

// One word of a longer pattern: as myers_step, with the horizontal delta of the row below the word (bit 0 of up or down) in and out.
static inline void myers_word(MyersColumn<u64xN>& column, u64xN equal, u64xN& up, u64xN& down) {
    u64xN vp = column.positive, vn = column.negative;
    u64xN entry = equal | down;
    u64xN zero = (((entry & vp) + vp) ^ vp) | entry | vn;
    u64xN positive = vn | ~(zero | vp), negative = zero & vp;
    u64xN shifted = (positive << 1) | up, shifted_negative = (negative << 1) | down;
    up = positive >> 63;
    down = negative >> 63;
    u64xN vertical_zero = equal | vn; // Xv of the block form: the entry delta stays out of it
    column.positive = shifted_negative | ~(vertical_zero | shifted);
    column.negative = shifted & vertical_zero;
}

// Patterns of several 64-bit words, one vector of lanes. stack: [longest column + 1][words] states.
static void walk_words(const RowGroup& group, const ColumnChunk& chunk, uint8_t* stack, uint8_t* results, int64_t pitch) {
    auto* states = reinterpret_cast<MyersColumn<u64xN>*>(stack);
    int32_t words = group.words;
    for (int32_t w = 0; w < words; w++)
        states[w] = myers_begin(load<u64xN>(group.mask + w * kVectorBytes));
    const uint16_t* code = chunk.codes;
    for (int32_t k = 0; k < chunk.count; k++) {
        ColumnStep step = chunk.steps[k];
        for (int32_t p = step.shared; p < step.length; p++) {
            const uint8_t* equal = group.table + static_cast<size_t>(group.local[*code++]) * static_cast<size_t>(words * kVectorBytes);
            u64xN up = splat<u64xN>(uint64_t{1}), down{};
            for (int32_t w = 0; w < words; w++) {
                MyersColumn<u64xN> column = states[p * words + w];
                myers_word(column, load<u64xN>(equal + w * kVectorBytes), up, down);
                states[(p + 1) * words + w] = column;
            }
        }
        u64xN distance = splat<u64xN>(uint64_t{step.length});
        for (int32_t w = 0; w < words; w++) {
            const MyersColumn<u64xN>& column = states[step.length * words + w];
            u64xN mask = load<u64xN>(group.mask + w * kVectorBytes);
            distance += bit_count(column.positive & mask) - bit_count(column.negative & mask);
        }
        store_bytes(results + step.slot * pitch, distance);
    }
}

// In each 16-byte part, interleaving registers r and r + 8 four times over transposes 16 x 16 bytes.
static inline void transpose_parts(u8xN (&x)[16]) {
    u8xN y[16];
#pragma GCC unroll 2
    for (int round = 0; round < 2; round++) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            y[2 * i] = interleave_low(x[i], x[i + 8]), y[2 * i + 1] = interleave_high(x[i], x[i + 8]);
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
            x[2 * i] = interleave_low(y[i], y[i + 8]), x[2 * i + 1] = interleave_high(y[i], y[i + 8]);
    }
}

// to[i * to_stride + j] = from[j * pitch + i] for 16 lanes i and kVectorBytes columns j.
// Not inlined: the compiler would rewrite the caller's loops around its many addresses.
__attribute__((noinline)) static void transpose_16(const uint8_t* from, int64_t pitch, uint8_t* to, int64_t to_stride) {
    u8xN x[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        x[i] = load_parts(from + i * pitch, 16 * pitch);
    transpose_parts(x);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++)
        store(to + i * to_stride, x[i]);
}

static inline void copy_row(uint8_t* to, const uint8_t* from, int32_t count, bool past_caches) {
    int32_t j = static_cast<int32_t>(-reinterpret_cast<uintptr_t>(to) & (kVectorBytes - 1));
    if (!past_caches || j > count)
        j = count;
    __builtin_memcpy(to, from, static_cast<size_t>(j));
    for (; j + kVectorBytes <= count; j += kVectorBytes)
        store_past_caches(to + j, load<u8xN>(from + j));
    __builtin_memcpy(to + j, from + j, static_cast<size_t>(count - j));
}
static inline void copy_row(uint16_t* to, const uint8_t* from, int32_t count, bool) {
    for (int32_t j = 0; j < count; j++)
        to[j] = from[j];
}

// results [columns][pitch] -> rows of out, by way of strips of 16 rows: long runs of whole lines are what memory takes fastest.
static constexpr int32_t kColumnsPerStrip = 1024;
template <class T> static void store_rows(const RowGroup& group, const uint8_t* results, int64_t pitch, int32_t columns, T* out, int64_t stride,
                                          bool past_caches) {
    alignas(kVectorBytes) uint8_t strip[16 * kColumnsPerStrip];
    for (int32_t lanes = 0; lanes < group.count; lanes += 64) {
        for (int32_t first = 0; first < columns; first += kColumnsPerStrip) {
            int32_t width = columns - first < kColumnsPerStrip ? columns - first : kColumnsPerStrip;
            for (int32_t r = lanes; r < lanes + 64 && r < group.count; r += 16) {
                for (int32_t j = 0; j < width; j += kVectorBytes)
                    transpose_16(results + (first + j) * pitch + r, pitch, strip + j, kColumnsPerStrip);
                for (int32_t i = 0; i < 16 && r + i < group.count; i++)
                    copy_row(out + group.rows[r + i] * stride + first, strip + i * kColumnsPerStrip, width, past_caches);
            }
        }
    }
}
