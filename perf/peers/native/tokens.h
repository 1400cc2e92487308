// Tokens as strings of code points, and the checksums that the caller knows of their distances.
#pragma once

#include <string_view>

#include "peer.h"

using Text = std::u32string_view;

struct Tokens {
    std::vector<int32_t> symbols, offsets;

    explicit Tokens(const std::string& stem) : symbols(read_array<int32_t>(stem + ".symbols")), offsets(read_array<int32_t>(stem + ".offsets")) {}

    size_t size() const { return offsets.size() - 1; }

    Text operator[](size_t t) const {
        return {reinterpret_cast<const char32_t*>(symbols.data()) + offsets[t], static_cast<size_t>(offsets[t + 1] - offsets[t])};
    }
};

// What distance(i, j) adds to the checksum of all-pairs work.
inline uint64_t pair_sum(size_t i, size_t j, size_t distance) { return distance * (1 + (i * 1000003 + j) % 65521); }

// What the nearest target of query q adds to the checksum of a map.
inline uint64_t nearest_sum(size_t q, size_t nearest, size_t distance) { return (nearest + 1) * (1 + q % 65521) + distance * (1 + q % 257); }
