#include "host/documents/document_spans.h"

#include <cstring>

namespace pta {

void require_ascending(const pta_tokenized_document& view, const char* side) {
    int32_t last = 0;
    for (int32_t t = 0; view.spans != nullptr && t < view.length; t++) {
        int32_t start = view.spans[2 * t], end = view.spans[2 * t + 1];
        if (start < last || end < start)
            throw_error(PTA_ERROR_DATA, "row %d: %s byte offset [%d, %d] does not follow %d; offsets must ascend.", t, side, start, end, last);
        last = end;
    }
}

DocumentSpans spans_of(Arena& arena, const pta_tokenized_document& view, const Vocabulary& vocabulary, const char* side) {
    DocumentSpans result{};
    require_ascending(view, side);
    // An unknown token is special but takes the span that its encoder gives.
    auto has_width = [&](int32_t t) { return view.spans != nullptr && view.spans[2 * t + 1] > view.spans[2 * t]; };
    while (result.first_text < view.length && vocabulary.is_special(view.ids[result.first_text]) && !has_width(result.first_text))
        result.first_text++;
    result.starts_with_bos = (vocabulary.texts->roles_of(view.ids[0]) & PTA_ROLE_BOS) != 0;
    if (view.spans != nullptr) {
        result.spans = view.spans;
        return result;
    }

    int64_t total = 0;
    for (int32_t t = 0; t < view.length; t++)
        total += vocabulary.length_of(view.ids[t]);
    if (total > INT32_MAX - Vocabulary::kPadding)
        throw_error(PTA_ERROR_DATA, "the %s's text has %lld bytes; split the document.", side, static_cast<long long>(total));
    int32_t* spans = arena.take<int32_t>(2 * static_cast<int64_t>(view.length));
    uint8_t* text = arena.take<uint8_t>(total + Vocabulary::kPadding);
    int32_t end = 0;
    for (int32_t t = 0; t < view.length; t++) {
        const uint8_t* bytes = vocabulary.bytes_of(view.ids[t]);
        int32_t length = vocabulary.length_of(view.ids[t]);
        if (t == result.first_text && vocabulary.adds_dummy_prefix && length > 0 && bytes[0] == ' ') {
            bytes++;
            length--;
        }
        spans[2 * t] = end;
        if (length <= Vocabulary::kPadding)
            std::memcpy(text + end, bytes, Vocabulary::kPadding); // what it writes too much is overwritten by the next token or is padding
        else
            std::memcpy(text + end, bytes, static_cast<size_t>(length));
        end += length;
        spans[2 * t + 1] = end;
    }
    result.spans = spans;
    result.text = text;
    result.text_length = end;
    return result;
}

} // namespace pta
