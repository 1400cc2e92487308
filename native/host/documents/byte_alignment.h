// Byte-by-byte alignment of two nearly equal texts: Levenshtein by furthest-reaching diagonals (Ukkonen, Myers 1986), O(length + distance^2) on such texts.
#pragma once
#include <cstdint>

namespace pta {

// match[t] [m]: the source byte that target byte t is matched to, or -1. Ties prefer gaps as late as possible, so that equal beginnings stay matched and a
// cut-off text shows as one unmatched tail. distance: the edit distance. False if it is over the limit, or the texts are too long to align at that
// distance; then distance is a lower bound of it.
bool align_bytes(const uint8_t* source, int32_t n, const uint8_t* target, int32_t m, int32_t limit, int32_t* match, int32_t& distance);

} // namespace pta
