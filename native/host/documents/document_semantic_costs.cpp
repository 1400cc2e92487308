#include "host/documents/document_semantic_costs.h"

#include <algorithm>

namespace pta {

namespace {

// The costs of two texts that differ by some edits, the longer one having `longer` symbols.
uint8_t blend(int64_t edits, int64_t longer, uint8_t distance, int32_t share) {
    if (edits == 0)
        return 0;
    int64_t text = (200 * edits + longer) / (2 * longer);
    int64_t cost = distance == EmbeddingBlock::kNoVector ? text : ((100 - share) * text + share * distance + 50) / 100;
    return static_cast<uint8_t>(std::max<int64_t>(1, cost));
}

// Rests of tokens are no tokens, and have no vectors.
EmbeddingBlock block_of(const CandidateRow& row) {
    bool has_rests = row.decision().prefix_length > 0;
    return {has_rests ? nullptr : row.tokens, row.columns, row.spans, row.column_spans, row.cost, row.stride, row.n, row.m};
}

// Any lengths and edits, cell by cell.
void blend_plainly(const CandidateTask& task, CandidateRow& row) {
    Arena::Scope scope(task.workspace.arena);
    EmbeddingBlock block = block_of(row);
    block.row_texts = block.column_texts = nullptr;
    block.cost = task.workspace.arena.take<uint8_t>(int64_t{row.n} * row.stride);
    task.workspace.kernels.embedding_costs(task.workspace.arena, task.pair.embeddings->tables(), 0, &block, 1);
    for (int32_t i = 0; i < row.n; i++) {
        for (int32_t j = 0; j < row.m; j++) {
            int32_t at = i * row.stride + j, longer = std::max(row.spans[i].length, row.column_spans[j].length);
            row.cost[at] = blend(row.wide != nullptr ? row.wide[at] : row.cost[at], longer, block.cost[at], task.settings.embedding_share());
        }
        std::fill(row.cost + i * row.stride + row.m, row.cost + (i + 1) * row.stride, uint8_t{0}); // columns behind m
    }
    row.wide = nullptr;
}

} // namespace

void blend_costs(const CandidateTask& task, CandidateRow* rows, int64_t count) {
    Arena::Scope scope(task.workspace.arena);
    EmbeddingBlock* blocks = task.workspace.arena.take<EmbeddingBlock>(count);
    int64_t used = 0;
    bool any_long = std::max(task.pair.source.texts->longest, task.pair.target.texts->longest) > EmbeddingBlock::kLongest;
    for (int64_t r = 0; r < count; r++) {
        if (!rows[r].active || !rows[r].transports)
            continue;
        if (rows[r].wide != nullptr || any_long)
            blend_plainly(task, rows[r]);
        else
            blocks[used++] = block_of(rows[r]);
    }
    task.workspace.kernels.embedding_costs(task.workspace.arena, task.pair.embeddings->tables(), task.settings.embedding_share(), blocks, used);
}

} // namespace pta
