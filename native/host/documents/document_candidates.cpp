#include "host/documents/document_candidates.h"

#include <algorithm>
#include <cstring>

#include "host/documents/document_mass.h"
#include "host/tokens/symbols.h"

namespace pta {

namespace {

// Rule (b) keeps a row only if at least this share of what is known continues the text (SPEC A3.2).
constexpr double kSmallestKappa = 0.3;

// A candidate whose nearest token is that of a text, not of a source token.
struct NearestRequest {
    CandidateRow* row;
    int32_t candidate;
};

struct Requests {
    std::vector<NearestTexts::Query> queries;
    std::vector<NearestRequest> asked_by;
};

// The texts of a row's candidates as classes of the target's alphabet.
class RowTexts {
public:
    explicit RowTexts(const CandidateTask& task)
        : task_(task), alphabet_(task.pair.target.texts->alphabet), has_classes_(!task.pair.target.texts->alphabet.overflow()) {}

    // A token's text without its first bytes; a dropped space is one symbol of its own, a stripped prefix may end inside a character.
    TokenSpan source_span(int32_t token, int32_t skip, bool only_space) const {
        if (!has_classes_)
            return {nullptr, 0};
        TokenSpan whole = task_.pair.texts.span_of(token);
        if (skip == 0)
            return whole;
        if (only_space)
            return {whole.codes + 1, whole.length - 1};
        const uint8_t* text = task_.pair.source.bytes_of(token) + skip;
        int32_t length = task_.pair.source.length_of(token) - skip, symbols = 0;
        uint16_t* codes = task_.workspace.arena.take<uint16_t>(length);
        for (int32_t i = 0, consumed; i < length; i += consumed)
            codes[symbols++] = alphabet_.class_of(decode_symbol(text + i, length - i, consumed));
        return {codes, symbols};
    }

