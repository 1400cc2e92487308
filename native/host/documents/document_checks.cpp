#include "host/documents/document_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pta {

namespace {

// Cells of the largest path table; the managed backend's arrays end there too.
constexpr int64_t kMostPathCells = 0x7FFFFFC7;

void require_tokens(const pta_tokenized_document& view, const Vocabulary& vocabulary, const char* side) {
    for (int32_t t = 0; t < view.length; t++) {
        if (!vocabulary.has_token(view.ids[t]))
            throw_error(PTA_ERROR_DATA, "row %d: %s id %d has no token in its vocabulary of %d ids; use the tokenizer that made the ids.", t, side,
                        view.ids[t], vocabulary.count);
    }
    int64_t entries = static_cast<int64_t>(view.length) * view.k;
    bool outside = false;
    uint32_t count = static_cast<uint32_t>(vocabulary.count);
    for (int64_t i = 0; i < entries; i++)
        outside |= static_cast<uint32_t>(view.indices[i]) >= count;
    if (!outside && !vocabulary.has_holes)
        return;
    for (int64_t i = 0; i < entries; i++) {
        if (!vocabulary.has_token(view.indices[i]))
            throw_error(PTA_ERROR_DATA,
                        "row %d, column %d: %s candidate id %d has no token in its vocabulary of %d ids; leave padded model rows out before taking the top k.",
                        static_cast<int>(i / view.k), static_cast<int>(i % view.k), side, view.indices[i], vocabulary.count);
    }
}

// Every row is a distribution: no NaN, no +Infinity, not -Infinity throughout.
void require_logits(const pta_tokenized_document& view, const char* side) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (int32_t t = 0; t < view.length; t++) {
        const double* row = view.values + static_cast<int64_t>(t) * view.k;
        int32_t usable = 0, finite = 0;
        for (int32_t c = 0; c < view.k; c++) {
            usable += row[c] < infinity; // false for NaN
            finite += row[c] > -infinity;
        }
        if (usable == view.k && finite > 0)
            continue;
        for (int32_t c = 0; c < view.k; c++) {
            if (!(row[c] < infinity))
                throw_error(PTA_ERROR_DATA, "row %d, column %d: %s logit is %s; run the model again for this document.", t, c, side,
                            std::isnan(row[c]) ? "NaN" : "+Infinity");
        }
        throw_error(PTA_ERROR_DATA, "row %d: every %s logit is -Infinity, so the row is no distribution; run the model again for this document.", t, side);
    }
}

void require_log_sum_exp(const pta_tokenized_document& view, const char* side) {
    for (int32_t t = 0; t < view.length; t++) {
        if (!std::isfinite(view.lse[t]))
            throw_error(PTA_ERROR_DATA, "row %d: the %s's log-sum-exp is not finite; run the model again for this document.", t, side);
    }
}

} // namespace

void check_document(const pta_document& document, const VocabularyPair& pair, const AlignSettings& settings) {
    const pta_tokenized_document &source = document.source, &target = document.target;
    require_tokens(source, pair.source, "source");
    require_tokens(target, pair.target, "target");
    if (!settings.reference()) {
        require_logits(source, "source");
        require_logits(target, "target");
    }
    if (!settings.fusion() && static_cast<int64_t>(source.length) * target.length > kMostPathCells)
        throw_error(PTA_ERROR_DATA, "%d source and %d target tokens need a path table of over %lld cells; split the document, or pair it by byte offsets.",
                    source.length, target.length, static_cast<long long>(kMostPathCells));
    if (settings.tail()) {
        if (source.lse == nullptr)
            throw_error(PTA_ERROR_DATA, "the source has no log-sum-exp, which mass tail needs; store it, or use mass renormalised.");
        require_log_sum_exp(source, "source");
        if (target.lse != nullptr)
            require_log_sum_exp(target, "target");
    }
    int32_t k = std::min(source.k, target.k);
    if (settings.reference() && settings.options.window > k)
        throw_error(PTA_ERROR_DATA, "window %d is larger than k (%d source, %d target), where the official code fails; use window %d.",
                    settings.options.window, source.k, target.k, k);
}

} // namespace pta
