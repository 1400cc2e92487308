// Whole documents, fused.
#pragma once
#include "host/tape.h"
#include "host/workspace.h"
#include "ptakernels.h"

namespace pta {

// Aligns documents whose pointers, lengths and ids c_api has checked. True if every one was aligned; a refused one has status PTA_ERROR_DATA, and
// first_error receives the sentence about the first of them.
bool align_documents(Workspace& workspace, pta_vocabulary_pair& pair, const pta_align_options& options, pta_document* documents, int64_t count,
                     std::string& first_error);

} // namespace pta
