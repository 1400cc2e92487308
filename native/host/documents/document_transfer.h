// Step transfer (SPEC A3.2, B 3b.2): which source row each target row receives.
#pragma once
#include <vector>

#include "host/documents/document_boundaries.h"
#include "host/documents/document_pairing.h"
#include "host/documents/document_rows.h"

namespace pta {

// FuseLLM's soft rule: exactly one paired source token, whose string is the same or mapped to the target's. It also transfers the last row, and looks at
// the token, not at where it ends. The map must know list_string_tokens' tokens.
void decide_by_string(const pta_document& document, const OfficialStrings& official, const TokenPairing& pairing, StepDecision* decisions);

// Source tokens whose map entry decide_by_string will read.
void list_string_tokens(const pta_document& document, const OfficialStrings& official, const TokenPairing& pairing, std::vector<int32_t>& tokens);

// The published figure: the last source row of a maximal group of paired tokens goes to its last target row.
void decide_by_group(const pta_document& document, const TokenPairing& pairing, StepDecision* decisions);

// Rules (a) and (b) of SPEC A3.2. Rule (b) only with prefix; its kappa is decided where the candidates are known.
void decide_by_boundary(const DocumentState& state, const VocabularyPair& pair, const TextMatch& match, bool with_prefix, StepDecision* decisions);

} // namespace pta
