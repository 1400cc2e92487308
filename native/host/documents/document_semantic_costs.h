// Candidate costs embedding and hybrid (SemanticCosts): from edits to whole hundredths.
#pragma once
#include "host/documents/document_candidates.h"

namespace pta {

// A special token beside one that it does not match.
constexpr uint8_t kSemanticMismatch = 200;

// Turns the edits of every row that transports, in cost or in wide, into costs in cost; wide becomes null. Special tokens are left as they come out.
void blend_costs(const CandidateTask& task, CandidateRow* rows, int64_t count);

} // namespace pta
