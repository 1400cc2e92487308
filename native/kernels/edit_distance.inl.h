// Edit-distance cost matrices: large ones with a row per lane, batches of small ones with a pair per lane.
#include "kernels/edit_distance_columns.inl.h"
#include "kernels/edit_distance_lanes.inl.h"
#include "kernels/edit_distance_long.inl.h"
#include "kernels/edit_distance_blocks.inl.h"

// Length classes: lanes of 8, 16, 32 and 64 bits, several 64-bit words, longer still.
static constexpr int32_t kRowClasses = 6;
static constexpr int32_t kGroupVectors = kVectorBytes == 64 ? 4 : 2; // what the registers hold

// Larger matrices are written past the caches, which would lose more than they gain.
static constexpr int64_t kCachedCells = int64_t{1} << 22;

static int32_t row_class(int32_t length) {
    return length <= 8 ? 0 : length <= 16 ? 1 : length <= 32 ? 2 : length <= 64 ? 3 : length <= kLongestShort ? 4 : 5;
}

template <class T> struct MatrixTask {
    const TokenSpan* rows;
    const ColumnChunk* chunks;
    int64_t m;
    int32_t longest_column;
    uint16_t* local;
    T* out;
    int64_t stride;
    bool past_caches;
};

// One group of rows against all columns. L: lane type.
template <class L, class T> static void fill_group(Arena& arena, const MatrixTask<T>& task, const int64_t* rows, int32_t count, int32_t words) {
    Arena::Scope scope(arena);
    RowGroup group = make_group<L>(arena, task.rows, rows, count, words, task.local);
    int32_t vectors = group.lanes / kLanes<L>;
    int64_t pitch = round_up(group.lanes, 16);
    int64_t widest = task.m < kChunkColumns ? task.m : kChunkColumns;
    uint8_t* results = arena.take<uint8_t>(pitch * round_up(static_cast<int32_t>(widest), kVectorBytes));
    uint8_t* stack = arena.take<uint8_t>(int64_t{2} * kVectorBytes * words * vectors * (task.longest_column + 1));
    for (int64_t first = 0; first < task.m; first += kChunkColumns) {
        const ColumnChunk& chunk = task.chunks[first / kChunkColumns];
        if (words > 1)
            walk_words(group, chunk, stack, results, pitch);
        else if (vectors == 1)
            walk<L, 1>(group, chunk, stack, results, pitch);
        else if (vectors == 2)
            walk<L, 2>(group, chunk, stack, results, pitch);
        else if (vectors == 3)
            walk<L, 3>(group, chunk, stack, results, pitch);
        else
            walk<L, 4>(group, chunk, stack, results, pitch);
        store_rows(group, results, pitch, chunk.columns, task.out + first, task.stride, task.past_caches);
    }
    clear_group(group, task.rows);
}

template <class L, class T> static void fill_class(Arena& arena, const MatrixTask<T>& task, const int64_t* rows, int64_t count, bool several_words) {
    const int64_t most = several_words ? kLanes<L> : kGroupVectors * kLanes<L>;
    for (int64_t r = 0; r < count; r += most) {
        int32_t size = static_cast<int32_t>(count - r < most ? count - r : most), words = 1;
        for (int32_t i = 0; several_words && i < size; i++) {
            int32_t needed = (task.rows[rows[r + i]].length + 63) / 64;
            words = needed > words ? needed : words;
        }
        fill_group<L>(arena, task, rows + r, size, words);
    }
}

template <class T> static bool distances(Arena& arena, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, T* out,
                                         int64_t stride) {
    if (n == 0 || m == 0)
        return false;
    Arena::Scope scope(arena);
    uint16_t* local = arena.take<uint16_t>(alphabet);
    __builtin_memset(local, 0, static_cast<size_t>(alphabet) * sizeof(uint16_t));
    MatrixTask<T> task{rows, nullptr, m, 0, local, out, stride, n * m > kCachedCells};
    bool any_long;
    task.chunks = make_chunks(arena, columns, m, n, &task.longest_column, &any_long);

    // Rows by class, each class in order.
    int64_t start[kRowClasses + 1] = {};
    for (int64_t i = 0; i < n; i++)
        start[row_class(rows[i].length) + 1]++;
    for (int32_t c = 0; c < kRowClasses; c++)
        start[c + 1] += start[c];
    int64_t* order = arena.take<int64_t>(n);
    int64_t next[kRowClasses];
    __builtin_memcpy(next, start, sizeof next);
    for (int64_t i = 0; i < n; i++)
        order[next[row_class(rows[i].length)]++] = i;

    // The last, partly filled vector of a class is saved where its rows fit into the next class's idle lanes.
    for (int32_t c = 0; c < 3; c++) {
        int64_t lanes = kVectorBytes >> c, wider = lanes / 2, rest = (start[c + 1] - start[c]) % lanes;
        int64_t idle = (wider - (start[c + 2] - start[c + 1]) % wider) % wider;
        if (rest <= idle)
            start[c + 1] -= rest;
    }
    fill_class<uint8_t>(arena, task, order + start[0], start[1] - start[0], false);
    fill_class<uint16_t>(arena, task, order + start[1], start[2] - start[1], false);
    fill_class<uint32_t>(arena, task, order + start[2], start[3] - start[2], false);
    fill_class<uint64_t>(arena, task, order + start[3], start[4] - start[3], false);
    fill_class<uint64_t>(arena, task, order + start[4], start[5] - start[4], true);
    if (task.past_caches)
        settle_stores();
    return (any_long || start[5] < n) && fill_long_pairs(arena, rows, n, columns, m, local, out, stride);
}

static bool distances_u8(Arena& arena, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, uint8_t* out, int64_t stride) {
    return distances(arena, rows, n, columns, m, alphabet, out, stride);
}
static bool distances_u16(Arena& arena, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, uint16_t* out, int64_t stride) {
    return distances(arena, rows, n, columns, m, alphabet, out, stride);
}
