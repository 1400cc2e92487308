// Whole documents, fused.
#pragma once
#include <string>

#include "host/documents/vocabulary_pair.h"
#include "host/workspace.h"
#include "ptakernels.h"

namespace pta {

// Aligns documents whose pointers and lengths c_api has checked. True if every one was aligned; a refused one has status PTA_ERROR_DATA, and
// first_error receives the sentence about the first of them. Ids that lie outside their vocabulary are a refused document too.
bool align_documents(Workspace& workspace, pta_vocabulary_pair& pair, const pta_align_options& options, pta_document* documents, int64_t count,
                     std::string& first_error);

// Entries that the results of a document of this target length can need at most. Options as align_documents takes them.
int64_t align_capacity(const pta_align_options& options, int32_t target_length, int32_t source_k, int32_t target_k);

} // namespace pta
