#include "host/documents/byte_fits.h"

#include <algorithm>
#include <cstring>

#include "host/documents/vocabulary_pair.h"
#include "host/error.h"

namespace pta {

namespace {

constexpr double kLn2 = 0.6931471805599453;

int compare(const uint8_t* x, int32_t n, const uint8_t* y, int32_t m) {
    int order = std::memcmp(x, y, static_cast<size_t>(std::min(n, m)));
    return order != 0 ? order : n - m;
}

} // namespace

ByteDiscounts::ByteDiscounts(const KernelTable& kernels, double byte_tail, int32_t longest)
    : byte_tail(byte_tail), of_extra(static_cast<size_t>(longest) + 1) {
    std::vector<double> exponents(of_extra.size());
    for (size_t extra = 0; extra < exponents.size(); extra++)
        exponents[extra] = -byte_tail * static_cast<double>(extra) * kLn2;
    kernels.exponentials(exponents.data(), of_extra.data(), static_cast<int64_t>(exponents.size()));
}

double ByteFit::add_up(const ByteDiscounts& discounts) const {
    const double* of_extra = discounts.of_extra.data();
    double sum = of_extra[first.length > length ? first.length - length : 0] + static_cast<double>(inside_count);
    for (const Extra& extra : extras)
        sum += extra.count * of_extra[extra.bytes];
    return sum;
}

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

const ByteFit& ByteFits::find_token(int32_t token, const ByteDiscounts& discounts) {
    const ByteFit& fit = of_text(source_.bytes_of(token), source_.length_of(token), false, discounts);
    of_token_[token].store(&fit, std::memory_order_release);
    return fit;
}

const ByteFit& ByteFits::of_text(const uint8_t* text, int32_t length, bool space, const ByteDiscounts& discounts) {
    if (length + space == 0)
        return nothing_;
    TextKey key{text, length, space};
    const std::unique_ptr<const ByteFit>* known = known_.find(key);
    if (known != nullptr)
        return **known;
    std::vector<uint8_t> whole(text, text + length);
    if (space)
        whole.insert(whole.begin(), ' ');
    return *known_.add(key, make(whole.data(), static_cast<int32_t>(whole.size()), discounts));
}

std::unique_ptr<const ByteFit> ByteFits::make(const uint8_t* text, int32_t length, const ByteDiscounts& discounts) const {
    auto fit = std::make_unique<ByteFit>();
    int32_t first = encoder_ != nullptr ? encoder_(user_, text, length) : longest_token(text, length);
    if (first < -1 || (first >= 0 && !target_.has_token(first)))
        throw_argument("the encoder's first token of %d bytes is %d, which is no token of the target; it must return one, or -1 for none.", length, first);
    if (first < 0)
        return fit;
    fit->first = named(first);
    fit->length = length;
    std::vector<NamedToken> names;
    for (int32_t part = fit->first.length + 1; part < length; part++) {
        for (size_t at = static_cast<size_t>(lower_bound(text, part)); at < sorted_.size(); at++) {
            if (target_.length_of(sorted_[at]) != part || !starts_with(sorted_[at], text, part))
                break;
            names.push_back(named(sorted_[at]));
        }
    }
    fit->inside_count = static_cast<int32_t>(names.size());

    fit->start = lower_bound(text, length);
    // All tokens that start with the text stand together.
    auto begin = sorted_.begin() + fit->start;
    auto end = std::partition_point(begin, sorted_.end(), [&](int32_t token) { return starts_with(token, text, length); });
    fit->places = static_cast<int32_t>(end - begin);
    std::vector<int32_t> longer;
    std::copy_if(begin, end, std::back_inserter(longer), [&](int32_t token) { return target_.length_of(token) > fit->first.length; });
    size_t most = std::min(longer.size(), size_t{ByteFit::kMostNamed});
    fit->longer_count = static_cast<int32_t>(most);
    std::sort(longer.begin(), longer.end());
    std::vector<int32_t> lowest(longer.begin(), longer.begin() + static_cast<std::ptrdiff_t>(most));
    std::stable_sort(longer.begin(), longer.end(), [&](int32_t x, int32_t y) { return target_.length_of(x) < target_.length_of(y); });
    for (size_t i = 0; i < most; i++)
        names.push_back(named(longer[i]));
    for (int32_t token : lowest)
        names.push_back(named(token));
    fit->named = std::make_unique<NamedToken[]>(names.size());
    std::copy(names.begin(), names.end(), fit->named.get());
    for (int32_t token : longer) {
        int32_t extra = target_.length_of(token) - length;
        if (fit->extras.empty() || fit->extras.back().bytes != extra)
            fit->extras.push_back({extra, 0});
        fit->extras.back().count++;
    }
    fit->count = 1 + fit->inside_count + static_cast<int32_t>(longer.size());
    fit->sum = fit->add_up(discounts);
    fit->byte_tail = discounts.byte_tail;
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
