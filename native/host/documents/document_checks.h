// Bad input of SPEC A5 that can be seen in one document, found before any work is done on it.
#pragma once
#include "host/documents/document_rows.h"

namespace pta {

// Throws Error(PTA_ERROR_DATA) with the first thing that is wrong: side, row, column, what to do. Preset reference lets NaN logits through because the
// official code does.
void check_document(const pta_document& document, const VocabularyPair& pair, const AlignSettings& settings);

} // namespace pta
