// What the fuzz targets share. A target turns bytes into one call of the C ABI whose memory is sized as the contract asks, with values that may break
// every other rule; the library must answer with a status it documents, and with a text when that is an error.
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "ptakernels.h"

#define REQUIRE(condition)                                                          \
    do {                                                                            \
        if (!(condition)) {                                                         \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
            std::abort();                                                           \
        }                                                                           \
    } while (false)

namespace fuzz {

// Bytes handed out from the front; when they are used up, zeros, or what a seed makes.
class Input {
public:
    Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

    uint8_t byte() {
        if (position_ < size_)
            return data_[position_++];
        state_ ^= state_ << 13; // xorshift64; zero stays zero
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return static_cast<uint8_t>(state_ >> 32);
    }

    // For a target that needs more bytes than the fuzzer would ever grow: the next two seed all that follows the last.
    void never_ends() { state_ = 1 + static_cast<uint64_t>(below(65535)); }

    // 0..most, from one byte or two.
    int32_t below(int32_t most) {
        uint32_t value = byte();
        if (most > 255)
            value = value << 8 | byte();
        return static_cast<int32_t>(value % (static_cast<uint32_t>(most) + 1));
    }

    bool chance() { return (byte() & 15) == 7; } // 1 in 16; never among zeros
    bool coin() { return (byte() & 1) != 0; }

    // A float64 that is usually a mass in 0..1 and sometimes anything at all.
    double real() {
        uint8_t kind = byte();
        if (kind < 240)
            return kind / 240.0;
        uint64_t bits = 0;
        for (int i = 0; i < 8; i++)
            bits = bits << 8 | byte();
        double value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

private:
    const uint8_t* data_;
    size_t size_;
    size_t position_ = 0;
    uint64_t state_ = 0;
};

struct Free {
    void operator()(pta_workspace* w) const { pta_workspace_destroy(w); }
    void operator()(pta_tape* t) const { pta_tape_destroy(t); }
    void operator()(pta_vocabulary_pair* p) const { pta_vocabulary_pair_destroy(p); }
    void operator()(pta_embeddings* e) const { pta_embeddings_destroy(e); }
};
template <class T> using Handle = std::unique_ptr<T, Free>;

// An error has a text and a success none of our business; anything undocumented is a defect.
inline bool answered(pta_status status) {
    REQUIRE(status >= PTA_ERROR_DATA && status <= PTA_RANGE); // PTA_ERROR_INTERNAL is a defect too
    REQUIRE(status >= 0 || pta_last_error()[0] != 0);
    return status >= 0;
}

// One workspace per instruction set, kept from input to input as callers keep theirs.
inline pta_workspace* workspace(Input& input) {
    static std::vector<Handle<pta_workspace>> all = [] {
        std::vector<Handle<pta_workspace>> made;
        for (const char* isa : {"portable", "avx2", "avx512"}) {
            pta_workspace* w = nullptr;
            if (pta_check_isa(isa) == PTA_OK && pta_workspace_create(isa, &w) == PTA_OK)
                made.emplace_back(w);
        }
        REQUIRE(!made.empty());
        return made;
    }();
    return all[input.byte() % all.size()].get();
}

// A tape of a few tokens over a small alphabet, with every kind of role.
inline Handle<pta_tape> tape(Input& input, int32_t most_tokens, int32_t most_symbols) {
    static const int32_t alphabet[] = {'a', 'b', ' ', 0xE9, 0x4E2D, 0x1F600, 0xDC00 + 0xE2, 0x10FFFF};
    int32_t count = input.below(most_tokens);
    std::vector<int32_t> symbols, offsets{0};
    std::vector<uint8_t> roles;
    for (int32_t t = 0; t < count; t++) {
        int32_t length = input.below(most_symbols);
        for (int32_t s = 0; s < length; s++)
            symbols.push_back(alphabet[input.byte() % 8]);
        offsets.push_back(static_cast<int32_t>(symbols.size()));
        uint8_t role = input.byte();
        roles.push_back(role < 224 ? 0 : role < 240 ? static_cast<uint8_t>(PTA_ROLE_SPECIAL | (role & 30)) : role < 248 ? PTA_ROLE_HOLE : role);
    }
    pta_tape_view view{sizeof(pta_tape_view), count, symbols.data(), offsets.data(), input.chance() ? nullptr : roles.data()};
    if (input.chance())
        view.struct_size = input.byte();
    if (input.chance() && count > 0) {
        offsets[static_cast<size_t>(input.below(count))] = input.below(300) - 100;
        symbols.resize(symbols.size() + 300); // if that was the last one, the tape is only longer
        view.symbols = symbols.data();
    }
    pta_tape* made = nullptr;
    return answered(pta_tape_create(&view, &made)) ? Handle<pta_tape>(made) : nullptr;
}

// Ids that mostly lie on a tape of that many tokens.
inline std::vector<int32_t> ids(Input& input, int64_t count, int32_t tokens) {
    std::vector<int32_t> all(static_cast<size_t>(count));
    for (int32_t& id : all)
        id = tokens > 0 ? input.below(tokens - 1) : 0;
    if (input.chance() && count > 0)
        all[static_cast<size_t>(input.below(static_cast<int32_t>(count) - 1))] = input.below(600) - 300;
    return all;
}

} // namespace fuzz
