// Cosine distances of embedded tokens in whole hundredths, and the costs that they make with edits. Everything is whole numbers, so that every target computes
// the same ones; where they stand in float lanes, they and their sums are exact there, and quotients are moved off the whole numbers before they are cut.
//
// A tile is as many columns as a vector has lanes of 32 bits, in four vectors for every few dimensions: each part of 16 bytes belongs to one column, so that a
// row's dimensions, repeated in every part, meet all columns of a vector at once and a column's sums stay together.

static constexpr int32_t kParts = kVectorBytes / 16;      // columns in a vector
static constexpr int32_t kTileColumns = kLanes<int32_t>;  // 4 * kParts
static constexpr int32_t kTileBytes = 4 * kVectorBytes;   // for as many dimensions as a part holds

struct EmbeddingTile {
    const uint8_t* vectors; // [parts of a row][kTileBytes]
    int32_t count;          // columns used, 1..kTileColumns
    bool all_known;         // each of them has a vector
    i32xN offset;           // what kRowOffset adds to a dot product
    i32xN known;            // all ones where a column has a vector
    f32xN reciprocal;       // 1 / symbols of the column's text
};

static inline bool has_vector(const EmbeddingTable& table, int32_t token) { return token >= 0 && table.sums[token] != EmbeddingTable::kNone; }

static inline f32xN as_floats(i32xN x) { return __builtin_convertvector(x, f32xN); }
static inline f32xN cut(f32xN x) { return as_floats(__builtin_convertvector(x, i32xN)); }

// sums[r]: dot products of row r with the columns of the first A vectors of a tile.
template <int A, int R> static inline void multiply_rows(const uint8_t* rows, int64_t row_bytes, const uint8_t* tile, i32xN (&sums)[R]) {
    i32xN sum[R][4] = {};
    for (int64_t at = 0; at < row_bytes; at += 16, tile += kTileBytes) {
#pragma GCC unroll 4
        for (int a = 0; a < A; a++) {
            const u8xN columns = load<u8xN>(tile + a * kVectorBytes);
#pragma GCC unroll 2
            for (int r = 0; r < R; r++)
                sum[r][a] = add_products(sum[r][a], repeat_part(rows + r * row_bytes + at), columns);
        }
    }
    for (int r = 0; r < R; r++)
        sums[r] = sum_parts(sum[r][0], sum[r][1], sum[r][2], sum[r][3]);
}

template <int R> static inline void multiply_rows(const uint8_t* rows, int64_t row_bytes, const EmbeddingTile& tile, i32xN (&sums)[R]) {
    if (tile.count > 3 * kParts)
        multiply_rows<4>(rows, row_bytes, tile.vectors, sums);
    else if (tile.count > 2 * kParts)
        multiply_rows<3>(rows, row_bytes, tile.vectors, sums);
    else if (tile.count > kParts)
        multiply_rows<2>(rows, row_bytes, tile.vectors, sums);
    else
        multiply_rows<1>(rows, row_bytes, tile.vectors, sums);
}

// (100 * (16384 - dot) + 8192) >> 14, 0..200. What lies beyond the unit vectors' products changes nothing more.
static inline i32xN distances_of(i32xN dots) {
    const i32xN least = splat<i32xN>(-16384), most = splat<i32xN>(16384);
    dots = dots < least ? least : dots;
    dots = dots > most ? most : dots;
    return (splat<i32xN>(100 * 16384 + 8192) - dots * 100) >> 14;
}

// The cost of an edit count and a distance: SemanticCosts.Of. reciprocal: 1 / symbols of the longer text.
static inline f32xN costs_of(f32xN edits, f32xN reciprocal, f32xN distance, i32xN known, float share) {
    const f32xN text = cut(reciprocal * (edits * 100.0f + 0.25f) + 0.5f);
    const f32xN mean = cut((text * (100.0f - share) + distance * share + 50.5f) * 0.01f);
    f32xN cost = known ? mean : text;
    cost = cost < 1.0f ? splat<f32xN>(1.0f) : cost;
    return edits == 0.0f ? f32xN{} : cost;
}

