// The symbols of many tokens, and the dense alphabet that kernels compare them in.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace pta {

// Symbols of one tape as classes 1.. in order of falling frequency (ties by symbol), so that the common ones fit a byte.
class Alphabet {
public:
    static constexpr int32_t kMostClasses = 65535;

    void build(const int32_t* symbols, int64_t count);

    // The class of a symbol, 0 if the tape lacks it. Valid only if !overflow().
    uint16_t class_of(int32_t symbol) const {
        if (static_cast<uint32_t>(symbol) < kDirect)
            return direct_[static_cast<uint32_t>(symbol)];
        auto found = others_.find(symbol);
        return found == others_.end() ? 0 : found->second;
    }

    int32_t size() const { return size_; } // largest class + 1
    bool overflow() const { return overflow_; } // over 65,535 distinct symbols: kernels cannot be used, hosts compare symbols

private:
    static constexpr uint32_t kDirect = 0x3000;
    std::vector<uint16_t> direct_ = std::vector<uint16_t>(kDirect);
    std::unordered_map<int32_t, uint16_t> others_;
    int32_t size_ = 1;
    bool overflow_ = false;
};

struct NearestIndex;

} // namespace pta

struct pta_tape {
    explicit pta_tape(const pta_tape_view& view); // the view is valid: c_api checks it
    ~pta_tape();

    bool is_special(int32_t token) const { return !roles.empty() && (roles[token] & PTA_ROLE_SPECIAL) != 0; }
    bool is_hole(int32_t token) const { return !roles.empty() && (roles[token] & PTA_ROLE_HOLE) != 0; }
    uint8_t roles_of(int32_t token) const { return roles.empty() ? 0 : roles[token]; }
    int32_t length_of(int32_t token) const { return offsets[token + 1] - offsets[token]; }
    const int32_t* symbols_of(int32_t token) const { return symbols.data() + offsets[token]; }

    // The token's own classes; only if !alphabet.overflow().
    pta::TokenSpan span_of(int32_t token) const { return {codes.data() + offsets[token], length_of(token)}; }

    int32_t count = 0;
    int32_t longest = 0; // symbols of the longest token
    bool has_specials = false;
    std::vector<int32_t> symbols;
    std::vector<int32_t> offsets;
    std::vector<uint8_t> roles; // empty: all ordinary
    pta::Alphabet alphabet;
    std::vector<uint16_t> codes; // symbols as classes; empty on overflow

    // host/tokens/nearest.cpp: built at the first search, kept with the tape. Thread-safe.
    const pta::NearestIndex& nearest_index() const;

private:
    mutable std::mutex nearest_mutex_; // not std::call_once, which needs a newer glibc
    mutable std::unique_ptr<pta::NearestIndex> nearest_;
    mutable std::atomic<const pta::NearestIndex*> nearest_built_{nullptr}; // spares later searches the mutex
};

namespace pta {
using Tape = ::pta_tape;

// Whether two tokens, of which at least one is special, count as the same: they share a role or have equal symbols (SPEC A3.1).
bool specials_match(const Tape& source, int32_t i, const Tape& target, int32_t j);
constexpr int32_t kSpecialMismatch = 64;

// Writes a source token's symbols as classes of the target's alphabet; returns the span over them.
TokenSpan translate(const Tape& source, int32_t token, const Alphabet& target, uint16_t* codes);

} // namespace pta
