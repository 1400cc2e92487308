#include "host/documents/document_transports.h"

#include <algorithm>

#include "host/transport/transport.h"

namespace pta {

namespace {

template <class T> void describe(TransportBatch<T>& batch, const pta_align_options& options) {
    batch.f = nullptr;
    batch.g = nullptr;
    batch.epsilon = options.epsilon;
    batch.tolerance = options.tolerance;
    batch.rho = options.rho;
    batch.max_iterations = options.max_iterations;
    batch.solver = options.solver;
}

} // namespace

TransportGroups::TransportGroups(const CandidateTask& task, CandidateRow* rows, int64_t count)
    : task_(task), rows_(rows), count_(count), group_of_(task.workspace.arena.take<int32_t>(count)), position_of_(task.workspace.arena.take<int64_t>(count)) {
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        if (!row.active || !row.transports)
            continue;
        row.stride = padded_columns(row.m, *row.state->document, task.settings);
        auto same = [&](const Group& group) { return group.n == row.n && group.stride == row.stride; };
        auto found = std::find_if(groups_.begin(), groups_.end(), same);
        if (found == groups_.end())
            found = groups_.insert(groups_.end(), Group{row.n, row.stride, 0, {}});
        group_of_[r] = static_cast<int32_t>(found - groups_.begin());
        position_of_[r] = found->count++;
    }
    Arena& arena = task.workspace.arena;
    const bool one_sided = task.settings.transport() == PTA_TRANSPORT_SEMI_RELAXED;
    for (Group& group : groups_) {
        int64_t cells = int64_t{group.n} * group.stride;
        describe(group.batch, task.settings.options);
        group.batch.batch = group.count;
        group.batch.n = group.n;
        group.batch.m = group.stride;
        group.batch.cost = arena.take<uint8_t>(group.count * cells);
        group.batch.a = arena.take<double>(group.count * group.n);
        group.batch.b = one_sided ? nullptr : arena.take<double>(group.count * group.stride);
        group.batch.plan = arena.take<double>(group.count * cells);
        group.batch.outcomes = arena.take<TransportOutcome>(group.count);
    }
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        if (!row.active || !row.transports)
            continue;
        const TransportBatch<uint8_t>& batch = groups_[static_cast<size_t>(group_of_[r])].batch;
        int64_t position = position_of_[r], cells = int64_t{row.n} * row.stride;
        row.cost = const_cast<uint8_t*>(batch.cost) + position * cells;
        row.plan = batch.plan + position * cells;
        std::copy(row.mass, row.mass + row.n, const_cast<double*>(batch.a) + position * row.n);
        if (one_sided)
            continue;
        double* b = const_cast<double*>(batch.b) + position * row.stride;
        std::copy(row.column_mass, row.column_mass + row.m, b);
        std::fill(b + row.m, b + row.stride, 0.0);
    }
}

void TransportGroups::solve() {
    int32_t kind = task_.settings.transport();
    for (Group& group : groups_)
        solve_transport(task_.workspace, kind, group.batch);
    for (int64_t r = 0; r < count_; r++) {
        CandidateRow& row = rows_[r];
        if (!row.active || !row.transports)
            continue;
        row.outcome = groups_[static_cast<size_t>(group_of_[r])].batch.outcomes[position_of_[r]];
        if (row.wide != nullptr)
            solve_wide(row, kind);
        if (row.outcome.status == PTA_TRANSPORT_ITERATION_LIMIT && !row.state->refused) {
            char text[256];
            if (kind == PTA_TRANSPORT_UNBALANCED)
                std::snprintf(text, sizeof text, "row %d: the unbalanced transport has no certified plan in float64; use a larger epsilon.", row.target_row);
            else
                std::snprintf(text, sizeof text,
                              "row %d: the official loop has not stopped after %d iterations, where the official code hangs; use transport balanced with mass "
                              "renormalised, or a larger tolerance.",
                              row.target_row, task_.settings.options.max_iterations);
            row.state->refuse(text);
        }
    }
}

// Costs over 254 edits, as numbers.
void TransportGroups::solve_wide(CandidateRow& row, int32_t kind) {
    Arena::Scope scope(task_.workspace.arena);
    int64_t cells = int64_t{row.n} * row.stride;
    double* cost = task_.workspace.arena.take<double>(cells);
    std::copy(row.wide, row.wide + cells, cost);
    const Group& group = groups_[static_cast<size_t>(group_of_[&row - rows_])];
    int64_t position = position_of_[&row - rows_];
    TransportBatch<double> batch;
    describe(batch, task_.settings.options);
    batch.batch = 1;
    batch.n = row.n;
    batch.m = row.stride;
    batch.cost = cost;
    batch.a = group.batch.a + position * row.n;
    batch.b = group.batch.b == nullptr ? nullptr : group.batch.b + position * row.stride;
    batch.plan = row.plan;
    batch.outcomes = &row.outcome;
    solve_transport(task_.workspace, kind, batch);
}

} // namespace pta
