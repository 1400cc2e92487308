#include "host/documents/document_boundaries.h"

#include <algorithm>
#include <cstring>

#include "host/documents/byte_alignment.h"

namespace pta {

namespace {

constexpr double kLargestDifference = 0.05; // share of the longer text by which two views of a document may differ (SPEC A5)

// Unmatched bytes at one side's end, white space aside, from which that end counts as cut off: more than one UTF-8 character.
constexpr int32_t kLargestTail = 4;

int32_t count_ink(const uint8_t* text, int32_t first, int32_t end) {
    int32_t count = 0;
    for (int32_t i = first; i < end; i++)
        count += text[i] != ' ' && text[i] != '\n' && text[i] != '\r' && text[i] != '\t';
    return count;
}

// Bytes of one side after the last matched pair, white space aside, when the other side ends with that pair.
int32_t unmatched_tail(const int32_t* match, const DocumentSpans& source, const DocumentSpans& target) {
    int32_t t = target.text_length - 1;
    while (t >= 0 && match[t] < 0)
        t--;
    int32_t s = t < 0 ? -1 : match[t];
    int32_t source_tail = count_ink(source.text, s + 1, source.text_length), target_tail = count_ink(target.text, t + 1, target.text_length);
    return std::min(source_tail, target_tail) > 0 ? 0 : std::max(source_tail, target_tail);
}

// The same where one text is the beginning of the other and too much is missing for an alignment; 0 where it is not.
int32_t tail_after_prefix(const DocumentSpans& source, const DocumentSpans& target) {
    const DocumentSpans& shorter = source.text_length < target.text_length ? source : target;
    const DocumentSpans& longer = source.text_length < target.text_length ? target : source;
    bool begins = std::memcmp(longer.text, shorter.text, static_cast<size_t>(shorter.text_length)) == 0;
    return begins ? count_ink(longer.text, shorter.text_length, longer.text_length) : 0;
}

} // namespace

TextMatch match_texts(Arena& arena, const DocumentSpans& source, const DocumentSpans& target) {
    // The encoder's offsets refer to one original document.
    if (source.text == nullptr || target.text == nullptr)
        return {};
    int32_t n = source.text_length, m = target.text_length;
    if (n == m && std::memcmp(source.text, target.text, static_cast<size_t>(n)) == 0)
        return {};
    int32_t limit = static_cast<int32_t>(kLargestDifference * std::max(n, m));
    int32_t* match = arena.take<int32_t>(m);
    int32_t distance;
    bool matched = align_bytes(source.text, n, target.text, m, limit, match, distance);
    int32_t tail = matched ? unmatched_tail(match, source, target) : tail_after_prefix(source, target);
    if (tail > kLargestTail)
        throw_error(PTA_ERROR_DATA,
                    "the %s's text stops after %d of %d bytes: one side was truncated; cut the document so that every tokenizer keeps all of it.",
                    n < m ? "source" : "target", std::min(n, m), std::max(n, m));
    if (!matched)
        throw_error(PTA_ERROR_DATA,
                    "the two decoded texts (%d and %d bytes) differ by at least %d bytes, and at most %d bytes, 5 %% of the longer, can be aligned; "
                    "check that both sides hold the same documents in the same order.",
                    n, m, distance, limit);

    // A boundary counts only between two matched neighbours; the ends of the texts are matched to each other.
    int32_t* source_of = arena.take<int32_t>(static_cast<int64_t>(m) + 1);
    for (int32_t o = 0; o <= m; o++) {
        int32_t before = o == 0 ? -1 : match[o - 1], after = o == m ? n : match[o];
        bool before_matched = o == 0 || before >= 0, after_matched = o == m || after >= 0;
        source_of[o] = before_matched && after_matched && after == before + 1 ? after : -1;
    }
    return {source_of};
}

} // namespace pta
