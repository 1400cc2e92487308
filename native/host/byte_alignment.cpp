#include "host/byte_alignment.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

namespace pta {

namespace {

// Bytes of moves that one alignment may take; texts that differ more than this allows count as too different.
constexpr int64_t kLargestTable = int64_t{1} << 30;
constexpr int32_t kOutside = INT32_MAX / 2;

enum Move : uint8_t { kDiagonal, kSourceOnly, kTargetOnly };

// False unless the distance is at most the band: a path that leaves the band costs more than it. Column d of row i is target position i + d - band.
bool align_within(const uint8_t* source, int32_t n, const uint8_t* target, int32_t m, int32_t band, int32_t* match, int32_t& distance) {
    distance = band + 1;
    if (std::abs(n - m) > band)
        return false;
    const int64_t width = 2 * static_cast<int64_t>(band) + 1;
    std::unique_ptr<uint8_t[]> moves(new uint8_t[static_cast<size_t>((n + int64_t{1}) * width)]);
    // One cell more on each side, always outside.
    std::vector<int32_t> first(static_cast<size_t>(width) + 2, kOutside), second(first);
    int32_t *previous = first.data() + 1, *current = second.data() + 1;
    for (int32_t i = 0; i <= n; i++) {
        uint8_t* row = moves.get() + i * width;
        int64_t begin = std::max<int64_t>(0, band - int64_t{i}), end = std::min<int64_t>(width, int64_t{m} - i + band + 1);
        std::fill(current, current + begin, kOutside);
        if (end < width)
            std::fill(current + std::max<int64_t>(end, 0), current + width, kOutside);
        int64_t d = begin;
        if (i <= band && d < end) { // target position 0
            current[d] = i;
            row[d++] = kSourceOnly;
        }
        if (i == 0) {
            for (; d < end; d++) {
                current[d] = static_cast<int32_t>(d - band);
                row[d] = kTargetOnly;
            }
        }
        const int64_t shift = int64_t{i} - band - 1;
        for (; d < end; d++) {
            // Gaps are tried first and kept on ties: traced from the end, they come as late as they can.
            int32_t best = current[d - 1] + 1, up = previous[d + 1] + 1, diagonal = previous[d] + (source[i - 1] != target[shift + d]);
            uint8_t move = kTargetOnly;
            move = up < best ? static_cast<uint8_t>(kSourceOnly) : move;
            best = std::min(best, up);
            move = diagonal < best ? static_cast<uint8_t>(kDiagonal) : move;
            current[d] = std::min(best, diagonal);
            row[d] = move;
        }
        std::swap(previous, current);
    }

    distance = previous[m - n + band];
    if (distance > band) {
        distance = band + 1;
        return false;
    }
    std::fill(match, match + m, -1);
    for (int32_t s = n, t = m; s > 0 || t > 0;) {
        uint8_t move = moves[static_cast<size_t>(s * width + (t - s + band))];
        if (move == kTargetOnly) {
            t--;
        } else if (move == kSourceOnly) {
            s--;
        } else if (source[--s] == target[--t]) {
            match[t] = s;
        }
    }
    return true;
}

} // namespace

bool align_bytes(const uint8_t* source, int32_t n, const uint8_t* target, int32_t m, int32_t limit, int32_t* match, int32_t& distance) {
    for (int32_t band = 16;; band *= 2) {
        int32_t width = std::min(band, limit);
        bool matched = align_within(source, n, target, m, width, match, distance);
        if (matched || width == limit || (n + int64_t{1}) * (4 * int64_t{width} + 1) > kLargestTable)
            return matched;
    }
}

} // namespace pta
