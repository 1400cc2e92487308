// A tokenizer's tokens: their strings, what these stand for, and their roles (SPEC A3.1).
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/tokens/symbols.h"
#include "host/tokens/tape.h"
#include "ptakernels.h"

namespace pta {

// The decoded bytes of a token string, appended; false where a byte-level string has a character outside of GPT-2's alphabet, and nothing is appended.
bool append_text(std::string_view string, int32_t style, std::string_view marker, std::vector<uint8_t>& text);

// A string with every occurrence of one marker replaced.
std::string replaced(std::string_view string, std::string_view marker, std::string_view replacement);

class TokenStrings {
public:
    // The view is valid (c_api checks it) but for strings that stand twice.
    explicit TokenStrings(const pta_token_strings& view);

    int32_t count() const { return static_cast<int32_t>(roles_.size()); }
    bool has_token(int32_t id) const { return (roles_[static_cast<size_t>(id)] & PTA_ROLE_HOLE) == 0; }
    uint8_t roles_of(int32_t id) const { return roles_[static_cast<size_t>(id)]; }
    std::string_view string_of(int32_t id) const {
        size_t i = static_cast<size_t>(id);
        return {strings_.data() + string_offsets_[i], static_cast<size_t>(string_offsets_[i + 1] - string_offsets_[i])};
    }
    const uint8_t* text_of(int32_t id) const { return texts_.data() + text_offsets_[static_cast<size_t>(id)]; }
    int32_t text_length_of(int32_t id) const { return text_offsets_[static_cast<size_t>(id) + 1] - text_offsets_[static_cast<size_t>(id)]; }

    // The id of a string, or -1.
    int32_t find(std::string_view string) const;

    const std::string& marker() const { return marker_; }
    bool byte_level() const { return byte_level_; }
    const Tape& texts() const { return *text_tape_; }

    // Strings as they are; made when first asked for. Thread-safe.
    const Tape& strings() const;

    pta_vocabulary_view view() const;

    // A tape of strings made from this vocabulary's, holes included: transform(string) for each of these ids, or for all where ids is null.
    template <class Transform> std::unique_ptr<Tape> tape_of(const int32_t* ids, int64_t n, Transform transform) const;

private:
    void read_texts(const pta_token_strings& view);
    std::unique_ptr<Tape> make_texts() const;

    std::string strings_, marker_;
    bool byte_level_, adds_dummy_prefix_;
    std::vector<int32_t> string_offsets_, text_offsets_;
    std::vector<uint8_t> texts_, roles_;
    std::unordered_map<std::string_view, int32_t> ids_;
    std::unique_ptr<Tape> text_tape_;
    mutable std::mutex strings_mutex_;
    mutable std::unique_ptr<Tape> string_tape_;
};

// Collects tokens into a tape.
class TapeBuilder {
public:
    std::vector<int32_t>& symbols() { return symbols_; }
    void close(uint8_t roles) {
        offsets_.push_back(static_cast<int32_t>(symbols_.size()));
        roles_.push_back(roles);
    }
    std::unique_ptr<Tape> build() const {
        pta_tape_view view{sizeof view, static_cast<int32_t>(roles_.size()), symbols_.data(), offsets_.data(), roles_.data()};
        return std::make_unique<Tape>(view);
    }

private:
    std::vector<int32_t> symbols_, offsets_{0};
    std::vector<uint8_t> roles_;
};

template <class Transform> std::unique_ptr<Tape> TokenStrings::tape_of(const int32_t* ids, int64_t n, Transform transform) const {
    TapeBuilder builder;
    for (int64_t i = 0; i < n; i++) {
        int32_t id = ids == nullptr ? static_cast<int32_t>(i) : ids[i];
        bool held = has_token(id);
        if (held)
            append_code_points(transform(string_of(id)), builder.symbols());
        builder.close(held ? PTA_ROLE_NONE : PTA_ROLE_HOLE);
    }
    return builder.build();
}

} // namespace pta

struct pta_vocabulary {
    std::shared_ptr<const pta::TokenStrings> tokens; // shared with the pairs made of it
};
