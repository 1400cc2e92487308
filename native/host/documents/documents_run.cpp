#include "host/documents/documents_run.h"

#include <time.h>

#include <algorithm>
#include <limits>

#include "host/documents/document_boundaries.h"
#include "host/documents/document_checks.h"
#include "host/documents/document_costs.h"
#include "host/documents/document_mass.h"
#include "host/documents/document_pairing.h"
#include "host/documents/document_results.h"
#include "host/documents/document_spans.h"
#include "host/documents/document_transfer.h"
#include "host/documents/document_transports.h"

namespace pta {

namespace {

// Rows that go through candidates, transport and projection together: enough to fill every lane, few enough that their plans stay in the second-level cache.
constexpr int64_t kMostRows = 512;
constexpr int64_t kMostCells = int64_t{1} << 16;

int32_t column_room(const pta_document& document, const AlignSettings& settings) {
    return padded_columns(most_columns(document, settings), document, settings);
}

int64_t nanoseconds() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

} // namespace

DocumentsRun::DocumentsRun(Workspace& workspace, VocabularyPair& pair, const AlignSettings& settings)
    : workspace_(workspace), pair_(pair), settings_(settings), task_{workspace, pair, settings}, semi_relaxed_(settings.options.epsilon), bytes_(workspace.kernels, pair, settings) {}

void DocumentsRun::lap(AlignStage stage) {
    int64_t now = nanoseconds();
    seconds_[static_cast<int>(stage)] += static_cast<double>(now - clock_) * 1e-9;
    clock_ = now;
}

void DocumentsRun::align(DocumentState* documents, int64_t count) {
    Arena::Scope scope(workspace_.arena);
    std::fill(seconds_, seconds_ + 5, 0.0);
    clock_ = nanoseconds();
    for (int64_t d = 0; d < count; d++)
        check(documents[d]);
    decide(documents, count);
    lap(AlignStage::kPairing);
    resolve_nearest(documents, count);
    lap(AlignStage::kMapping);

    int64_t transfers = 0, length = 0;
    for (int64_t d = 0; d < count; d++) {
        length += documents[d].length();
        for (int32_t t = 0; t < documents[d].length() && !documents[d].refused; t++)
            transfers += documents[d].decisions[t].transfers();
    }
    CandidateRow* rows = workspace_.arena.take<CandidateRow>(std::min(transfers, kMostRows));
    int64_t used = 0, cells = 0;
    for (int64_t d = 0; d < count; d++) {
        DocumentState& state = documents[d];
        int64_t row_cells = int64_t{settings_.used(state.document->source.k)} * column_room(*state.document, settings_);
        for (int32_t t = 0; t < state.length() && !state.refused; t++) {
            if (!state.decisions[t].transfers())
                continue;
            if (used == kMostRows || (used > 0 && cells + row_cells > kMostCells)) {
                align_rows(rows, used);
                used = cells = 0;
            }
            CandidateRow& row = *new (rows + used++) CandidateRow{};
            row.state = &state;
            row.target_row = t;
            cells += row_cells;
        }
    }
    align_rows(rows, used);
    for (int64_t d = 0; d < count; d++) {
        if (!documents[d].refused)
            finish_rows(documents[d]);
    }
    lap(AlignStage::kProjection);
    // The stages took all documents at once; each gets its share by length.
    for (int64_t d = 0; d < count; d++) {
        for (int stage = 0; stage < 5; stage++)
            documents[d].document->seconds[stage] = seconds_[stage] * documents[d].length() / static_cast<double>(length);
    }
}

// What can be seen before any work is done, and the spans of both texts.
void DocumentsRun::check(DocumentState& state) {
    pta_document& document = *state.document;
    document.status = PTA_OK;
    document.repaired = 0;
    document.ties = 0;
    document.starts[0] = 0;
    state.decisions = workspace_.arena.take<StepDecision>(state.length());
    try {
        check_document(document, pair_, settings_);
        if (settings_.reference()) { // the official code never looks at the text
            require_ascending(document.source, "source");
            require_ascending(document.target, "target");
            return;
        }
        state.source_spans = spans_of(workspace_.arena, document.source, pair_.source, "source");
        state.target_spans = spans_of(workspace_.arena, document.target, pair_.target, "target");
    } catch (const Error& error) {
        if (error.status != PTA_ERROR_DATA)
            throw;
        state.refuse(error.what());
    }
}

// Pairing and step transfer: which source row each target row receives.
void DocumentsRun::decide(DocumentState* documents, int64_t count) {
    TokenPairing* pairings = workspace_.arena.take<TokenPairing>(count);
    tokens_.clear();
    for (int64_t d = 0; d < count; d++) {
        DocumentState& state = documents[d];
        pta_document& document = *state.document;
        if (state.refused)
            continue;
        try {
            TextMatch match;
            if (!settings_.reference()) {
                match = match_texts(workspace_.arena, state.source_spans, state.target_spans);
                document.repaired = match.exact() ? 0 : 1;
            }
            if (settings_.fusion()) {
                decide_by_boundary(state, pair_, match, !settings_.boundary_only(), state.decisions);
                continue;
            }
            const Tape& source = settings_.reference() ? *pair_.official->source_stripped : *pair_.source.texts;
            const Tape& target = settings_.reference() ? *pair_.official->target_stripped : *pair_.target.texts;
            TokenPairing& pairing = pairings[d];
            pairing = {workspace_.arena.take<int32_t>(state.length()), workspace_.arena.take<int32_t>(state.length()), state.length()};
            pair_tokens(workspace_, source, document.source.ids, document.source.length, target, document.target.ids, state.length(), pairing);
            if (settings_.paper())
                decide_by_group(document, pairing, state.decisions);
            else
                list_string_tokens(document, *pair_.official, pairing, tokens_);
        } catch (const Error& error) {
            if (error.status != PTA_ERROR_DATA)
                throw;
            state.refuse(error.what());
        }
    }
    if (!settings_.reference())
        return;
    pair_.official->map.resolve(workspace_, tokens_);
    for (int64_t d = 0; d < count; d++) {
        if (!documents[d].refused)
            decide_by_string(*documents[d].document, *pair_.official, pairings[d], documents[d].decisions);
    }
}

// Nearest tokens of every candidate that a later stage will ask for.
void DocumentsRun::resolve_nearest(const DocumentState* documents, int64_t count) {
    auto resolve = [&](NearestMap& map, bool only_special) {
        tokens_.clear();
        for (int64_t d = 0; d < count; d++) {
            const pta_tokenized_document& source = documents[d].document->source;
            for (int32_t t = 0; t < documents[d].length() && !documents[d].refused; t++) {
                if (!documents[d].decisions[t].transfers())
                    continue;
                const int32_t* row = source.indices + int64_t{documents[d].decisions[t].source_row} * source.k;
                for (int32_t c = 0; c < source.k; c++) {
                    if (!map.knows(row[c]) && (!only_special || pair_.source.is_special(row[c])))
                        tokens_.push_back(row[c]);
                }
            }
        }
        map.resolve(workspace_, tokens_);
    };
    if (settings_.reference())
        resolve(pair_.official->map, false);
    if (settings_.signal() || settings_.fusion())
        resolve(pair_.nearest_text, settings_.bytes() && !settings_.signal());
}

// Candidates, costs, transport and projection of some rows, in the order of their documents.
void DocumentsRun::align_rows(CandidateRow* rows, int64_t count) {
    if (count == 0)
        return;
    Arena& arena = workspace_.arena;
    Arena::Scope scope(arena);
    int64_t sources = 0, targets = 0, cells = 0;
    for (int64_t r = 0; r < count; r++) {
        int32_t k = rows[r].state->document->source.k, m = column_room(*rows[r].state->document, settings_);
        sources += k;
        targets += m;
        cells += int64_t{k} * m;
    }
    int32_t* tokens = arena.take<int32_t>(3 * sources);
    TokenSpan* spans = arena.take<TokenSpan>(sources + targets);
    double* logits = arena.take<double>(sources);
    int32_t* columns = arena.take<int32_t>(targets);
    double* column_mass = arena.take<double>(targets);
    const ByteFit** fits = settings_.bytes() ? arena.take<const ByteFit*>(sources) : nullptr;
    uint8_t* cost = settings_.columns_are_nearest() && !settings_.forms_plans() ? arena.take<uint8_t>(cells + kMostCandidates) : nullptr; // the others' stand in their batches
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        int32_t k = row.state->document->source.k, m = column_room(*row.state->document, settings_);
        row.tokens = tokens;
        row.skips = tokens + k;
        row.nearest = settings_.signal() || settings_.columns_are_nearest() ? tokens + 2 * k : nullptr;
        row.spans = spans;
        row.column_spans = spans + k;
        row.fits = fits;
        row.logits = logits;
        row.columns = columns;
        row.column_mass = column_mass;
        row.cost = cost;
        tokens += 3 * k;
        spans += k + m;
        fits = fits == nullptr ? nullptr : fits + k;
        logits += k;
        columns += m;
        column_mass += m;
        cost = cost == nullptr ? nullptr : cost + int64_t{k} * m;
    }

