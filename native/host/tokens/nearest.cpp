#include "host/tokens/nearest.h"

#include <algorithm>
#include <cstdint>

#include "host/tokens/nearest_index.h"

namespace pta {

namespace {

// Queries at a time: bounds the scratch memory and nothing else.
constexpr int64_t kChunk = 65536;

// A query that hashes did not settle, with what sorts it: length, then the leading classes.
struct OpenQuery {
    NearestQuery query;
    uint64_t key;
    int32_t position; // among the results
};

uint64_t sort_key(TokenSpan span) {
    uint64_t key = static_cast<uint64_t>(std::min(span.length, 0xFFFF));
    for (int32_t p = 0; p < 3; p++)
        key = key << 16 | (p < span.length ? span.codes[p] : 0u);
    return key;
}

bool goes_before(const OpenQuery& x, const OpenQuery& y) {
    if (x.key != y.key)
        return x.key < y.key;
    TokenSpan s = x.query.span, t = y.query.span;
    if (s.length != t.length)
        return s.length < t.length;
    for (int32_t p = 3; p < s.length; p++)
        if (s.codes[p] != t.codes[p])
            return s.codes[p] < t.codes[p];
    return x.position < y.position;
}

int32_t find_special(const Tape& source, int32_t query, const Tape& target, const NearestIndex& index) {
    for (int32_t s = 0; s < index.specials_count; s++)
        if (specials_match(source, query, target, index.specials[s]))
            return index.specials[s];
    return -1;
}

// Levenshtein distance by one row [m + 1] of the table, or limit once it cannot be below limit.
int32_t plain_distance(const int32_t* x, int32_t n, const int32_t* y, int32_t m, int32_t limit, int32_t* row) {
    for (int32_t j = 0; j <= m; j++)
        row[j] = j;
    for (int32_t i = 0; i < n; i++) {
        int32_t diagonal = row[0], left = i + 1, lowest = left;
        row[0] = left;
        for (int32_t j = 0; j < m; j++) {
            int32_t up = row[j + 1];
            left = std::min(std::min(up, left) + 1, diagonal + (x[i] != y[j]));
            diagonal = up;
            row[j + 1] = left;
            lowest = std::min(lowest, left);
        }
        if (lowest >= limit)
            return limit;
    }
    return row[m];
}

// For a tape whose alphabet overflows: no classes, so no lanes.
void search_plainly(const NearestIndex& index, const int32_t* symbols, int32_t length, const Tape& target, int32_t* row, NearestQuery& query) {
    int32_t last = std::max(length, index.longest);
    auto search = [&](int32_t token_length, int32_t gap) {
        if (token_length < 0 || token_length > index.longest)
            return;
        const NearestClass& tokens = index.classes[token_length];
        for (int32_t k = 0; k < tokens.count; k++) {
            int32_t token = tokens.tokens[k];
            // A smaller id wins a tie, a larger one must be strictly nearer.
            int32_t limit = token < query.token ? query.distance + 1 : query.distance;
            if (std::max(gap, query.least) >= limit)
                return; // ids ascend: none that follows can win
            int32_t distance = plain_distance(symbols, length, target.symbols_of(token), token_length, limit, row);
            if (distance < limit) {
                query.token = token;
                query.distance = distance;
            }
        }
    };
    for (int32_t gap = 0; gap <= last && gap <= query.distance; gap++) {
        search(length - gap, gap);
        if (gap > 0)
            search(length + gap, gap);
    }
}

void find_chunk(Workspace& workspace, const Tape& source, const int32_t* source_tokens, int32_t n, const Tape& target, const NearestIndex& index,
                int32_t* nearest, int32_t* distance) {
    Arena::Scope scope(workspace.arena);
    int32_t ordinary = 0, open = 0;
    int32_t* positions = workspace.arena.take<int32_t>(n);
    for (int32_t i = 0; i < n; i++) {
        int32_t token = source_tokens[i];
        nearest[i] = -1;
        distance[i] = 0;
        if (source.is_hole(token))
            continue;
        if (source.is_special(token))
            nearest[i] = find_special(source, token, target, index);
        else if (index.longest >= 0)
            positions[ordinary++] = i;
    }
    int32_t* least = workspace.arena.take<int32_t>(ordinary);
    int64_t symbols = 0;
    for (int32_t begin = 0; begin < ordinary; begin += kGuesses) {
        const int32_t count = std::min(kGuesses, ordinary - begin);
        int32_t tokens[kGuesses];
        NearestGuess guesses[kGuesses];
        for (int32_t k = 0; k < count; k++)
            tokens[k] = source_tokens[positions[begin + k]];
        guess_nearest(index, target, source, tokens, count, guesses);
        for (int32_t k = 0; k < count; k++) {
            const int32_t i = positions[begin + k];
            nearest[i] = guesses[k].token;
            distance[i] = guesses[k].distance;
            if (guesses[k].token >= 0)
                continue;
            least[open] = guesses[k].least;
            positions[open++] = i;
            symbols += source.length_of(tokens[k]);
        }
    }
    if (target.alphabet.overflow()) {
        int32_t* row = workspace.arena.take<int32_t>(int64_t{target.longest} + 1);
        for (int32_t k = 0; k < open; k++) {
            int32_t i = positions[k], token = source_tokens[i];
            NearestQuery query{{nullptr, 0}, least[k], -1, INT32_MAX};
            search_plainly(index, source.symbols_of(token), source.length_of(token), target, row, query);
            nearest[i] = query.token;
            distance[i] = query.distance;
        }
        return;
    }
    auto* entries = workspace.arena.take<OpenQuery>(open);
    auto* queries = workspace.arena.take<NearestQuery>(open);
    uint16_t* codes = workspace.arena.take<uint16_t>(symbols);
    for (int32_t k = 0; k < open; k++) {
        int32_t i = positions[k];
        TokenSpan span = translate(source, source_tokens[i], target.alphabet, codes);
        codes += span.length;
        // A symbol that the tape lacks takes an edit of its own.
        int32_t lacking = static_cast<int32_t>(std::count(span.codes, span.codes + span.length, uint16_t{0}));
        entries[k] = {{span, std::max(least[k], lacking), -1, INT32_MAX}, sort_key(span), i};
    }
    std::sort(entries, entries + open, goes_before);
    for (int32_t k = 0; k < open; k++)
        queries[k] = entries[k].query;
    workspace.kernels.nearest(workspace.arena, index, queries, open);
    for (int32_t k = 0; k < open; k++) {
        nearest[entries[k].position] = queries[k].token;
        distance[entries[k].position] = queries[k].distance;
    }
}

} // namespace

void find_nearest(Workspace& workspace, const Tape& source, const int32_t* source_tokens, int64_t n, const Tape& target, int32_t* nearest,
                  int32_t* distance) {
    const NearestIndex& index = target.nearest_index();
    for (int64_t begin = 0; begin < n; begin += kChunk)
        find_chunk(workspace, source, source_tokens + begin, static_cast<int32_t>(std::min(kChunk, n - begin)), target, index, nearest + begin,
                   distance + begin);
}

} // namespace pta
