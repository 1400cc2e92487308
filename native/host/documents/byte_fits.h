// The target tokens that begin the bytes of source tokens and of what rule (b) leaves of them (SPEC A3.3, projection byte), found when a document first asks
// for them and then kept. Readers take no lock, and two threads may find the same one twice.
#pragma once
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "host/documents/nearest_map.h"
#include "host/documents/text_table.h"
#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace pta {

struct Vocabulary;

// A target token with what a row asks of it, so that nothing has to be looked up: its place among the sorted tokens (-1: none) and its bytes.
struct NamedToken {
    int32_t token, place, length;
};

// What a token that is longer than a candidate gets, by the bytes that it has beyond it: byte_tail bits less for each.
struct ByteDiscounts {
    ByteDiscounts(const KernelTable& kernels, double byte_tail, int32_t longest);

    double byte_tail;
    std::vector<double> of_extra; // [bytes beyond the candidate, 0 .. longest], never rising
};

// For bytes x: the first token of x; tokens longer than it that x starts with and that are shorter than x (inside); and tokens longer than it that start
// with x, which stand together where tokens are sorted by their bytes. The last kind can be thousands, but a row only needs their number by length and the
// heaviest of them: two such ranges lie inside one another or apart, and of tokens in the same ranges a longer one never has more mass. What every row asks
// for stands in one cache line, because a corpus asks for more fits than a cache holds.
struct alignas(64) ByteFit {
    NamedToken first{-1, -1, 0};    // token -1: nothing fits
    int32_t length = 0;             // bytes of x; 0 for a special token
    int32_t start = 0;              // first place of the range
    int32_t places = 0;             // places in it
    int32_t count = 0;              // tokens that fit
    int32_t inside_count = 0;       // of the tokens inside
    int32_t longer_count = 0;       // of the range's tokens longer than the first one at most kMostNamed
    std::unique_ptr<NamedToken[]> named; // [inside_count + 2 * longer_count] inside, then the shortest and the lowest ones of the range
    double byte_tail = std::numeric_limits<double>::quiet_NaN(); // of the discounts of sum
    double sum = 0;                 // of the discounts of all tokens that fit
    struct Extra { int32_t bytes, count; };
    std::vector<Extra> extras;      // how many of the range's tokens longer than the first one are longer than x by so many bytes

    static constexpr int32_t kMostNamed = 64; // a fused row has no more tokens

    // By length, then id.
    std::span<const NamedToken> inside() const { return {named.get(), static_cast<size_t>(inside_count)}; }

    // Of the range's tokens longer than the first one, heaviest first: by length, then id; by id alone where length does not count.
    std::span<const NamedToken> heaviest(double tail) const {
        return {named.get() + inside_count + (tail > 0 ? 0 : longer_count), static_cast<size_t>(longer_count)};
    }

    double sum_of(const ByteDiscounts& discounts) const { return byte_tail == discounts.byte_tail ? sum : add_up(discounts); }
    double add_up(const ByteDiscounts& discounts) const;
};

class ByteFits {
public:
    // The vocabularies are borrowed. encoder null: the longest ordinary token that begins a text stands for its first one, of several the lowest id.
    ByteFits(const Vocabulary& source, const Vocabulary& target, pta_first_token encoder, void* user);

    // What fits a whole ordinary source token. The discounts of whoever asks first are those that its sum is kept for.
    const ByteFit& of_token(int32_t token, const ByteDiscounts& discounts) {
        const ByteFit* known = of_token_[token].load(std::memory_order_acquire);
        return known != nullptr ? *known : find_token(token, discounts);
    }

    // What fits a special source token with this partner, or without one (NearestMap::kNone).
    const ByteFit& of_partner(int32_t partner) const { return partner == NearestMap::kNone ? nothing_ : of_special_.at(partner); }

    // What fits a text, or a text behind a space.
    const ByteFit& of_text(const uint8_t* text, int32_t length, bool space, const ByteDiscounts& discounts);

    const NamedToken& named(int32_t target_token) const { return named_[static_cast<size_t>(target_token)]; }
    int32_t longest() const { return longest_; } // bytes of the target's longest token

private:
    const ByteFit& find_token(int32_t token, const ByteDiscounts& discounts);
    std::unique_ptr<const ByteFit> make(const uint8_t* text, int32_t length, const ByteDiscounts& discounts) const;
    int32_t longest_token(const uint8_t* text, int32_t length) const;
    int32_t lower_bound(const uint8_t* text, int32_t length) const;
    bool starts_with(int32_t token, const uint8_t* text, int32_t length) const;

    const Vocabulary &source_, &target_;
    pta_first_token encoder_;
    void* user_;
    ByteFit nothing_;
    int32_t longest_ = 0;
    std::vector<int32_t> sorted_;   // [places]
    std::vector<NamedToken> named_; // [target]
    std::unordered_map<int32_t, ByteFit> of_special_; // every special target token as a partner
    std::unique_ptr<std::atomic<const ByteFit*>[]> of_token_;
    TextTable<std::unique_ptr<const ByteFit>> known_;
};

} // namespace pta
