// Where a byte boundary of the target's text lies in the source's text (SPEC A3.1, A5), and which source tokens meet there (SPEC A3.2).
#pragma once
#include "host/arena.h"
#include "host/documents/document_rows.h"

namespace pta {

struct TextMatch {
    bool exact() const { return source_of == nullptr; }
    int32_t source_boundary(int32_t target_boundary) const { return exact() ? target_boundary : source_of[target_boundary]; }

    const int32_t* source_of = nullptr; // [target text + 1] source boundary or -1, ascending where there is one; null: both views have the same text
};

// Texts that differ are byte-aligned first. Throws Error(PTA_ERROR_DATA) if they differ by more than 5 % of the longer, or if one of them stops early.
TextMatch match_texts(Arena& arena, const DocumentSpans& source, const DocumentSpans& target);

// The source tokens around ascending boundaries of the source's text.
class BoundaryWalk {
public:
    BoundaryWalk(const DocumentSpans& source, int32_t length) : source_(source), length_(length) {}

    // Moves on to a boundary that is not before the last one.
    void move_to(int32_t boundary) {
        while (token_ < length_ && (source_.end(token_) < boundary || source_.start(token_) == source_.end(token_)))
            token_++;
        ends_ = token_ < length_ && source_.end(token_) == boundary;
        inside_ = token_ < length_ && !ends_ && source_.start(token_) < boundary;
    }

    int32_t ending() const { return ends_ ? token_ : -1; }       // the token of positive width that ends there, or -1
    int32_t containing() const { return inside_ ? token_ : -1; } // the token that the boundary lies strictly inside, or -1

private:
    const DocumentSpans& source_;
    int32_t length_;
    int32_t token_ = 0;
    bool ends_ = false, inside_ = false;
};

} // namespace pta
