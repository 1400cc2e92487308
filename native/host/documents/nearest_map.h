// Nearest target tokens that are found when a document first asks for them, and then kept. An answer never depends on who asked or when, so threads
// may find the same one twice; readers take no lock.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "host/documents/text_table.h"
#include "host/tokens/tape.h"
#include "host/workspace.h"

namespace pta {

// By source token.
class NearestMap {
public:
    static constexpr int32_t kNone = -1;    // no counterpart
    static constexpr int32_t kOutside = -3; // in a given map: a counterpart that the target does not have

    NearestMap(const Tape& source, const Tape& target);         // empty; the tapes are borrowed
    NearestMap(const int32_t* complete, int32_t source_count);  // complete as given, copied

    bool knows(int32_t token) const { return nearest_[token].load(std::memory_order_relaxed) != kUnresolved; }

    // Of a token that was resolved before.
    int32_t operator[](int32_t token) const { return nearest_[token].load(std::memory_order_relaxed); }

    // Finds what is missing among these tokens; duplicates are welcome.
    void resolve(Workspace& workspace, std::vector<int32_t>& tokens);

private:
    static constexpr int32_t kUnresolved = -2;
    const Tape* source_ = nullptr;
    const Tape* target_ = nullptr;
    std::unique_ptr<std::atomic<int32_t>[]> nearest_;
};

// By the bytes of a text that is no source token: what rule (b) leaves of a candidate, or a candidate behind the target's dummy prefix (SPEC A3.2).
class NearestTexts {
public:
    struct Query {
        const uint8_t* text;
        int32_t length;
        bool space;      // the text is searched with a space before it
        int32_t nearest; // out
    };

    void find(Workspace& workspace, const Tape& target, Query* queries, int64_t count);

private:
    static TextKey key_of(const Query& query) { return {query.text, query.length, query.space}; }
    TextTable<int32_t> known_;
};

} // namespace pta