    if (settings_.reference())
        collect_mapped(task_, rows, count);
    else
        collect_texts(task_, rows, count);
    for (int64_t r = 0; r < count; r++)
        rows[r].active = rows[r].active && !rows[r].state->refused;
    if (settings_.bytes()) {
        bytes_.find_fits(rows, count);
        lap(AlignStage::kCandidates);
        finish_text_rows(rows, count);
        return;
    }
    if (!settings_.forms_plans()) {
        for (int64_t r = 0; r < count; r++)
            rows[r].stride = padded_columns(rows[r].m, *rows[r].state->document, settings_);
        compute_costs(task_, rows, count);
        lap(AlignStage::kCandidates);
        finish_text_rows(rows, count);
        return;
    }
    TransportGroups transports(task_, rows, count);
    compute_costs(task_, rows, count);
    lap(AlignStage::kCandidates);
    transports.solve();
    lap(AlignStage::kTransport);
    if (settings_.reference())
        finish_reference_rows(rows, count);
    else
        finish_text_rows(rows, count);
}

namespace {

pta_row about(const CandidateRow& row) {
    pta_row result = empty_row(row.rule);
    result.source_row = row.decision().source_row;
    result.missing = row.missing;
    result.kappa = row.kappa;
    result.transport_status = row.outcome.status;
    result.iterations = row.outcome.iterations;
    result.marginal_error = row.outcome.marginal_error;
    return result;
}

} // namespace

