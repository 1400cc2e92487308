#include "host/nearest_keys.h"

#include <algorithm>
#include <cstdlib>

namespace pta {

namespace {

constexpr uint64_t kBase = 0x9E3779B97F4A7C15; // odd: the polynomial's variable
constexpr int32_t kKeyedLength = NearestKeys::kKeyedLength;

// Hashes of a string and of the strings that leave one of its symbols out: sum of symbol * base^(symbols behind it), so that a shortened string's hash
// is made of the hashes of what lies before and behind the gap.
class StringHashes {
public:
    constexpr StringHashes() : powers_{} {
        powers_[0] = 1;
        for (int32_t i = 1; i <= kKeyedLength; i++)
            powers_[i] = powers_[i - 1] * kBase;
    }

    static uint64_t whole(const int32_t* symbols, int32_t length) {
        uint64_t hash = 0;
        for (int32_t i = 0; i < length; i++)
            hash = hash * kBase + value(symbols[i]);
        return mixed(hash, length);
    }

    // Calls use(hash, position) once per distinct shortened string; length is at most kKeyedLength. Leaving out any symbol of a run of equal ones
    // gives the same string.
    template <class Use> void shortened(const int32_t* symbols, int32_t length, Use use) const {
        uint64_t before[kKeyedLength + 1];
        before[0] = 0;
        for (int32_t i = 0; i < length; i++)
            before[i + 1] = before[i] * kBase + value(symbols[i]);
        uint64_t behind = 0;
        for (int32_t i = length - 1; i >= 0; i--) {
            if (i == 0 || symbols[i] != symbols[i - 1])
                use(mixed(before[i] * powers_[length - 1 - i] + behind, length - 1));
            behind += value(symbols[i]) * powers_[length - 1 - i];
        }
    }

private:
    static uint64_t value(int32_t symbol) { return uint64_t{static_cast<uint32_t>(symbol)} + 1; }
    static uint64_t mixed(uint64_t hash, int32_t length) {
        hash += static_cast<uint64_t>(length);
        hash ^= hash >> 32;
        hash *= 0xD6E8FEB86659FD93;
        hash ^= hash >> 29;
        return hash * 0xC2B2AE3D27D4EB4F;
    }
    uint64_t powers_[kKeyedLength + 1];
};

constexpr StringHashes kHashes;

uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash); }

// Distance of two strings if it is 0 or 1, else 2.
int32_t distance_up_to_two(const int32_t* x, int32_t n, const int32_t* y, int32_t m) {
    if (std::abs(n - m) > 1)
        return 2;
    int32_t shorter = std::min(n, m), same = 0;
    while (same < shorter && x[same] == y[same])
        same++;
    int32_t end = 0;
    while (end < shorter - same && x[n - 1 - end] == y[m - 1 - end])
        end++;
    return std::min(std::max(n, m) - same - end, 2);
}

} // namespace

void NearestKeyTable::build(const Tape& tape, std::vector<int32_t> tokens) {
    std::sort(tokens.begin(), tokens.end());
    std::vector<uint64_t> own, shortened;
    std::vector<int32_t> owners;
    own.reserve(tokens.size());
    for (int32_t token : tokens) {
        const int32_t* symbols = tape.symbols_of(token);
        int32_t length = tape.length_of(token);
        own.push_back(StringHashes::whole(symbols, length));
        if (length > kKeyedLength)
            continue;
        kHashes.shortened(symbols, length, [&](uint64_t hash) {
            shortened.push_back(hash);
            owners.push_back(token);
        });
    }
    size_t count = own.size() + shortened.size();
    int32_t bits = 6;
    while (bits < 28 && (size_t{1} << bits) < count)
        bits++;
    shift_ = 64 - bits;
    filter_shift_ = 64 - (bits + 2);
    filter_.assign(size_t{1} << (bits + 2 - 6), 0);
    starts_.assign((size_t{1} << bits) + 1, 0);
    auto count_key = [&](uint64_t hash) {
        uint64_t bit = hash >> filter_shift_;
        filter_[bit / 64] |= uint64_t{1} << bit % 64;
        starts_[hash >> shift_]++;
    };
    for (uint64_t hash : own)
        count_key(hash);
    for (uint64_t hash : shortened)
        count_key(hash);
    uint32_t total = 0;
    for (uint32_t& start : starts_) { // now ends; filling from behind moves them to the starts
        total += start;
        start = total;
    }
    entries_.resize(count);
    for (size_t k = shortened.size(); k-- > 0;)
        entries_[--starts_[shortened[k] >> shift_]] = {tag_of(shortened[k]), owners[k]};
    for (size_t k = own.size(); k-- > 0;)
        entries_[--starts_[own[k] >> shift_]] = {tag_of(own[k]), tokens[k]};
}

int32_t find_within_one(const NearestIndex& index, const Tape& tape, const int32_t* symbols, int32_t length, int32_t& distance, int32_t& least) {
    const NearestKeys& keys = index.keys;
    int32_t best = -1;
    distance = INT32_MAX;
    // Calls use(token) for the tokens that may have this string, itself or shortened, until it says true.
    auto look_up = [&](uint64_t hash, auto use) {
        uint64_t bit = hash >> keys.filter_shift;
        if ((keys.filter[bit / 64] >> bit % 64 & 1) == 0)
            return;
        uint32_t end = keys.starts[(hash >> keys.shift) + 1];
        for (uint32_t e = keys.starts[hash >> keys.shift]; e < end; e++)
            if (keys.entries[e].tag == tag_of(hash) && use(keys.entries[e].token))
                return;
    };
    uint64_t own = StringHashes::whole(symbols, length);
    look_up(own, [&](int32_t token) { // own strings come in id order: the first hit is the smallest
        if (length != tape.length_of(token) || !std::equal(symbols, symbols + length, tape.symbols_of(token)))
            return false;
        best = token;
        distance = 0;
        return true;
    });
    bool complete = length < kKeyedLength; // tokens of one symbol more are in the table with all their shortened strings
    if (best < 0 && complete) {
        auto propose = [&](int32_t token) {
            if ((best < 0 || token < best) && distance_up_to_two(symbols, length, tape.symbols_of(token), tape.length_of(token)) == 1) {
                best = token;
                distance = 1;
            }
            return false;
        };
        look_up(own, propose);
        kHashes.shortened(symbols, length, [&](uint64_t hash) { look_up(hash, propose); });
    }
    least = distance == 0 ? 0 : complete ? (distance == 1 ? 1 : 2) : 1;
    return best;
}

} // namespace pta
