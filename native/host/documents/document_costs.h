// Cost matrices of collected rows.
#pragma once
#include "host/documents/document_candidates.h"

namespace pta {

// Fills cost [n, stride] of every row that transports, and wide where a distance is over 254 or the target's alphabet has no classes.
void compute_costs(const CandidateTask& task, CandidateRow* rows, int64_t count);

} // namespace pta