    TokenSpan target_span(int32_t token, bool drops_space) const {
        if (!has_classes_)
            return {nullptr, 0};
        TokenSpan whole = task_.pair.target.texts->span_of(token);
        return drops_space && task_.pair.target.starts_with_space(token) ? TokenSpan{whole.codes + 1, whole.length - 1} : whole;
    }

private:
    const CandidateTask& task_;
    const Alphabet& alphabet_;
    bool has_classes_;
};

// The source side by true texts. False when rule (b) keeps too little: the row has no transfer.
bool collect_rows(const CandidateTask& task, const RowTexts& texts, CandidateRow& row) {
    const Vocabulary& vocabulary = task.pair.source;
    const StepDecision& decision = row.decision();
    const pta_tokenized_document& source = row.state->document->source;
    const int32_t* tokens = source.indices + static_cast<int64_t>(decision.source_row) * source.k;
    int32_t used = task.settings.used(source.k);
    if (task.settings.tail()) {
        double sum = 0;
        for (int32_t c = 0; c < used; c++)
            sum += row.mass[c];
        row.missing = std::max(0.0, 1 - sum);
    }
    bool drops_space = decision.source_row < row.state->source_spans.first_text && vocabulary.adds_dummy_prefix;
    bool has_prefix = decision.prefix_length > 0;
    if (!has_prefix && !drops_space) {
        row.n = used;
        row.skips = nullptr;
        for (int32_t c = 0; c < used; c++) {
            row.tokens[c] = tokens[c];
            row.has_special |= vocabulary.is_special(tokens[c]);
            if (!task.settings.bytes())
                row.spans[c] = texts.source_span(tokens[c], 0, false);
        }
        return true;
    }

    double kept = 0;
    for (int32_t c = 0; c < used; c++) {
        int32_t token = tokens[c];
        bool special = vocabulary.is_special(token);
        int32_t skip = drops_space && !special && vocabulary.starts_with_space(token) ? 1 : 0;
        if (has_prefix) {
            const uint8_t* text = vocabulary.bytes_of(token) + skip;
            if (special || vocabulary.length_of(token) - skip <= decision.prefix_length ||
                std::memcmp(text, decision.prefix, static_cast<size_t>(decision.prefix_length)) != 0)
                continue;
        }
        row.tokens[row.n] = token;
        row.skips[row.n] = skip + (has_prefix ? decision.prefix_length : 0);
        if (!task.settings.bytes())
            row.spans[row.n] = texts.source_span(token, row.skips[row.n], !has_prefix);
        row.mass[row.n] = row.mass[c];
        row.has_special |= special;
        kept += row.mass[c];
        row.n++;
    }
    if (!has_prefix)
        return true;
    // What the candidates miss may or may not continue the text; it stays missing, in proportion.
    double known = kept + row.missing;
    row.kappa = kept > 0 ? kept / known : 0;
    if (!(row.kappa >= kSmallestKappa))
        return false;
    for (int32_t c = 0; c < row.n; c++)
        row.mass[c] /= known;
    row.missing /= known;
    return true;
}

// Each candidate's nearest target token: of the token itself by the map, of a shortened text by a search that is remembered.
void ask_nearest(const CandidateTask& task, CandidateRow& row, Requests& requests) {
    const Vocabulary& source = task.pair.source;
    bool adds_space = row.columns_drop_space;
    for (int32_t c = 0; c < row.n; c++) {
        int32_t token = row.tokens[c];
        if (source.is_special(token) || (row.skips == nullptr && !adds_space)) {
            row.nearest[c] = task.pair.nearest_text[token];
            continue;
        }
        int32_t skip = row.skips == nullptr ? 0 : row.skips[c];
        requests.queries.push_back({source.bytes_of(token) + skip, source.length_of(token) - skip, adds_space, NearestMap::kNone});
        requests.asked_by.push_back({&row, c});
    }
}

// The tokens of D_(s-1) with positive mass, their probabilities as b (SPEC A3.5).
void collect_prior(const pta_document& document, CandidateRow& row) {
    for (int32_t i = document.prior_starts[row.target_row]; i < document.prior_starts[row.target_row + 1] && row.m < kMostCandidates; i++) {
        if (document.prior_values[i] > 0) {
            row.columns[row.m] = document.prior_tokens[i];
            row.column_mass[row.m++] = document.prior_values[i];
        }
    }
}

void normalise(double* mass, int32_t count) {
    double sum = numpy_sum(mass, count);
    for (int32_t j = 0; j < count; j++)
        mass[j] /= sum;
}

// b of transport unbalanced (SPEC A3.4): the target's own probabilities, and what is missing of them shared out among the added columns, none of which
// has more than the least of the target's own.
void share_out(const CandidateTask& task, CandidateRow& row) {
    const pta_tokenized_document& target = row.state->document->target;
    const int32_t own = task.settings.used(target.k);
    std::copy(row.own_mass, row.own_mass + own, row.column_mass);
    double sum = 0, missing = 0;
    for (int32_t c = 0; c < own; c++)
        sum += row.column_mass[c];
    if (task.settings.tail() && target.lse != nullptr)
        missing = std::max(0.0, 1 - sum);
    const double share = row.m == own ? 0 : std::min(row.column_mass[own - 1], std::max(missing, 0.01) / (row.m - own));
    std::fill(row.column_mass + own, row.column_mass + row.m, share);
    normalise(row.column_mass, row.m);
}

// The target side. Semi-relaxed transport has no target marginal, so that its masses are never made.
void collect_columns(const CandidateTask& task, const RowTexts& texts, CandidateRow& row) {
    const pta_document& document = *row.state->document;
    const Vocabulary& vocabulary = task.pair.target;
    if (task.settings.paper() && document.prior_starts != nullptr) {
        collect_prior(document, row);
    } else {
        const int32_t* own = document.target.indices + static_cast<int64_t>(row.target_row) * document.target.k;
        row.m = task.settings.used(document.target.k);
        std::copy(own, own + row.m, row.columns);
    }
    if (task.settings.paper()) {
        normalise(row.column_mass, row.m);
    } else {
        SeenTokens seen;
        for (int32_t c = 0; c < row.m; c++)
            seen.add(row.columns[c]);
        for (int32_t c = 0; c < row.n && row.m < kMostCandidates; c++) {
            int32_t token = row.nearest[c];
            if (token != NearestMap::kNone && !seen.contains(row.columns, row.m, token))
                row.columns[row.m++] = token;
        }
        if (task.settings.unbalanced())
            share_out(task, row);
    }
    for (int32_t c = 0; c < row.m; c++) {
        row.has_special |= vocabulary.is_special(row.columns[c]);
        row.column_spans[c] = texts.target_span(row.columns[c], row.columns_drop_space);
    }
}

} // namespace

int32_t most_columns(const pta_document& document, const AlignSettings& settings) {
    if (settings.bytes())
        return 0;
    if (settings.reference())
        return settings.used(document.target.k);
    if (settings.paper())
        return document.prior_starts != nullptr ? kMostCandidates : settings.used(document.target.k);
    return std::min(kMostCandidates, settings.used(document.target.k) + settings.used(document.source.k));
}

int32_t padded_columns(int32_t m, const pta_document& document, const AlignSettings& settings) {
    if (settings.unbalanced())
        return m + (m & 1); // transports go by shape
    if (settings.fusion() && settings.forms_plans())
        return m; // columns without mass would have some
    if (settings.fusion())
        return m <= 16 ? m : (m + 15) / 16 * 16; // cost blocks are made in tiles of 16
    return settings.paper() && document.prior_starts != nullptr ? m + (m & 1) : m;
}

void collect_texts(const CandidateTask& task, CandidateRow* rows, int64_t count) {
    const AlignSettings& settings = task.settings;
    int64_t values = 0;
    for (int64_t r = 0; r < count; r++)
        values += rows[r].state->document->source.k + rows[r].state->document->target.k + 1;
    MassRows masses(task.workspace.arena, values);
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        const pta_tokenized_document &source = row.state->document->source, &target = row.state->document->target;
        int32_t source_row = row.decision().source_row;
        const double* logits = source.values + static_cast<int64_t>(source_row) * source.k;
        row.mass = settings.tail() ? masses.add_probabilities(logits, settings.used(source.k), source.lse[source_row])
                                   : masses.add_softmax(logits, settings.used(source.k), settings.options.temperature);
        const double* own = target.values + static_cast<int64_t>(row.target_row) * target.k;
        if (settings.bytes())
            row.column_mass = masses.add_weights(own, settings.used(target.k), settings.options.temperature);
        if (settings.unbalanced())
            row.own_mass = settings.tail() && target.lse != nullptr ? masses.add_probabilities(own, settings.used(target.k), target.lse[row.target_row])
                                                                    : masses.add_softmax(own, settings.used(target.k), settings.options.temperature);
        if (settings.paper() && row.state->document->prior_starts == nullptr)
            row.column_mass = masses.add_softmax(own, settings.used(target.k), settings.options.temperature);
    }
    masses.finish(task.workspace.kernels);

    RowTexts texts(task);
    Requests requests;
    for (int64_t r = 0; r < count; r++) {
        CandidateRow& row = rows[r];
        row.rule = row.decision().rule;
        row.columns_drop_space = row.target_row < row.state->target_spans.first_text && task.pair.target.adds_dummy_prefix;
        row.active = collect_rows(task, texts, row);
        if (!row.active)
            continue;
        if (row.nearest != nullptr)
            ask_nearest(task, row, requests);
        else if (!settings.bytes())
            collect_columns(task, texts, row);
    }
    task.pair.nearest_rest.find(task.workspace, *task.pair.target.texts, requests.queries.data(), static_cast<int64_t>(requests.queries.size()));
    for (size_t i = 0; i < requests.queries.size(); i++)
        requests.asked_by[i].row->nearest[requests.asked_by[i].candidate] = requests.queries[i].nearest;
    if (settings.bytes())
        return; // no columns
    for (int64_t r = 0; r < count; r++) {
        if (rows[r].active && rows[r].nearest != nullptr)
            collect_columns(task, texts, rows[r]);
        rows[r].active = rows[r].active && rows[r].m > 0; // a prior's masked row offers no column
    }
}

} // namespace pta
