// What SPEC A5 refuses in a document's own numbers, found before any work is done on it.
#pragma once
#include <cstdint>
#include <string>

#include "ptakernels.h"

namespace pta {

struct DocumentDataCheck {
    DocumentDataCheck(const pta_vocabulary_pair& pair, const pta_align_options& options);

    // Whether a document whose arrays are valid may be aligned; the reason where it may not and one is wanted.
    bool holds(const pta_document& document, std::string* reason) const;

private:
    struct Side {
        const char* name;
        const pta_tape* texts;
        bool has_holes;
    };
    static Side side_of(const char* name, const pta_tape& texts);
    bool holds(const pta_tokenized_document& view, const Side& side, std::string* reason) const;

    const pta_align_options& options_;
    Side source_, target_;
};

} // namespace pta
