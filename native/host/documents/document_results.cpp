#include "host/documents/document_results.h"

#include <algorithm>
#include <limits>

namespace pta {

pta_row empty_row(RowRule rule) {
    return {static_cast<int32_t>(rule), -1, -1, 0, 0, 1, std::numeric_limits<double>::quiet_NaN(), 0};
}

namespace {

void skip_to(DocumentState& state, int32_t row) {
    pta_document& document = *state.document;
    for (; state.next_row < row; state.next_row++) {
        // A decision that came to nothing leaves no rule.
        const StepDecision& decision = state.decisions[state.next_row];
        document.rows[state.next_row] = empty_row(decision.transfers() ? RowRule::kNone : decision.rule);
        document.starts[state.next_row + 1] = static_cast<int32_t>(state.written);
    }
}

} // namespace

void write_row(DocumentState& state, int32_t row, const int32_t* tokens, const double* values, int32_t count, const pta_row& about) {
    pta_document& document = *state.document;
    skip_to(state, row);
    if (state.written + count > std::min<int64_t>(document.capacity, INT32_MAX))
        throw_argument("document %lld: its results need more than the capacity of %lld entries; pta_align_capacity says how many are enough.",
                       static_cast<long long>(state.index), static_cast<long long>(document.capacity));
    std::copy(tokens, tokens + count, document.tokens + state.written);
    std::copy(values, values + count, document.values + state.written);
    state.written += count;
    document.rows[row] = about;
    document.starts[row + 1] = static_cast<int32_t>(state.written);
    state.next_row = row + 1;
}

void finish_rows(DocumentState& state) { skip_to(state, state.length()); }

} // namespace pta
