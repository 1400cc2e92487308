// Building the hash table of NearestKeys.
#pragma once
#include <cstdint>
#include <vector>

#include "host/tokens/nearest_index.h"
#include "host/tokens/tape.h"

namespace pta {

class NearestKeyTable {
public:
    // tokens: the ordinary ones in id order.
    void build(const Tape& tape, const std::vector<int32_t>& tokens);
    NearestKeys view() const { return {starts_.data(), entries_.data(), filter_.data(), shift_, filter_shift_}; }

private:
    std::vector<uint32_t> starts_;
    std::vector<NearestKeys::Entry> entries_;
    std::vector<uint64_t> filter_;
    int32_t shift_ = 63, filter_shift_ = 58;
};

} // namespace pta
