// Costs of one strip of the alignment table in wavefront order.
// A strip is kStripColumns target positions side by side, one per byte lane, LAST column in lane 0; lane l at step t is the cell of row
// t - (kStripColumns - 1) + l of the strip's rows and of column kStripColumns - 1 - l. So lanes move down together and one column apart in time.

static constexpr int kStripColumns = kVectorBytes;
static constexpr int kChunkSteps = 128; // costs are made and used in chunks that stay in the first-level cache; a multiple of 8
static constexpr int kPiece = 16;       // lanes that are skewed in registers; whole pieces are skewed by the address that they are read from

// Lanes whose index has this bit set.
template <class V> static inline V lanes_with_bit(int bit) {
    V mask{};
    for (int l = 0; l < kStripColumns; l++)
        mask[l] = (l & bit) != 0 ? -1 : 0;
    return mask;
}

// out[c * out_stride + r] = rows[r][c] for kVectorBytes rows and columns. Interleaving rows i and i + 8 four times transposes 16 x 16 bytes.
static inline void transpose_block(const uint8_t* const* rows, int64_t column, uint8_t* out, int64_t out_stride) {
    for (int first = 0; first < kVectorBytes; first += kPiece) {
        u8xN v[kPiece], w[kPiece];
#pragma GCC unroll 16
        for (int r = 0; r < kPiece; r++)
            v[r] = load<u8xN>(rows[first + r] + column);
#pragma GCC unroll 2
        for (int twice = 0; twice < 2; twice++) {
#pragma GCC unroll 8
            for (int r = 0; r < kPiece / 2; r++) {
                w[2 * r] = interleave_low(v[r], v[r + kPiece / 2]);
                w[2 * r + 1] = interleave_high(v[r], v[r + kPiece / 2]);
            }
#pragma GCC unroll 8
            for (int r = 0; r < kPiece / 2; r++) {
                v[2 * r] = interleave_low(w[r], w[r + kPiece / 2]);
                v[2 * r + 1] = interleave_high(w[r], w[r + kPiece / 2]);
            }
        }
#pragma GCC unroll 16
        for (int c = 0; c < kPiece; c++)
            store_pieces(out + c * out_stride + first, kPiece * out_stride, v[c]);
    }
}

// A problem with what its strips share.
template <class T> struct PathTable {
    const PathProblem<T>* problem;
    PathTable(Arena&, const PathProblem<T>& p) : problem(&p) {}
};

template <> struct PathTable<uint8_t> {
    const PathProblem<uint8_t>* problem;
    int64_t stride;    // table rows, rounded up to whole vectors
    uint8_t* by_column; // [table columns][stride]

    PathTable(Arena& arena, const PathProblem<uint8_t>& p) : problem(&p) {
        stride = (p.rows + kVectorBytes - 1) / kVectorBytes * kVectorBytes;
        by_column = arena.take<uint8_t>(p.columns * stride);
        if (p.columns < kVectorBytes || p.rows < kVectorBytes) {
            for (int64_t b = 0; b < p.columns; b++) {
                for (int64_t a = 0; a < stride; a++)
                    by_column[b * stride + a] = a < p.rows ? p.cost[a * p.stride + b] : uint8_t{0};
            }
            return;
        }
        for (int64_t b = 0; b < p.columns; b++)
            store(by_column + (b + 1) * stride - kVectorBytes, u8xN{});
        // The last block in each direction overlaps the one before it.
        for (int64_t a = 0; a < p.rows; a += kVectorBytes) {
            const int64_t row = a + kVectorBytes <= p.rows ? a : p.rows - kVectorBytes;
            const uint8_t* rows[kVectorBytes];
            for (int r = 0; r < kVectorBytes; r++)
                rows[r] = p.cost + (row + r) * p.stride;
            for (int64_t b = 0; b < p.columns; b += kVectorBytes) {
                const int64_t column = b + kVectorBytes <= p.columns ? b : p.columns - kVectorBytes;
                transpose_block(rows, column, by_column + column * stride + row, stride);
            }
        }
    }
};

template <class T, class Sum> struct StripCosts;

// Bytes. Row x of the strip is one vector e(x); the steps need d(t)[l] = e(t - (kStripColumns - 1) + l)[l]. Delaying lanes by the bits of their index,
// one blend per bit, gives v(x)[l] = e(x + l % 16)[l] in registers, and a step reads piece q of 16 lanes from v(t - (kStripColumns - 1) + 16 q).
template <class Sum> struct StripCosts<uint8_t, Sum> {
    static constexpr int kKept = kStripColumns - kPiece; // rows of v that two chunks share
    const PathTable<uint8_t>* table;
    int64_t first_row, rows; // of the strip
    uint8_t* by_token;       // [table->stride + 1][kStripColumns]: the strip's costs of every table row, and zeros
    uint64_t made;           // bit k % 64: by_token has its rows k * kVectorBytes .. already
    const uint8_t* by_lane[kStripColumns];
    uint8_t* skewed;         // [kKept + kChunkSteps + 8][kStripColumns]
    u8xN delayed1, delayed2[2], delayed4[4], delayed8[8];

    StripCosts(Arena& arena, const PathTable<uint8_t>& t) : table(&t) {
        by_token = arena.take<uint8_t>((t.stride + 1) * kStripColumns);
        skewed = arena.take<uint8_t>((kKept + kChunkSteps + 8) * kStripColumns);
        store(by_token + t.stride * kStripColumns, u8xN{});
    }

    void begin(const int32_t* columns, int64_t strip_first_row, int64_t strip_rows) {
        first_row = strip_first_row;
        rows = strip_rows;
        for (int l = 0; l < kStripColumns; l++)
            by_lane[l] = table->by_column + columns[l] * table->stride;
        made = 0;
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
        const int32_t* ids = table->problem->source + first_row + first;
        uint64_t wanted = 0;
        for (int x = 0; x < present; x++)
            wanted |= uint64_t{1} << (static_cast<uint32_t>(ids[x]) / kVectorBytes % 64);
        for (uint64_t missing = wanted & ~made; missing != 0; missing &= missing - 1) {
            for (int64_t a = __builtin_ctzll(missing) * int64_t{kVectorBytes}; a < table->stride; a += 64 * kVectorBytes)
                transpose_block(by_lane, a, by_token + a * kStripColumns, kStripColumns);
        }
        made |= wanted;
        int32_t padded[kChunkSteps];
        if (present < count) {
            __builtin_memcpy(padded, ids, static_cast<size_t>(present) * sizeof *ids);
            for (int x = present; x < count; x++)
                padded[x] = static_cast<int32_t>(table->stride);
            ids = padded;
        }
        skew(ids, count);
    }

    void skew(const int32_t* ids, int count) {
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
                u8xN next = load<u8xN>(by_token + int64_t{ids[x + k]} * kStripColumns);
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
    int64_t first_row, rows; // of the strip
    int32_t columns[kStripColumns];
    uint16_t* skewed; // [kChunkSteps][kStripColumns], lanes in the order of the vectors of sums

    StripCosts(Arena& arena, const PathTable<uint16_t>& t) : problem(t.problem) { skewed = arena.take<uint16_t>(kChunkSteps * kStripColumns); }

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
