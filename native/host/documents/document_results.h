// The caller's result buffers, filled in row order.
#pragma once
#include "host/documents/document_rows.h"

namespace pta {

// What a row says of itself where nothing was transferred.
pta_row empty_row(RowRule rule);

// Appends one row after empty ones for all rows before it that were not written. Throws if the buffers are too small.
void write_row(DocumentState& state, int32_t row, const int32_t* tokens, const double* values, int32_t count, const pta_row& about);

// Empty rows up to the end.
void finish_rows(DocumentState& state);

} // namespace pta
