#include "host/documents/byte_alignment.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace pta {

namespace {

// Texts that differ more than a table of this many bytes in bands of doubling width allows count as too different. The managed backend builds that table;
// its answers are the contract.
constexpr int64_t kLargestTable = int64_t{1} << 30;

int32_t widest_band(int32_t n, int32_t limit) {
    for (int32_t band = 16;; band *= 2) {
        int32_t width = std::min(band, limit);
        if (width == limit || (n + int64_t{1}) * (4 * int64_t{width} + 1) > kLargestTable)
            return width;
    }
}

// Equal bytes from both places on.
int32_t equal_run(const uint8_t* x, const uint8_t* y, int32_t most) {
    int32_t run = 0;
    for (; run + 8 <= most; run += 8) {
        uint64_t a, b;
        std::memcpy(&a, x + run, 8);
        std::memcpy(&b, y + run, 8);
        if (a != b)
            break;
    }
    while (run < most && x[run] == y[run])
        run++;
    return run;
}

constexpr int32_t kUnreached = -2;

// The furthest source position on each diagonal t - s within each distance. Distances never fall along a diagonal, so D[s, t] <= d exactly when
// s <= at(d, t - s): the whole edit-distance table, as far as it is not over the last distance.
class Reach {
public:
    int32_t at(int32_t distance, int32_t diagonal) const {
        if (distance < 0 || diagonal < -distance || diagonal > distance)
            return kUnreached;
        return positions_[static_cast<size_t>(int64_t{distance} * distance + diagonal + distance)]; // 1 + 3 + 5 + ... entries lie before
    }
    void append(int32_t position) { positions_.push_back(position); }

private:
    std::vector<int32_t> positions_;
};

} // namespace

bool align_bytes(const uint8_t* source, int32_t n, const uint8_t* target, int32_t m, int32_t limit, int32_t* match, int32_t& distance) {
    const int32_t most = widest_band(n, limit);
    Reach reach;
    int32_t d = 0;
    for (;; d++) {
        distance = d;
        if (d > most)
            return false;
        for (int32_t diagonal = -d; diagonal <= d; diagonal++) {
            int32_t last = std::min(n, m - diagonal);
            int32_t s = d == 0 ? 0 : std::max({reach.at(d - 1, diagonal) + 1, reach.at(d - 1, diagonal - 1), reach.at(d - 1, diagonal + 1) + 1});
            s = std::min(s, last);
            if (s < std::max(0, -diagonal))
                s = kUnreached; // beside the table
            else
                s += equal_run(source + s, target + s + diagonal, last - s);
            reach.append(s);
        }
        if (reach.at(d, m - n) == n)
            break;
    }

    std::fill(match, match + m, -1);
    for (int32_t s = n, t = m; s > 0 || t > 0;) {
        // Gaps are tried first: traced from the end, they come as late as they can.
        if (t > 0 && s <= reach.at(d - 1, t - 1 - s)) {
            t--;
            d--;
        } else if (s > 0 && s - 1 <= reach.at(d - 1, t - s + 1)) {
            s--;
            d--;
        } else if (source[--s] == target[--t]) {
            match[t] = s;
        } else {
            d--;
        }
    }
    return true;
}

} // namespace pta
