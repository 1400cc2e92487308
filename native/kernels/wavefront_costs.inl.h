// Costs of one strip of the alignment table in wavefront order.
// A strip is kStripColumns target positions side by side, one per byte lane, LAST column in lane 0; lane l at step t is the cell of row
// t - (kStripColumns - 1) + l of the strip's rows and of column kStripColumns - 1 - l. So lanes move down together and one column apart in time.

static constexpr int kStripColumns = kVectorBytes;
static constexpr int kChunkSteps = 256; // costs are made and used in chunks that stay in the first-level cache; a multiple of 8
static constexpr int kPiece = 16;       // lanes that are skewed in registers; whole pieces are skewed by the address that they are read from

// Lanes whose index has this bit set.
template <class V> static inline V lanes_with_bit(int bit) {
    V mask{};
    for (int l = 0; l < kStripColumns; l++)
        mask[l] = (l & bit) != 0 ? -1 : 0;
    return mask;
}

template <class T, class Sum> struct StripCosts;

// Bytes. Row x of the strip is one vector e(x); the steps need d(t)[l] = e(t - (kStripColumns - 1) + l)[l]. Delaying lanes by the bits of their index,
// one blend per bit, gives v(x)[l] = e(x + l % 16)[l] in registers, and a step reads piece q of 16 lanes from v(t - (kStripColumns - 1) + 16 q).
template <class Sum> struct StripCosts<uint8_t, Sum> {
    static constexpr int kKept = kStripColumns - kPiece; // rows of v that two chunks share
    const PathProblem<uint8_t>* problem;
    ByteLookup lookup;
    int64_t first_row, rows; // of the strip
    bool by_token;           // expanded holds one vector per table row, not per strip row
    uint8_t* expanded;       // [max(table rows, kChunkSteps) + 1][kStripColumns]
    uint8_t* skewed;         // [kKept + kChunkSteps + 8][kStripColumns]
    u8xN delayed1, delayed2[2], delayed4[4], delayed8[8];

    StripCosts(Arena& arena, const PathProblem<uint8_t>& p) : problem(&p) {
        int64_t vectors = (p.rows <= p.n ? p.rows : 0) > kChunkSteps ? p.rows : kChunkSteps;
        expanded = arena.take<uint8_t>((vectors + 1) * kStripColumns);
        skewed = arena.take<uint8_t>((kKept + kChunkSteps + 8) * kStripColumns);
    }

    void begin(const int32_t* columns, int64_t strip_first_row, int64_t strip_rows) {
        first_row = strip_first_row;
        rows = strip_rows;
        lookup.prepare(columns, problem->columns, problem->cost + (problem->rows - 1) * problem->stride + problem->columns);
        // Each table row once, if the strip is longer than the table.
        by_token = problem->rows <= rows;
        if (by_token) {
            lookup.expand(problem->cost, problem->stride, nullptr, problem->rows, expanded);
            store(expanded + problem->rows * kStripColumns, u8xN{});
        }
        delayed1 = u8xN{};
        for (u8xN& v : delayed2) v = u8xN{};
        for (u8xN& v : delayed4) v = u8xN{};
        for (u8xN& v : delayed8) v = u8xN{};
        for (int64_t x = 0; x < kKept; x++)
            store(skewed + x * kStripColumns, u8xN{});
    }

    // Makes the costs of steps [first, first + kChunkSteps), as far as steps exist. Rows past the strip's last have cost 0 and are never used.
    void fill(int64_t first, int64_t steps) {
        if (first > 0)
            __builtin_memmove(skewed, skewed + kChunkSteps * kStripColumns, kKept * kStripColumns);
        int count = static_cast<int>(steps - first < kChunkSteps ? steps - first : kChunkSteps);
        count = (count + 7) & ~7;
        int present = static_cast<int>(rows - first < count ? (rows > first ? rows - first : 0) : count);
        uint32_t offsets[kChunkSteps];
        const int32_t* ids = problem->source + first_row + first;
        uint32_t nothing = static_cast<uint32_t>(by_token ? problem->rows : kChunkSteps);
        for (int x = 0; x < present; x++)
            offsets[x] = by_token ? static_cast<uint32_t>(ids[x]) : static_cast<uint32_t>(x);
        for (int x = present; x < count; x++)
            offsets[x] = nothing;
        if (!by_token) {
            lookup.expand(problem->cost, problem->stride, ids, present, expanded);
            store(expanded + nothing * kStripColumns, u8xN{});
        }
        skew(offsets, count);
    }

    void skew(const uint32_t* offsets, int count) {
        using Mask = Vec<int8_t>;
        const Mask bit1 = lanes_with_bit<Mask>(1), bit2 = lanes_with_bit<Mask>(2), bit4 = lanes_with_bit<Mask>(4), bit8 = lanes_with_bit<Mask>(8);
        u8xN e = delayed1, v1[2], v2[4], v4[8];
        for (int k = 0; k < 2; k++) v1[k] = delayed2[k];
        for (int k = 0; k < 4; k++) v2[k] = delayed4[k];
        for (int k = 0; k < 8; k++) v4[k] = delayed8[k];
        uint8_t* out = skewed + kKept * kStripColumns;
        for (int x = 0; x < count; x += 8) {
#pragma GCC unroll 8
            for (int k = 0; k < 8; k++) {
                u8xN next = load<u8xN>(expanded + static_cast<size_t>(offsets[x + k]) * kStripColumns);
                u8xN one = bit1 ? next : e; // row x - 1
                u8xN two = bit2 ? one : v1[k & 1];
                u8xN four = bit4 ? two : v2[k & 3];
                u8xN eight = bit8 ? four : v4[k];
                store(out + (x + k) * kStripColumns, eight); // row x - 15
                e = next;
                v1[k & 1] = one;
                v2[k & 3] = two;
                v4[k] = four;
            }
        }
        delayed1 = e;
        for (int k = 0; k < 2; k++) delayed2[k] = v1[k];
        for (int k = 0; k < 4; k++) delayed4[k] = v2[k];
        for (int k = 0; k < 8; k++) delayed8[k] = v4[k];
    }

    // Costs of step `step` of the current chunk: byte b % sizeof(Sum) of word b / sizeof(Sum).
    void at(int64_t step, Vec<Sum>* cost) const {
        const Vec<Sum> bytes = (Vec<Sum>)load_pieces(skewed + step * kStripColumns, kPiece * kStripColumns);
        for (int p = 0; p < static_cast<int>(sizeof(Sum)); p++)
            cost[p] = bytes >> (8 * p) & 255;
    }
};

