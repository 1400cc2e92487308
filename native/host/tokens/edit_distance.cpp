#include "host/tokens/edit_distance.h"

#include <algorithm>
#include <limits>

namespace pta {

namespace {

// Blocks of cost_matrices that are handed to the kernel at once: bounds scratch memory.
constexpr int64_t kSlabTokens = 1 << 15;

// Levenshtein over symbols, for alphabets that kernels cannot take; row has target.length_of(j) + 1 entries.
int32_t symbol_distance(const int32_t* a, int32_t a_length, const int32_t* b, int32_t b_length, int32_t* row) {
    while (a_length > 0 && b_length > 0 && *a == *b)
        a++, b++, a_length--, b_length--;
    while (a_length > 0 && b_length > 0 && a[a_length - 1] == b[b_length - 1])
        a_length--, b_length--;
    if (a_length == 0 || b_length == 0)
        return a_length + b_length;
    for (int32_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (int32_t i = 0; i < a_length; i++) {
        int32_t diagonal = row[0];
        row[0] = i + 1;
        for (int32_t j = 0; j < b_length; j++) {
            int32_t up = row[j + 1];
            row[j + 1] = std::min({diagonal + (a[i] != b[j]), up + 1, row[j] + 1});
            diagonal = up;
        }
    }
    return row[b_length];
}

template <class T>
bool compare_symbols(Arena& arena, const Tape& source, const int32_t* source_tokens, int64_t n, const Tape& target, const int32_t* target_tokens, int64_t m,
                     T* out, int64_t stride) {
    constexpr int32_t most = std::numeric_limits<T>::max();
    Arena::Scope scope(arena);
    int32_t* row = arena.take<int32_t>(int64_t{target.longest} + 1);
    bool range = false;
    for (int64_t i = 0; i < n; i++) {
        int32_t s = source_tokens[i];
        for (int64_t j = 0; j < m; j++) {
            int32_t t = target_tokens[j];
            int32_t distance = source.is_special(s) || target.is_special(t)
                                   ? (specials_match(source, s, target, t) ? 0 : kSpecialMismatch)
                                   : symbol_distance(source.symbols_of(s), source.length_of(s), target.symbols_of(t), target.length_of(t), row);
            range = range || distance >= most;
            out[i * stride + j] = static_cast<T>(std::min(distance, most));
        }
    }
    return range;
}

// Spans of tokens for the kernels. A special token, whose cells fill_specials sets, is as good as empty.
TokenSpan* source_spans(Arena& arena, const Tape& source, const int32_t* tokens, int64_t count, const Alphabet& target) {
    int64_t symbols = 0;
    for (int64_t i = 0; i < count; i++)
        symbols += source.length_of(tokens[i]);
    TokenSpan* spans = arena.take<TokenSpan>(count);
    uint16_t* codes = arena.take<uint16_t>(symbols);
    for (int64_t i = 0; i < count; i++) {
        spans[i] = source.is_special(tokens[i]) ? TokenSpan{codes, 0} : translate(source, tokens[i], target, codes);
        codes += spans[i].length;
    }
    return spans;
}

TokenSpan* target_spans(Arena& arena, const Tape& target, const int32_t* tokens, int64_t count) {
    TokenSpan* spans = arena.take<TokenSpan>(count);
    for (int64_t j = 0; j < count; j++) {
        spans[j] = target.span_of(tokens[j]);
        if (target.is_special(tokens[j]))
            spans[j].length = 0;
    }
    return spans;
}

template <class T>
void fill_specials(const Tape& source, const int32_t* source_tokens, int64_t n, const Tape& target, const int32_t* target_tokens, int64_t m, T* out,
                   int64_t stride) {
    auto fill = [&](int64_t i, int64_t j) {
        out[i * stride + j] = specials_match(source, source_tokens[i], target, target_tokens[j]) ? T{0} : T{kSpecialMismatch};
    };
    for (int64_t i = 0; source.has_specials && i < n; i++) {
        for (int64_t j = 0; source.is_special(source_tokens[i]) && j < m; j++)
            fill(i, j);
    }
    for (int64_t j = 0; target.has_specials && j < m; j++) {
        for (int64_t i = 0; target.is_special(target_tokens[j]) && i < n; i++)
            fill(i, j);
    }
}

template <class T> bool any_saturated(const T* out, int64_t n, int64_t m, int64_t stride) {
    for (int64_t i = 0; i < n; i++) {
        if (std::find(out + i * stride, out + i * stride + m, std::numeric_limits<T>::max()) != out + i * stride + m)
            return true;
    }
    return false;
}

bool kernel_distances(Workspace& w, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, uint8_t* out, int64_t stride) {
    return w.kernels.distances_u8(w.arena, rows, n, columns, m, alphabet, out, stride);
}
bool kernel_distances(Workspace& w, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, uint16_t* out, int64_t stride) {
    return w.kernels.distances_u16(w.arena, rows, n, columns, m, alphabet, out, stride);
}

} // namespace

template <class T>
bool cost_matrix(Workspace& workspace, const Tape& source, const int32_t* source_tokens, int64_t n, const Tape& target, const int32_t* target_tokens,
                 int64_t m, T* out, int64_t stride) {
    if (n == 0 || m == 0)
        return false;
    Arena& arena = workspace.arena;
    if (target.alphabet.overflow())
        return compare_symbols(arena, source, source_tokens, n, target, target_tokens, m, out, stride);
    Arena::Scope scope(arena);
    const TokenSpan* rows = source_spans(arena, source, source_tokens, n, target.alphabet);
    const TokenSpan* columns = target_spans(arena, target, target_tokens, m);
    bool range = kernel_distances(workspace, rows, n, columns, m, target.alphabet.size(), out, stride);
    if (!source.has_specials && !target.has_specials)
        return range;
    fill_specials(source, source_tokens, n, target, target_tokens, m, out, stride);
    return range && any_saturated(out, n, m, stride); // the distance out of range may have been to a special token
}

template bool cost_matrix<uint8_t>(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, uint8_t*, int64_t);
template bool cost_matrix<uint16_t>(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, uint16_t*, int64_t);

bool cost_matrices(Workspace& workspace, const Tape& source, const int32_t* source_tokens, const Tape& target, const int32_t* target_tokens, int64_t batch,
                   int32_t rows, int32_t columns, uint8_t* out) {
    if (batch == 0 || rows == 0 || columns == 0)
        return false;
    int64_t cells = int64_t{rows} * columns;
    bool range = false;
    // The lanes of large blocks are better used row by row than pair by pair.
    if (target.alphabet.overflow() || rows > 64 || columns > 64) {
        for (int64_t p = 0; p < batch; p++)
            range |= cost_matrix(workspace, source, source_tokens + p * rows, rows, target, target_tokens + p * columns, columns, out + p * cells,
                                 int64_t{columns});
        return range;
    }
    Arena& arena = workspace.arena;
    int64_t slab = std::max<int64_t>(1, kSlabTokens / (rows + columns));
    for (int64_t first = 0; first < batch; first += slab) {
        Arena::Scope scope(arena);
        int64_t count = std::min(slab, batch - first);
        const int32_t* slab_source = source_tokens + first * rows;
        const int32_t* slab_target = target_tokens + first * columns;
        const TokenSpan* row_spans = source_spans(arena, source, slab_source, count * rows, target.alphabet);
        const TokenSpan* column_spans = target_spans(arena, target, slab_target, count * columns);
        CostBlock* blocks = arena.take<CostBlock>(count);
        for (int64_t b = 0; b < count; b++)
            blocks[b] = {row_spans + b * rows, column_spans + b * columns, out + (first + b) * cells, rows, columns, false};
        workspace.kernels.distance_blocks(arena, blocks, count, target.alphabet.size());
        for (int64_t b = 0; b < count; b++) {
            bool block_range = blocks[b].range;
            if (source.has_specials || target.has_specials) {
                fill_specials(source, slab_source + b * rows, rows, target, slab_target + b * columns, columns, blocks[b].out, int64_t{columns});
                block_range = block_range && any_saturated(blocks[b].out, rows, columns, int64_t{columns});
            }
            range |= block_range;
        }
    }
    return range;
}

} // namespace pta
