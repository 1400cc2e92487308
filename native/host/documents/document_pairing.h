// Which source positions each target position is paired with (paper Eq 1, SPEC B 3b.1).
#pragma once
#include "host/documents/document_rows.h"
#include "host/workspace.h"

namespace pta {

// For each target position an unbroken range of source positions: alignment paths are monotone and leave none out.
struct TokenPairing {
    int32_t* first; // [target length]
    int32_t* last;  // [target length]
    int32_t length;

    int32_t count_of(int32_t target) const { return last[target] - first[target] + 1; }

    // Whether a position is the last of its maximal group of paired tokens: the next one shares no source position with it.
    bool ends_group(int32_t target) const { return target + 1 == length || first[target + 1] > last[target]; }
};

// Dynamic time warping over the costs between the distinct tokens of two documents, about 1/22 of all position pairs on real text.
// Fills a pairing whose arrays are the caller's. Throws Error(PTA_ERROR_DATA) if two tokens are over 65,534 edits apart.
void pair_tokens(Workspace& workspace, const Tape& source_tape, const int32_t* source, int32_t n, const Tape& target_tape, const int32_t* target, int32_t m,
                 TokenPairing& pairing);

} // namespace pta
