#include "host/documents/document_pairing.h"

#include <algorithm>
#include <cstring>

#include "host/tokens/edit_distance.h"

namespace pta {

namespace {

// Distinct ids in order of first appearance, and each position's index among them.
struct DistinctTokens {
    int32_t* tokens;
    int32_t* positions; // [n]
    int32_t count = 0;

    DistinctTokens(Arena& arena, const int32_t* ids, int32_t n) : tokens(arena.take<int32_t>(n)), positions(arena.take<int32_t>(n)) {
        // An open table of at least twice as many slots; an empty slot holds -1.
        int32_t bits = 4;
        while ((int64_t{1} << bits) < 2 * int64_t{n})
            bits++;
        const int64_t slots = int64_t{1} << bits;
        int32_t* slot = arena.take<int32_t>(slots);
        std::memset(slot, 0xFF, static_cast<size_t>(slots) * sizeof(int32_t));
        for (int32_t i = 0; i < n; i++) {
            int64_t at = (static_cast<uint32_t>(ids[i]) * 0x9E3779B1u) >> (32 - bits);
            while (slot[at] >= 0 && tokens[slot[at]] != ids[i])
                at = (at + 1) & (slots - 1);
            if (slot[at] < 0) {
                slot[at] = count;
                tokens[count++] = ids[i];
            }
            positions[i] = slot[at];
        }
    }
};

// Exact path through a finished table, as ranges.
template <class T>
void follow_path(Workspace& workspace, int64_t (*find_path)(Arena&, PathProblem<T>&), const DistinctTokens& source, int32_t n,
                 const DistinctTokens& target, int32_t m, const T* cost, TokenPairing& pairing) {
    int64_t most_steps = int64_t{n} + m - 1;
    PathProblem<T> problem{};
    problem.source = source.positions;
    problem.target = target.positions;
    problem.cost = cost;
    problem.n = n;
    problem.m = m;
    problem.rows = source.count;
    problem.columns = target.count;
    problem.stride = target.count;
    problem.steps = workspace.arena.take<int32_t>(2 * most_steps);
    find_path(workspace.arena, problem);
    std::fill(pairing.first, pairing.first + m, -1);
    for (int64_t s = problem.first; s < most_steps; s++) {
        int32_t i = problem.steps[2 * s], j = problem.steps[2 * s + 1];
        if (pairing.first[j] < 0)
            pairing.first[j] = i;
        pairing.last[j] = i;
    }
}

} // namespace

void pair_tokens(Workspace& workspace, const Tape& source_tape, const int32_t* source, int32_t n, const Tape& target_tape, const int32_t* target, int32_t m,
                 TokenPairing& pairing) {
    Arena::Scope scope(workspace.arena);
    DistinctTokens rows(workspace.arena, source, n), columns(workspace.arena, target, m);
    int64_t cells = int64_t{rows.count} * columns.count;
    uint8_t* narrow = workspace.arena.take<uint8_t>(cells);
    bool unfit = cost_matrix(workspace, source_tape, rows.tokens, rows.count, target_tape, columns.tokens, columns.count, narrow, int64_t{columns.count});
    if (!unfit) {
        follow_path(workspace, workspace.kernels.path_u8, rows, n, columns, m, narrow, pairing);
        return;
    }
    uint16_t* wide = workspace.arena.take<uint16_t>(cells);
    if (cost_matrix(workspace, source_tape, rows.tokens, rows.count, target_tape, columns.tokens, columns.count, wide, int64_t{columns.count}))
        throw_error(PTA_ERROR_DATA, "two tokens are over 65,534 edits apart; remove such a token from the document.");
    follow_path(workspace, workspace.kernels.path_u16, rows, n, columns, m, wide, pairing);
}

} // namespace pta
