// The byte span of each token of a document (SPEC A3.1).
#pragma once
#include "host/arena.h"
#include "host/documents/document_rows.h"

namespace pta {

// The encoder's spans where given, else cumulative decoded lengths without the dummy prefix, whose memory is the arena's.
// Throws Error(PTA_ERROR_DATA) if given spans do not ascend.
DocumentSpans spans_of(Arena& arena, const pta_tokenized_document& view, const Vocabulary& vocabulary, const char* side);

// Throws if given spans do not ascend.
void require_ascending(const pta_tokenized_document& view, const char* side);

} // namespace pta
