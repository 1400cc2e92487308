#include "c_api_document_data.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "c_api.h"
#include "host/tape.h"
#include "host/vocabulary_pair.h"

namespace pta {

namespace {

__attribute__((format(printf, 2, 3))) bool refuse(std::string* reason, const char* format, ...) {
    if (reason != nullptr) {
        char text[256];
        va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        *reason = text;
    }
    return false;
}

// The first id without a token, or -1.
int64_t first_without_token(const int32_t* ids, int64_t count, const Tape& texts, bool has_holes) {
    int64_t at = first_outside(ids, count, texts.count);
    for (int64_t i = 0, end = at < 0 ? count : at; has_holes && i < end; i++) {
        if (texts.is_hole(ids[i]))
            return i;
    }
    return at;
}

// The first logit that is NaN or +infinity, or -1.
int64_t first_unusable(const double* values, int64_t count) {
    constexpr int64_t kBlock = 128;
    for (int64_t start = 0; start < count; start += kBlock) {
        int64_t end = std::min(start + kBlock, count), usable = 0;
        for (int64_t i = start; i < end; i++)
            usable += values[i] < HUGE_VAL;
        for (int64_t i = start; usable != end - start && i < end; i++) {
            if (!(values[i] < HUGE_VAL))
                return i;
        }
    }
    return -1;
}

// The first row whose logits are all -infinity, or -1. Rows come best first, so one look is enough for nearly all.
int64_t first_empty_row(const double* values, int32_t rows, int32_t k) {
    for (int32_t t = 0; t < rows; t++) {
        const double* row = values + int64_t{t} * k;
        if (row[0] == -HUGE_VAL && std::all_of(row, row + k, [](double v) { return v == -HUGE_VAL; }))
            return t;
    }
    return -1;
}

// The first span that does not follow the one before it, or -1.
int64_t first_unordered(const int32_t* spans, int32_t count) {
    int32_t last = 0;
    for (int32_t t = 0; t < count; t++) {
        if (spans[2 * t] < last || spans[2 * t + 1] < spans[2 * t])
            return t;
        last = spans[2 * t + 1];
    }
    return -1;
}

} // namespace

DocumentDataCheck::Side DocumentDataCheck::side_of(const char* name, const pta_tape& texts) {
    uint8_t any = 0;
    for (uint8_t roles : texts.roles)
        any |= roles;
    return {name, &texts, (any & PTA_ROLE_HOLE) != 0};
}

DocumentDataCheck::DocumentDataCheck(const pta_vocabulary_pair& pair, const pta_align_options& options)
    : options_(options), source_(side_of("source", pair_source_texts(pair))), target_(side_of("target", pair_target_texts(pair))) {}

bool DocumentDataCheck::holds(const pta_document& document, std::string* reason) const {
    int32_t k = std::min(document.source.k, document.target.k);
    if (options_.preset == PTA_PRESET_REFERENCE && options_.window > k)
        return refuse(reason, "options.window is %d, more than the %d candidates of a row, where the official code fails.", options_.window, k);
    if (options_.preset == PTA_PRESET_FUSION && options_.mass == PTA_MASS_TAIL && document.source.lse == nullptr)
        return refuse(reason, "source.lse is null; mass tail needs every row's log-sum-exp.");
    return holds(document.source, source_, reason) && holds(document.target, target_, reason);
}

bool DocumentDataCheck::holds(const pta_tokenized_document& view, const Side& side, std::string* reason) const {
    int64_t candidates = int64_t{view.length} * view.k;
    int64_t at = first_without_token(view.ids, view.length, *side.texts, side.has_holes);
    if (at >= 0)
        return refuse(reason, "row %lld: %s id %d has no token.", static_cast<long long>(at), side.name, view.ids[at]);
    at = first_without_token(view.indices, candidates, *side.texts, side.has_holes);
    if (at >= 0)
        return refuse(reason, "row %lld, column %lld: %s candidate id %d has no token.", static_cast<long long>(at / view.k),
                      static_cast<long long>(at % view.k), side.name, view.indices[at]);
    at = view.spans == nullptr ? -1 : first_unordered(view.spans, view.length);
    if (at >= 0)
        return refuse(reason, "row %lld: the %s's byte span does not follow the one before it.", static_cast<long long>(at), side.name);
    if (options_.preset == PTA_PRESET_REFERENCE)
        return true; // the official code takes any logit
    at = first_unusable(view.values, candidates);
    if (at >= 0)
        return refuse(reason, "row %lld, column %lld: %s logit is %g.", static_cast<long long>(at / view.k), static_cast<long long>(at % view.k),
                      side.name, view.values[at]);
    at = first_empty_row(view.values, view.length, view.k);
    if (at >= 0)
        return refuse(reason, "row %lld: every %s logit is -infinity.", static_cast<long long>(at), side.name);
    if (options_.preset == PTA_PRESET_FUSION && options_.mass == PTA_MASS_TAIL && view.lse != nullptr) {
        const double* bad = std::find_if(view.lse, view.lse + view.length, [](double v) { return !std::isfinite(v); });
        if (bad != view.lse + view.length)
            return refuse(reason, "row %lld: the %s's log-sum-exp is not finite.", static_cast<long long>(bad - view.lse), side.name);
    }
    return true;
}

} // namespace pta
