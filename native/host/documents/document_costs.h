// Cost matrices of collected rows.
#pragma once
#include "host/documents/document_candidates.h"

namespace pta {

// Fills cost [n, stride] of every row that transports, with edits or with what the options' cost makes of them; and wide where edits over 254 stay what they are,
// or the target's alphabet has no classes.
void compute_costs(const CandidateTask& task, CandidateRow* rows, int64_t count);

} // namespace pta
