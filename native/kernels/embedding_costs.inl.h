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
static inline f32xN distances_of(i32xN dots) {
    const i32xN least = splat<i32xN>(-16384), most = splat<i32xN>(16384);
    dots = dots < least ? least : dots;
    dots = dots > most ? most : dots;
    return cut((1646592.0f - as_floats(dots) * 100.0f) * 0x1p-14f);
}

// The cost of an edit count and a distance: SemanticCosts.Of. reciprocal: 1 / symbols of the longer text.
static inline f32xN costs_of(f32xN edits, f32xN reciprocal, f32xN distance, i32xN known, float share) {
    const f32xN text = cut(reciprocal * (edits * 100.0f + 0.25f) + 0.5f);
    const f32xN mean = cut((text * (100.0f - share) + distance * share + 50.5f) * 0.01f);
    f32xN cost = known ? mean : text;
    cost = cost < 1.0f ? splat<f32xN>(1.0f) : cost;
    return edits == 0.0f ? f32xN{} : cost;
}

// The same where the distance stands alone.
static inline f32xN costs_of(f32xN edits, f32xN distance) {
    distance = distance < 1.0f ? splat<f32xN>(1.0f) : distance;
    return edits == 0.0f ? f32xN{} : distance;
}

// One row's cells of a tile, from its dot products.
static inline void finish_cells(const EmbeddingBlock& block, const EmbeddingTile& tile, int32_t row, int32_t column, bool known, i32xN sums, float share) {
    uint8_t* cells = block.cost + row * block.stride + column;
    const i32xN with_vectors = known ? tile.known : i32xN{};
    const f32xN distance = distances_of(sums - tile.offset);
    f32xN cost;
    if (block.row_texts == nullptr) {
        cost = with_vectors ? distance : splat<f32xN>(float{EmbeddingBlock::kNoVector});
    } else {
        const f32xN edits = as_floats(__builtin_convertvector(load_cells(cells, tile.count), i32xN));
        if (share == 100.0f && known && tile.all_known) {
            cost = costs_of(edits, distance);
        } else {
            const int32_t length = block.row_texts[row].length;
            const f32xN own = splat<f32xN>(1.0f / static_cast<float>(length < 1 ? 1 : length));
            cost = costs_of(edits, own < tile.reciprocal ? own : tile.reciprocal, distance, with_vectors, share);
        }
    }
    store_cells(cells, __builtin_convertvector(__builtin_convertvector(cost, i32xN), decltype(load_cells(cells, 0))), tile.count);
}

static inline const int8_t* vector_of(const EmbeddingTable& table, int32_t token, int32_t dimensions) {
    return token >= 0 && table.known[token] != 0 ? table.vectors + int64_t{token} * dimensions : nullptr;
}

// Scratch memory of a block.
struct EmbeddingScratch {
    uint8_t* rows;       // [EmbeddingBlock::kMost, row_bytes]
    uint8_t* tile;       // [row_bytes / 16, kTileBytes]
    const int8_t* zeros; // [dimensions]
    uint8_t* ones;       // [row_bytes] a row of ones
    int64_t row_bytes;
};

static EmbeddingTile pack_tile(const EmbeddingTables& tables, const EmbeddingScratch& scratch, const EmbeddingBlock& block, int32_t first, bool any_row) {
    EmbeddingTile tile{scratch.tile, block.m - first < kTileColumns ? block.m - first : kTileColumns, true, {}, {}, {}};
    alignas(kVectorBytes) int32_t known[kTileColumns] = {}, lengths[kTileColumns];
    const int8_t* vectors[kTileColumns];
    for (int32_t j = 0; j < kTileColumns; j++) {
        const int8_t* vector = j < tile.count ? vector_of(tables.target, block.columns[first + j], tables.dimensions) : nullptr;
        vectors[j] = vector == nullptr ? scratch.zeros : vector;
        known[j] = vector == nullptr ? 0 : -1;
        tile.all_known &= vector != nullptr || j >= tile.count;
        const int32_t length = block.column_texts == nullptr || j >= tile.count ? 1 : block.column_texts[first + j].length;
        lengths[j] = length < 1 ? 1 : length;
    }
    tile.known = load<i32xN>(known);
    tile.reciprocal = 1.0f / as_floats(load<i32xN>(lengths));
    if (!any_row)
        return tile;
    for (int32_t a = 0; a * kParts < tile.count; a++) {
        uint8_t* to = scratch.tile + a * kVectorBytes;
        for (int32_t d = 0; d < tables.dimensions; d += 64, to += 4 * kDotBytes * kTileBytes)
            pack_columns(vectors + a * kParts, d, to, kTileBytes);
    }
    if constexpr (kRowOffset != 0) {
        i32xN sums[1];
        multiply_rows(scratch.ones, scratch.row_bytes, tile, sums);
        tile.offset = sums[0] * kRowOffset;
    }
    return tile;
}

static void fill_embedding_block(const EmbeddingTables& tables, const EmbeddingScratch& scratch, const EmbeddingBlock& block, float share) {
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

// Tables are larger than the caches, and tokens lie anywhere in them.
static void prefetch_vectors(const EmbeddingTable& table, const int32_t* tokens, int32_t count, int32_t dimensions) {
    for (int32_t i = 0; tokens != nullptr && i < count; i++) {
        const int8_t* vector = table.vectors + int64_t{tokens[i] < 0 ? 0 : tokens[i]} * dimensions;
        for (int32_t d = 0; d < dimensions; d += 64)
            __builtin_prefetch(vector + d);
    }
}

static void embedding_costs(Arena& arena, const EmbeddingTables& tables, int32_t share, const EmbeddingBlock* blocks, int64_t count) {
    Arena::Scope scope(arena);
    EmbeddingScratch scratch;
    scratch.row_bytes = int64_t{tables.dimensions} * kDotBytes;
    scratch.rows = arena.take<uint8_t>(EmbeddingBlock::kMost * scratch.row_bytes);
    scratch.tile = arena.take<uint8_t>(scratch.row_bytes / 16 * kTileBytes);
    scratch.ones = arena.take<uint8_t>(scratch.row_bytes);
    int8_t* zeros = arena.take<int8_t>(tables.dimensions);
    __builtin_memset(zeros, 0, static_cast<size_t>(tables.dimensions));
    __builtin_memset(scratch.ones, 1, static_cast<size_t>(scratch.row_bytes));
    scratch.zeros = zeros;
    for (int64_t b = 0; b < count; b++) {
        if (b + 1 < count) {
            const EmbeddingBlock& next = blocks[b + 1];
            prefetch_vectors(tables.source, next.rows, next.n, tables.dimensions);
            prefetch_vectors(tables.target, next.columns, next.rows == nullptr ? 0 : next.m, tables.dimensions);
        }
        fill_embedding_block(tables, scratch, blocks[b], static_cast<float>(share));
    }
}