// Two-byte costs are rare (a token of over 254 symbols): plain loads, straight into wavefront order.
template <class Sum> struct StripCosts<uint16_t, Sum> {
    const PathProblem<uint16_t>* problem;
    int64_t first_row, rows;
    int32_t columns[kStripColumns];
    uint16_t* skewed; // [kChunkSteps][kStripColumns], lanes in the order of the vectors of sums

    StripCosts(Arena& arena, const PathProblem<uint16_t>& p) : problem(&p) { skewed = arena.take<uint16_t>(kChunkSteps * kStripColumns); }

    void begin(const int32_t* strip_columns, int64_t strip_first_row, int64_t strip_rows) {
        first_row = strip_first_row;
        rows = strip_rows;
        __builtin_memcpy(columns, strip_columns, sizeof columns);
    }

    void fill(int64_t first, int64_t steps) {
        int64_t end = steps - first < kChunkSteps ? steps : first + kChunkSteps;
        for (int64_t t = first; t < end; t++) {
            for (int l = 0; l < kStripColumns; l++) {
                int64_t x = t - (kStripColumns - 1) + l;
                constexpr int parts = sizeof(Sum);
                skewed[(t - first) * kStripColumns + l % parts * kLanes<Sum> + l / parts] =
                    x < 0 || x >= rows ? uint16_t{0} : problem->cost[problem->source[first_row + x] * problem->stride + columns[l]];
            }
        }
    }

    void at(int64_t step, Vec<Sum>* cost) const {
        for (int p = 0; p < static_cast<int>(sizeof(Sum)); p++) {
            const uint16_t* from = skewed + step * kStripColumns + p * kLanes<Sum>;
            cost[p] = __builtin_convertvector(load<typename SomeLanes<uint16_t, kLanes<Sum>>::type>(from), Vec<Sum>);
        }
    }
};
