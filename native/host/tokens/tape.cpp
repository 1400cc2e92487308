#include "host/tokens/tape.h"

#include <algorithm>
#include <cstring>

#include "host/tokens/nearest_index.h"

namespace pta {

void Alphabet::build(const int32_t* symbols, int64_t count) {
    std::unordered_map<int32_t, int64_t> frequency;
    for (int64_t i = 0; i < count; i++)
        frequency[symbols[i]]++;
    std::vector<std::pair<int32_t, int64_t>> order(frequency.begin(), frequency.end());
    if (static_cast<int64_t>(order.size()) > kMostClasses) {
        overflow_ = true;
        return;
    }
    std::sort(order.begin(), order.end(), [](const auto& x, const auto& y) { return x.second != y.second ? x.second > y.second : x.first < y.first; });
    for (const auto& [symbol, _] : order) {
        uint16_t next = static_cast<uint16_t>(size_++);
        if (static_cast<uint32_t>(symbol) < kDirect)
            direct_[static_cast<uint32_t>(symbol)] = next;
        else
            others_.emplace(symbol, next);
    }
}

bool specials_match(const Tape& source, int32_t i, const Tape& target, int32_t j) {
    constexpr uint8_t named = PTA_ROLE_BOS | PTA_ROLE_EOS | PTA_ROLE_PAD | PTA_ROLE_UNK;
    uint8_t common = source.roles_of(i) & target.roles_of(j);
    if ((common & PTA_ROLE_SPECIAL) == 0)
        return false;
    if ((common & named) != 0)
        return true;
    int32_t length = source.length_of(i);
    return length == target.length_of(j) && std::equal(source.symbols_of(i), source.symbols_of(i) + length, target.symbols_of(j));
}

TokenSpan translate(const Tape& source, int32_t token, const Alphabet& target, uint16_t* codes) {
    int32_t length = source.length_of(token);
    const int32_t* symbols = source.symbols_of(token);
    for (int32_t i = 0; i < length; i++)
        codes[i] = target.class_of(symbols[i]);
    return {codes, length};
}

} // namespace pta

pta_tape::pta_tape(const pta_tape_view& view) : count(view.count), offsets(view.offsets, view.offsets + view.count + 1) {
    if (offsets[count] > 0)
        symbols.assign(view.symbols, view.symbols + offsets[count]);
    if (view.roles != nullptr)
        roles.assign(view.roles, view.roles + count);
    for (int32_t t = 0; t < count; t++) {
        longest = std::max(longest, length_of(t));
        has_specials = has_specials || is_special(t);
    }
    alphabet.build(symbols.data(), static_cast<int64_t>(symbols.size()));
    if (!alphabet.overflow()) {
        codes.resize(symbols.size());
        for (size_t i = 0; i < symbols.size(); i++)
            codes[i] = alphabet.class_of(symbols[i]);
    }
}

pta_tape::~pta_tape() = default;