// One row's cells of a tile, from its dot products.
static inline void finish_cells(const EmbeddingBlock& block, const EmbeddingTile& tile, int32_t row, int32_t column, bool known, i32xN sums, float share) {
    uint8_t* cells = block.cost + row * block.stride + column;
    const i32xN distance = distances_of(sums - tile.offset), with_vectors = known ? tile.known : i32xN{};
    using Cells = decltype(load_cells(cells, 0));
    const Cells narrow = __builtin_convertvector(distance, Cells);
    if (block.row_texts == nullptr) {
        const i32xN shown = with_vectors ? distance : splat<i32xN>(EmbeddingBlock::kNoVector);
        return store_cells(cells, __builtin_convertvector(shown, Cells), tile.count);
    }
    const Cells edits = load_cells(cells, tile.count);
    if (share == 100.0f && known && tile.all_known) // the distance stands alone
        return store_cells(cells, (Cells)(edits != 0) & (narrow | ((Cells)(narrow == 0) & 1)), tile.count);
    const int32_t length = block.row_texts[row].length;
    const f32xN own = splat<f32xN>(1.0f / static_cast<float>(length < 1 ? 1 : length)), counts = as_floats(__builtin_convertvector(edits, i32xN));
    const f32xN cost = costs_of(counts, own < tile.reciprocal ? own : tile.reciprocal, as_floats(distance), with_vectors, share);
    store_cells(cells, __builtin_convertvector(__builtin_convertvector(cost, i32xN), Cells), tile.count);
}

static inline const int8_t* vector_of(const EmbeddingTable& table, int32_t token, int32_t dimensions) {
    return has_vector(table, token) ? table.vectors + int64_t{token} * dimensions : nullptr;
}

// Scratch memory of a block.
struct EmbeddingScratch {
    uint8_t* rows;       // [EmbeddingBlock::kMost, row_bytes]
    uint8_t* tile;       // [row_bytes / 16, kTileBytes]
    const int8_t* zeros; // [dimensions]
    int64_t row_bytes;
};

static EmbeddingTile pack_tile(const EmbeddingTables& tables, const EmbeddingScratch& scratch, const EmbeddingBlock& block, int32_t first, bool any_row) {
    EmbeddingTile tile{scratch.tile, block.m - first < kTileColumns ? block.m - first : kTileColumns, true, {}, {}, {}};
    alignas(kVectorBytes) int32_t known[kTileColumns], offsets[kTileColumns], lengths[kTileColumns];
    const int8_t* vectors[kTileColumns];
    for (int32_t j = 0; j < kTileColumns; j++) {
        const int8_t* vector = j < tile.count ? vector_of(tables.target, block.columns[first + j], tables.dimensions) : nullptr;
        vectors[j] = vector == nullptr ? scratch.zeros : vector;
        known[j] = vector == nullptr ? 0 : -1;
        offsets[j] = vector == nullptr ? 0 : kRowOffset * tables.target.sums[block.columns[first + j]];
        tile.all_known &= vector != nullptr || j >= tile.count;
        const int32_t length = block.column_texts == nullptr || j >= tile.count ? 1 : block.column_texts[first + j].length;
        lengths[j] = length < 1 ? 1 : length;
    }
    tile.known = load<i32xN>(known);
    tile.offset = load<i32xN>(offsets);
    tile.reciprocal = 1.0f / as_floats(load<i32xN>(lengths));
    if (!any_row)
        return tile;
    for (int32_t a = 0; a * kParts < tile.count; a++) {
        uint8_t* to = scratch.tile + a * kVectorBytes;
        for (int32_t d = 0; d < tables.dimensions; d += 64, to += 4 * kDotBytes * kTileBytes)
            pack_columns(vectors + a * kParts, d, to, kTileBytes);
    }
    return tile;
}

