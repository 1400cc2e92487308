#include "host/tokens/nearest_keys.h"

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

// Strings of one query that the table may know: its own, then those that leave a symbol out.
struct Candidates {
    uint64_t hashes[kKeyedLength + 1];
    int32_t count;
    bool own_exists; // hashes[0] is the query's own string
};

void collect_candidates(const NearestKeys& keys, const int32_t* symbols, int32_t length, Candidates& candidates) {
    auto add = [&](uint64_t hash) {
        uint64_t bit = hash >> keys.filter_shift;
        candidates.hashes[candidates.count] = hash;
        candidates.count += static_cast<int32_t>(keys.filter[bit / 64] >> bit % 64 & 1);
    };
    candidates.count = 0;
    add(StringHashes::whole(symbols, length));
    candidates.own_exists = candidates.count == 1;
    if (length < kKeyedLength)
        kHashes.shortened(symbols, length, add);
}

NearestGuess settle(const NearestKeys& keys, const Tape& target, const int32_t* symbols, int32_t length, const Candidates& candidates) {
    if (candidates.own_exists) {
        const uint64_t own = candidates.hashes[0];
        const uint32_t end = keys.starts[(own >> keys.shift) + 1];
        for (uint32_t e = keys.starts[own >> keys.shift]; e < end && keys.entries[e].token < NearestKeys::kShortened; e++) {
            int32_t token = static_cast<int32_t>(keys.entries[e].token);
            if (keys.entries[e].tag == tag_of(own) && length == target.length_of(token) && std::equal(symbols, symbols + length, target.symbols_of(token)))
                return {token, 0, 0};
        }
    }
    // All tokens of up to one symbol more are in the table with all their shortened strings, so that none at distance 1 is missed.
    if (length >= kKeyedLength)
        return {-1, INT32_MAX, 1};
    int32_t best = INT32_MAX;
    for (int32_t k = 0; k < candidates.count; k++) {
        const uint64_t hash = candidates.hashes[k];
        const uint32_t end = keys.starts[(hash >> keys.shift) + 1];
        for (uint32_t e = keys.starts[hash >> keys.shift]; e < end; e++) {
            const NearestKeys::Entry entry = keys.entries[e];
            const int32_t token = static_cast<int32_t>(entry.token & ~NearestKeys::kShortened);
            if (token >= best) {
                if (entry.token >= NearestKeys::kShortened)
                    break; // ids ascend from here
                continue;
            }
            if (entry.tag == tag_of(hash) && distance_up_to_two(symbols, length, target.symbols_of(token), target.length_of(token)) == 1)
                best = token;
        }
    }
    return best == INT32_MAX ? NearestGuess{-1, INT32_MAX, 2} : NearestGuess{best, 1, 1};
}

} // namespace

void NearestKeyTable::build(const Tape& tape, const std::vector<int32_t>& tokens) {
    // Calls use(hash, entry) for the own strings by id, then for the shortened ones by id, or all of that backwards.
    auto visit = [&](bool backwards, auto use) {
        const size_t count = tokens.size();
        for (int32_t shortened = backwards ? 1 : 0; shortened == 0 || shortened == 1; shortened += backwards ? -1 : 1) {
            for (size_t k = 0; k < count; k++) {
                const int32_t token = tokens[backwards ? count - 1 - k : k];
                const int32_t* symbols = tape.symbols_of(token);
                const int32_t length = tape.length_of(token);
                const auto id = static_cast<uint32_t>(token);
                if (shortened == 0)
                    use(StringHashes::whole(symbols, length), id);
                else if (length <= kKeyedLength)
                    kHashes.shortened(symbols, length, [&](uint64_t hash) { use(hash, id | NearestKeys::kShortened); });
            }
        }
    };
    int64_t most = 0;
    for (int32_t token : tokens)
        most += 1 + (tape.length_of(token) <= kKeyedLength ? tape.length_of(token) : 0);
    int32_t bits = 6;
    while (bits < 28 && (int64_t{2} << bits) < most) // one or two keys per bucket
        bits++;
    shift_ = 64 - bits;
    filter_shift_ = 64 - (bits + 3);
    filter_.assign(size_t{1} << (bits + 3 - 6), 0);
    starts_.assign((size_t{1} << bits) + 1, 0);
    visit(false, [&](uint64_t hash, uint32_t) {
        uint64_t bit = hash >> filter_shift_;
        filter_[bit / 64] |= uint64_t{1} << bit % 64;
        starts_[hash >> shift_]++;
    });
    uint32_t total = 0;
    for (uint32_t& start : starts_) { // now ends; filling backwards moves them to the starts
        total += start;
        start = total;
    }
    entries_.resize(total);
    visit(true, [&](uint64_t hash, uint32_t entry) { entries_[--starts_[hash >> shift_]] = {tag_of(hash), entry}; });
}

void guess_nearest(const NearestIndex& index, const Tape& target, const Tape& source, const int32_t* source_tokens, int32_t n, NearestGuess* guesses) {
    // In three rounds, as each step of a look-up misses the near caches: the next round finds what this one asked for.
    const NearestKeys& keys = index.keys;
    Candidates candidates[kGuesses];
    for (int32_t i = 0; i < n; i++) {
        collect_candidates(keys, source.symbols_of(source_tokens[i]), source.length_of(source_tokens[i]), candidates[i]);
        for (int32_t k = 0; k < candidates[i].count; k++)
            __builtin_prefetch(&keys.starts[candidates[i].hashes[k] >> keys.shift]);
    }
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k < candidates[i].count; k++)
            __builtin_prefetch(&keys.entries[keys.starts[candidates[i].hashes[k] >> keys.shift]]);
    for (int32_t i = 0; i < n; i++)
        guesses[i] = settle(keys, target, source.symbols_of(source_tokens[i]), source.length_of(source_tokens[i]), candidates[i]);
}

} // namespace pta
