// What SPEC A5 refuses in a document's own numbers, found before any work is done on it.
#pragma once
#include <cstdint>
#include <string>

#include "host/vocabulary_pair.h"
#include "ptakernels.h"

namespace pta {

struct DocumentDataCheck {
    DocumentDataCheck(const pta_vocabulary_pair& pair, const pta_align_options& options) : pair_(pair), options_(options) {}

    // Whether a document whose arrays are valid may be aligned; the reason where it may not and one is wanted.
    bool holds(const pta_document& document, std::string* reason) const;

private:
    bool holds(const pta_tokenized_document& view, const Vocabulary& vocabulary, const char* side, std::string* reason) const;

    const pta_vocabulary_pair& pair_;
    const pta_align_options& options_;
};

} // namespace pta