// Tables are larger than the caches, and tokens lie anywhere in them: while one block is worked on, the next one's vectors are asked for, a few at a time.
class NextVectors {
public:
    // steps: how often some() will be called.
    NextVectors(const EmbeddingTables& tables, const EmbeddingBlock* block, int32_t steps)
        : tables_(tables), block_(block), rows_(block == nullptr || block->rows == nullptr ? 0 : block->n), all_(rows_ == 0 ? 0 : rows_ + block->m),
          each_(steps == 0 ? 0 : (all_ + steps - 1) / steps) {}

    void some() {
        for (int32_t left = each_; left > 0 && at_ < all_; left--, at_++) {
            const EmbeddingTable& table = at_ < rows_ ? tables_.source : tables_.target;
            const int32_t token = at_ < rows_ ? block_->rows[at_] : block_->columns[at_ - rows_];
            const int8_t* vector = table.vectors + int64_t{token < 0 ? 0 : token} * tables_.dimensions;
            for (int32_t d = 0; d < tables_.dimensions; d += 64)
                __builtin_prefetch(vector + d);
        }
    }

private:
    const EmbeddingTables& tables_;
    const EmbeddingBlock* block_;
    int32_t rows_, all_, each_, at_ = 0;
};

static void fill_embedding_block(const EmbeddingTables& tables, const EmbeddingScratch& scratch, const EmbeddingBlock& block, const EmbeddingBlock* after, float share) {
    NextVectors next(tables, after, (block.m + kTileColumns - 1) / kTileColumns * ((block.n + 1) / 2));
    bool known[EmbeddingBlock::kMost], any_row = false;
    for (int32_t i = 0; i < block.n; i++) {
        const int8_t* vector = block.rows == nullptr ? nullptr : vector_of(tables.source, block.rows[i], tables.dimensions);
        known[i] = vector != nullptr;
        any_row |= known[i];
        prepare_row(known[i] ? vector : scratch.zeros, tables.dimensions, scratch.rows + i * scratch.row_bytes);
    }
    for (int32_t first = 0; first < block.m; first += kTileColumns) {
        const EmbeddingTile tile = pack_tile(tables, scratch, block, first, any_row);
        for (int32_t i = 0; i < block.n; i += 2) {
            next.some();
            i32xN sums[2] = {}, last[1];
            const uint8_t* rows = scratch.rows + i * scratch.row_bytes;
            if (any_row && i + 1 < block.n)
                multiply_rows(rows, scratch.row_bytes, tile, sums);
            else if (any_row)
                multiply_rows(rows, scratch.row_bytes, tile, last), sums[0] = last[0];
            finish_cells(block, tile, i, first, known[i], sums[0], share);
            if (i + 1 < block.n)
                finish_cells(block, tile, i + 1, first, known[i + 1], sums[1], share);
        }
    }
}

static void embedding_costs(Arena& arena, const EmbeddingTables& tables, int32_t share, const EmbeddingBlock* blocks, int64_t count) {
    Arena::Scope scope(arena);
    EmbeddingScratch scratch;
    scratch.row_bytes = int64_t{tables.dimensions} * kDotBytes;
    scratch.rows = arena.take<uint8_t>(EmbeddingBlock::kMost * scratch.row_bytes);
    scratch.tile = arena.take<uint8_t>(scratch.row_bytes / 16 * kTileBytes);
    int8_t* zeros = arena.take<int8_t>(tables.dimensions);
    __builtin_memset(zeros, 0, static_cast<size_t>(tables.dimensions));
    scratch.zeros = zeros;
    for (int64_t b = 0; b < count; b++)
        fill_embedding_block(tables, scratch, blocks[b], b + 1 < count ? blocks + b + 1 : nullptr, static_cast<float>(share));
}
