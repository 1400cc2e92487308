#include "host/documents/byte_fits.h"

#include <algorithm>
#include <cstring>

#include "host/documents/vocabulary_pair.h"
#include "host/error.h"

namespace pta {

namespace {

int compare(const uint8_t* x, int32_t n, const uint8_t* y, int32_t m) {
    int order = std::memcmp(x, y, static_cast<size_t>(std::min(n, m)));
    return order != 0 ? order : n - m;
}

} // namespace

ByteFits::ByteFits(const Vocabulary& source, const Vocabulary& target, pta_first_token encoder, void* user)
    : source_(source), target_(target), encoder_(encoder), user_(user),
      of_token_(new std::atomic<const ByteFit*>[static_cast<size_t>(source.count)]()) {
    for (int32_t t = 0; t < target.count; t++) {
        named_.push_back({t, -1, target.length_of(t)});
        longest_ = std::max(longest_, target.length_of(t));
        if (target.has_token(t) && target.is_special(t)) {
            of_special_[t].first = named_.back();
            of_special_[t].count = 1;
        } else if (target.has_token(t) && target.length_of(t) > 0) {
            sorted_.push_back(t);
        }
    }
    std::sort(sorted_.begin(), sorted_.end(), [&](int32_t x, int32_t y) {
        int order = compare(target.bytes_of(x), target.length_of(x), target.bytes_of(y), target.length_of(y));
        return order != 0 ? order < 0 : x < y;
    });
    for (size_t place = 0; place < sorted_.size(); place++)
        named_[static_cast<size_t>(sorted_[place])].place = static_cast<int32_t>(place);
}

const ByteFit& ByteFits::find_token(int32_t token) {
    const ByteFit& fit = of_text(source_.bytes_of(token), source_.length_of(token), false);
    of_token_[token].store(&fit, std::memory_order_release);
    return fit;
}

const ByteFit& ByteFits::of_text(const uint8_t* text, int32_t length, bool space) {
    if (length + space == 0)
        return nothing_;
    TextKey key{text, length, space};
    const ByteFit* known = known_.find(key);
    if (known != nullptr)
        return *known;
    std::vector<uint8_t> whole(text, text + length);
    if (space)
        whole.insert(whole.begin(), ' ');
    return known_.add(key, make(whole.data(), static_cast<int32_t>(whole.size())));
}

ByteFit ByteFits::make(const uint8_t* text, int32_t length) {
    ByteFit fit;
    int32_t first = encoder_ != nullptr ? encoder_(user_, text, length) : longest_token(text, length);
    if (first < -1 || (first >= 0 && !target_.has_token(first)))
        throw_argument("the encoder's first token of %d bytes is %d, which is no token of the target; it must return one, or -1 for none.", length, first);
    if (first < 0)
        return fit;
    fit.id = found_.fetch_add(1, std::memory_order_relaxed);
    fit.first = named(first);
    fit.length = length;
    for (int32_t part = fit.first.length + 1; part < length; part++) {
        for (size_t at = static_cast<size_t>(lower_bound(text, part)); at < sorted_.size(); at++) {
            if (target_.length_of(sorted_[at]) != part || !starts_with(sorted_[at], text, part))
                break;
            fit.inside.push_back(named(sorted_[at]));
        }
    }

    fit.start = lower_bound(text, length);
    // All tokens that start with the text stand together.
    auto begin = sorted_.begin() + fit.start;
    auto end = std::partition_point(begin, sorted_.end(), [&](int32_t token) { return starts_with(token, text, length); });
    fit.places = static_cast<int32_t>(end - begin);
    std::vector<int32_t> longer;
    std::copy_if(begin, end, std::back_inserter(longer), [&](int32_t token) { return target_.length_of(token) > fit.first.length; });
    std::sort(longer.begin(), longer.end());
    size_t most = std::min(longer.size(), size_t{ByteFit::kMostNamed});
    for (size_t i = 0; i < most; i++)
        fit.lowest.push_back(named(longer[i]));
    std::stable_sort(longer.begin(), longer.end(), [&](int32_t x, int32_t y) { return target_.length_of(x) < target_.length_of(y); });
    for (size_t i = 0; i < most; i++)
        fit.shortest.push_back(named(longer[i]));
    for (int32_t token : longer) {
        int32_t extra = target_.length_of(token) - length;
        if (fit.extras.empty() || fit.extras.back().bytes != extra)
            fit.extras.push_back({extra, 0});
        fit.extras.back().count++;
    }
    fit.count = 1 + static_cast<int32_t>(fit.inside.size() + longer.size());
    return fit;
}

// The longest ordinary token that a text begins with, of several the lowest id; -1: none.
int32_t ByteFits::longest_token(const uint8_t* text, int32_t length) const {
    for (int32_t part = std::min(length, longest_); part > 0; part--) {
        size_t place = static_cast<size_t>(lower_bound(text, part));
        if (place < sorted_.size() && target_.length_of(sorted_[place]) == part && starts_with(sorted_[place], text, part))
            return sorted_[place];
    }
    return -1;
}

// The first place whose token is not before some bytes.
int32_t ByteFits::lower_bound(const uint8_t* text, int32_t length) const {
    auto at = std::partition_point(sorted_.begin(), sorted_.end(),
                                   [&](int32_t token) { return compare(target_.bytes_of(token), target_.length_of(token), text, length) < 0; });
    return static_cast<int32_t>(at - sorted_.begin());
}

bool ByteFits::starts_with(int32_t token, const uint8_t* text, int32_t length) const {
    return target_.length_of(token) >= length && std::memcmp(target_.bytes_of(token), text, static_cast<size_t>(length)) == 0;
}

} // namespace pta
