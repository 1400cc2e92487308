#include "host/documents/document_costs.h"

#include <algorithm>
#include <vector>

#include "host/documents/document_semantic_costs.h"
#include "host/tokens/symbols.h"
#include "host/tokens/edit_distance.h"

namespace pta {

namespace {

const Tape& row_tape(const CandidateTask& task) {
    return task.settings.reference() ? *task.pair.official->target_without_source_marker : *task.pair.source.texts;
}

const Tape& column_tape(const CandidateTask& task) {
    return task.settings.reference() ? *task.pair.official->target_stripped : *task.pair.target.texts;
}

// Where one side is special the kernels' distance means nothing.
void compare_specials(const Tape& source, const Tape& target, uint8_t mismatch, CandidateRow& row) {
    for (int32_t i = 0; i < row.n; i++) {
        for (int32_t j = 0; j < row.m; j++) {
            if (source.is_special(row.tokens[i]) || target.is_special(row.columns[j]))
                row.cost[i * row.stride + j] = specials_match(source, row.tokens[i], target, row.columns[j]) ? 0 : mismatch;
        }
    }
}

// The candidates of one side as a tape of their own.
class SmallTape {
public:
    void add(const Tape& tape, int32_t token, const Vocabulary* vocabulary, int32_t skip) {
        if (skip > 0 && !tape.is_special(token))
            append_symbols(vocabulary->bytes_of(token) + skip, vocabulary->length_of(token) - skip, symbols_);
        else
            symbols_.insert(symbols_.end(), tape.symbols_of(token), tape.symbols_of(token) + tape.length_of(token));
        offsets_.push_back(static_cast<int32_t>(symbols_.size()));
        roles_.push_back(tape.roles_of(token));
    }

    pta_tape_view view() const {
        return {sizeof(pta_tape_view), static_cast<int32_t>(roles_.size()), symbols_.data(), offsets_.data(), roles_.data()};
    }

private:
    std::vector<int32_t> symbols_, offsets_{0};
    std::vector<uint8_t> roles_;
};

// Any distances, symbol by symbol where there are no classes: for the few rows that the kernels cannot serve.
void compute_wide(const CandidateTask& task, CandidateRow& row) {
    const Tape &source = row_tape(task), &target = column_tape(task);
    SmallTape row_texts, column_texts;
    for (int32_t i = 0; i < row.n; i++)
        row_texts.add(source, row.tokens[i], &task.pair.source, row.skips == nullptr ? 0 : row.skips[i]);
    for (int32_t j = 0; j < row.m; j++)
        column_texts.add(target, row.columns[j], &task.pair.target, row.columns_drop_space && task.pair.target.starts_with_space(row.columns[j]));
    Tape rows(row_texts.view()), columns(column_texts.view());
    int32_t ids[kMostCandidates];
    for (int32_t i = 0; i < kMostCandidates; i++)
        ids[i] = i;
    row.wide = task.workspace.arena.take<uint16_t>(int64_t{row.n} * row.stride);
    std::fill(row.wide, row.wide + int64_t{row.n} * row.stride, uint16_t{0}); // columns behind m
    cost_matrix(task.workspace, rows, ids, row.n, columns, ids, row.m, row.wide, int64_t{row.stride});
    if (target.alphabet.overflow()) { // nobody knew the lengths
        for (int32_t i = 0; i < row.n; i++)
            row.spans[i] = {nullptr, rows.length_of(i)};
        for (int32_t j = 0; j < row.m; j++)
            row.column_spans[j] = {nullptr, columns.length_of(j)};
    }
}

// Edits of all rows, in cost or in wide; those of special tokens mean nothing in cost.
void count_edits(const CandidateTask& task, CandidateRow* rows, int64_t count) {
    const Tape& target = column_tape(task);
    if (target.alphabet.overflow()) {
        for (int64_t r = 0; r < count; r++) {
            if (rows[r].active && rows[r].transports)
                compute_wide(task, rows[r]);
        }
        return;
    }
    // In order of their widths: a kernel prepares itself for each new one.
    int64_t first[kMostStride + 2] = {};
    for (int64_t r = 0; r < count; r++)
        first[rows[r].active && rows[r].transports ? rows[r].stride + 1 : 0]++;
    int64_t used = count - first[0];
    first[0] = 0;
    for (int32_t stride = 1; stride <= kMostStride; stride++)
        first[stride] += first[stride - 1];
    CostBlock* blocks = task.workspace.arena.take<CostBlock>(used);
    CandidateRow** row_of = task.workspace.arena.take<CandidateRow*>(used);
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        if (!row.active || !row.transports)
            continue;
        for (int32_t j = row.m; j < row.stride; j++)
            row.column_spans[j] = {target.codes.data(), 0};
        int64_t at = first[row.stride]++;
        row_of[at] = &row;
        blocks[at] = {row.spans, row.column_spans, row.cost, row.n, row.stride, false};
    }
    task.workspace.kernels.distance_blocks(task.workspace.arena, blocks, used, target.alphabet.size());
    for (int64_t b = 0; b < used; b++) {
        row_of[b]->wide = nullptr;
        if (blocks[b].range)
            compute_wide(task, *row_of[b]);
    }
}

} // namespace

void compute_costs(const CandidateTask& task, CandidateRow* rows, int64_t count) {
    count_edits(task, rows, count);
    if (task.settings.semantic())
        blend_costs(task, rows, count);
    uint8_t mismatch = task.settings.semantic() ? kSemanticMismatch : static_cast<uint8_t>(kSpecialMismatch);
    for (int64_t r = 0; r < count; r++) {
        if (rows[r].active && rows[r].transports && rows[r].has_special && rows[r].wide == nullptr)
            compare_specials(row_tape(task), column_tape(task), mismatch, rows[r]);
    }
}

} // namespace pta
