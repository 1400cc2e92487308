#include "host/documents/document_transfer.h"

namespace pta {

namespace {

// What a one-to-one row compares: the target id with the source token's string, and the source token whose map entry counts.
struct StringKey {
    int32_t same;
    int32_t owner;
};

StringKey key_of(const pta_document& document, const OfficialStrings& official, int32_t row, int32_t source_token) {
    // At the first position a byte-level source gets the target's dummy prefix before its key.
    if (row == 0 && official.target_starts_with_marker[static_cast<size_t>(document.target.ids[0])] != 0)
        return {official.prefixed_same_string[static_cast<size_t>(source_token)], official.prefixed_key_owner[static_cast<size_t>(source_token)]};
    return {official.same_string[static_cast<size_t>(source_token)], source_token};
}

} // namespace

void list_string_tokens(const pta_document& document, const OfficialStrings& official, const TokenPairing& pairing, std::vector<int32_t>& tokens) {
    for (int32_t row = 0; row < document.target.length; row++) {
        if (pairing.count_of(row) != 1)
            continue;
        StringKey key = key_of(document, official, row, document.source.ids[pairing.first[row]]);
        if (key.same != document.target.ids[row] && key.owner >= 0 && !official.map.knows(key.owner))
            tokens.push_back(key.owner);
    }
}

void decide_by_string(const pta_document& document, const OfficialStrings& official, const TokenPairing& pairing, StepDecision* decisions) {
    for (int32_t row = 0; row < document.target.length; row++) {
        decisions[row] = StepDecision{};
        if (pairing.count_of(row) != 1) {
            decisions[row].rule = RowRule::kNotOneToOne;
            continue;
        }
        int32_t source_row = pairing.first[row], target_token = document.target.ids[row];
        StringKey key = key_of(document, official, row, document.source.ids[source_row]);
        bool matches = key.same == target_token || (key.owner >= 0 && official.map[key.owner] == target_token);
        decisions[row].rule = matches ? RowRule::kStringTransport : RowRule::kStringMismatch;
        decisions[row].source_row = matches ? source_row : -1;
    }
}

void decide_by_group(const pta_document& document, const TokenPairing& pairing, StepDecision* decisions) {
    for (int32_t row = 0; row < document.target.length; row++) {
        decisions[row] = StepDecision{};
        if (row < document.target.length - 1 && pairing.ends_group(row)) {
            decisions[row].rule = RowRule::kGroup;
            decisions[row].source_row = pairing.last[row];
        }
    }
}

namespace {

// text[s, o) of the source token that contains o; null when the encoder's span is not the token's own text.
const uint8_t* prefix_of(const DocumentState& state, const Vocabulary& vocabulary, int32_t containing) {
    const DocumentSpans& source = state.source_spans;
    int32_t start = source.start(containing), end = source.end(containing);
    if (source.text != nullptr)
        return source.text + start;
    int32_t token = state.document->source.ids[containing];
    bool drops_space = containing == source.first_text && vocabulary.adds_dummy_prefix && vocabulary.starts_with_space(token);
    return vocabulary.length_of(token) - drops_space == end - start ? vocabulary.bytes_of(token) + drops_space : nullptr;
}

} // namespace

void decide_by_boundary(const DocumentState& state, const VocabularyPair& pair, const TextMatch& match, bool with_prefix, StepDecision* decisions) {
    const DocumentSpans &source = state.source_spans, &target = state.target_spans;
    BoundaryWalk walk(source, state.document->source.length);
    int32_t length = state.length();
    for (int32_t row = 0; row < length; row++) {
        StepDecision& decision = decisions[row] = StepDecision{};
        if (row == length - 1)
            continue; // the last row never transfers
        if (row == 0 && source.starts_with_bos && target.starts_with_bos) {
            decision.rule = RowRule::kLeadingBos;
            decision.source_row = 0;
            continue;
        }
        int32_t end = target.end(row);
        int32_t boundary = match.source_boundary(end);
        if (target.start(row) == end || boundary < 0)
            continue; // zero-width tokens never match by offset
        walk.move_to(boundary);
        if (walk.ending() >= 0) {
            decision.rule = RowRule::kBoundary;
            decision.source_row = walk.ending();
        } else if (int32_t containing = walk.containing(); with_prefix && containing > 0) {
            const uint8_t* prefix = prefix_of(state, pair.source, containing);
            if (prefix == nullptr)
                continue;
            decision.rule = RowRule::kPrefix;
            decision.source_row = containing - 1;
            decision.prefix = prefix;
            decision.prefix_length = boundary - source.start(containing);
        }
    }
}

} // namespace pta
