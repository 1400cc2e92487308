// FuseLLM's candidate list (SPEC B 3b.2) and the official masses (O6).
#include "host/documents/document_candidates.h"
#include "host/documents/document_mass.h"

namespace pta {

namespace {

// The source row's tokens replaced by mapped target tokens, in the row's order; the first of duplicates stays, so the one with the largest logit.
void map_candidates(const OfficialStrings& official, CandidateRow& row) {
    const pta_tokenized_document& source = row.state->document->source;
    int64_t first = static_cast<int64_t>(row.decision().source_row) * source.k;
    SeenTokens seen;
    for (int32_t c = 0; c < source.k; c++) {
        int32_t target = official.map[source.indices[first + c]];
        if (target == NearestMap::kNone)
            throw_error(PTA_ERROR_DATA, "row %d, column %d: source token %d is not in the vocabulary map; make the map from the same tokenizers.",
                        row.decision().source_row, c, source.indices[first + c]);
        if (target == NearestMap::kOutside || seen.contains(row.tokens, row.mapped, target))
            continue;
        row.tokens[row.mapped] = target;
        row.logits[row.mapped++] = source.values[first + c];
    }
}

} // namespace

void collect_mapped(const CandidateTask& task, CandidateRow* rows, int64_t count) {
    const AlignSettings& settings = task.settings;
    const OfficialStrings& official = *task.pair.official;
    int64_t values = 0;
    for (int64_t r = 0; r < count; r++)
        values += rows[r].state->document->source.k + rows[r].state->document->target.k;
    MassRows masses(task.workspace.arena, values);
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        if (row.state->refused)
            continue;
        const pta_tokenized_document &source = row.state->document->source, &target = row.state->document->target;
        try {
            map_candidates(official, row);
        } catch (const Error& error) {
            row.state->refuse(error.what());
            continue;
        }
        int32_t window = settings.used(source.k);
        row.m = settings.used(target.k);
        row.transports = row.mapped >= window && row.m >= window;
        row.rule = row.transports ? RowRule::kStringTransport : RowRule::kSoft;
        // Over all k, then cut to the window and not renormalised.
        if (row.transports || settings.signal())
            row.whole_mass = masses.add_softmax(source.values + static_cast<int64_t>(row.decision().source_row) * source.k, source.k, settings.options.temperature);
        if (!row.transports)
            continue;
        row.n = window;
        row.mass = row.whole_mass;
        row.column_mass = masses.add_softmax(target.values + static_cast<int64_t>(row.target_row) * target.k, target.k, settings.options.temperature);
        row.columns = const_cast<int32_t*>(target.indices) + static_cast<int64_t>(row.target_row) * target.k;
        if (official.target_stripped->alphabet.overflow())
            continue;
        for (int32_t c = 0; c < row.n; c++)
            row.spans[c] = official.candidates.span_of(row.tokens[c]);
        for (int32_t c = 0; c < row.m; c++)
            row.column_spans[c] = official.target_stripped->span_of(row.columns[c]);
    }
    masses.finish(task.workspace.kernels);
}

} // namespace pta