// Preset reference: masses in order of first appearance, or the mapped candidates' logits as they are (SPEC B 3b.3, O9).
void DocumentsRun::finish_reference_rows(CandidateRow* rows, int64_t count) {
    FusedRow fused, source;
    int64_t values = 0;
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        DocumentState& state = *row.state;
        if (state.refused)
            continue;
        fused.clear();
        if (row.transports) {
            state.document->ties += project_top1(workspace_.kernels, row, 0, fused); // the official argmax is strict
            if (fused.has_non_finite())
                row.rule = RowRule::kSoftNotFinite;
        }
        if (row.rule == RowRule::kStringTransport)
            write_row(state, row.target_row, fused.tokens, fused.masses, fused.count, about(row));
        else
            write_row(state, row.target_row, row.tokens, row.logits, row.mapped, about(row));
        values += state.document->starts[row.target_row + 1] - state.document->starts[row.target_row];
    }
    if (settings_.signal()) {
        // The official collator takes the softmax of whatever stands in a row (O8).
        MassRows seen(workspace_.arena, values);
        const double** probabilities = workspace_.arena.take<const double*>(count);
        for (int64_t r = 0; r < count; r++) {
            const pta_document& document = *rows[r].state->document;
            int32_t first = rows[r].state->refused ? 0 : document.starts[rows[r].target_row];
            if (!rows[r].state->refused)
                probabilities[r] = seen.add_softmax(document.values + first, document.starts[rows[r].target_row + 1] - first, 1);
        }
        seen.finish(workspace_.kernels);
        for (int64_t r = 0; r < count; r++) {
            const CandidateRow& row = rows[r];
            pta_document& document = *row.state->document;
            if (row.state->refused)
                continue;
            source.clear();
            for (int32_t c = 0; c < document.source.k; c++) {
                int32_t nearest = pair_.nearest_text[document.source.indices[int64_t{row.decision().source_row} * document.source.k + c]];
                if (nearest != NearestMap::kNone)
                    source.add(nearest, row.whole_mass[c]);
            }
            int32_t first = document.starts[row.target_row];
            document.rows[row.target_row].signal = signal_kept(source, document.tokens + first, probabilities[r], document.starts[row.target_row + 1] - first);
        }
    }
    lap(AlignStage::kProjection);
}

// Presets paper and fusion: probabilities, heaviest first.
void DocumentsRun::finish_text_rows(CandidateRow* rows, int64_t count) {
    FusedRow fused, source;
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        DocumentState& state = *row.state;
        if (settings_.bytes())
            bytes_.prefetch(r + 1 < count ? rows + r + 1 : nullptr, r + 2 < count ? rows + r + 2 : nullptr);
        if (!row.active || state.refused)
            continue;
        fused.clear();
        double all = 0;
        if (settings_.bytes()) {
            all = bytes_.project(row, settings_.kept(state.document->target.k), fused);
        } else if (!settings_.forms_plans()) {
            state.document->ties += semi_relaxed_.project(workspace_.kernels, row, fused);
            row.outcome = {0, PTA_TRANSPORT_CONVERGED, 0};
        } else {
            state.document->ties += project_plan(workspace_.kernels, row, settings_.options, fused);
        }
        if (fused.has_non_finite() || !fused.has_mass())
            continue;
        row.missing = fused.finish(1 - row.missing, settings_.kept(state.document->target.k), settings_.tail(), settings_.bytes() ? &all : nullptr);
        pta_row result = about(row);
        if (settings_.signal()) {
            source.clear();
            for (int32_t c = 0; c < row.n; c++) {
                if (row.nearest[c] != NearestMap::kNone)
                    source.add(row.nearest[c], row.mass[c]);
            }
            result.signal = signal_kept(source, fused.tokens, fused.masses, fused.count);
        }
        write_row(state, row.target_row, fused.tokens, fused.masses, fused.count, result);
    }
    lap(AlignStage::kProjection);
}

} // namespace pta
