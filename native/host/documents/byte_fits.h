// The target tokens that begin the bytes of source tokens and of what rule (b) leaves of them (SPEC A3.3, projection byte), found when a document first asks
// for them and then kept. Readers take no lock, and two threads may find the same one twice.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "host/documents/nearest_map.h"
#include "host/documents/text_table.h"
#include "ptakernels.h"

namespace pta {

struct Vocabulary;

// A target token with what a row asks of it, so that nothing has to be looked up: its place among the sorted tokens (-1: none) and its bytes.
struct NamedToken {
    int32_t token, place, length;
};

// For bytes x: the first token of x; tokens longer than it that x starts with and that are shorter than x (inside); and tokens longer than it that start
// with x, which stand together where tokens are sorted by their bytes. The last kind can be thousands, but a row only needs their number by length and the
// heaviest of them: two such ranges lie inside one another or apart, and of tokens in the same ranges a longer one never has more mass.
struct ByteFit {
    int32_t id = -1;             // numbered as they are found; -1: nothing fits, or a special token
    NamedToken first{-1, -1, 0}; // token -1: nothing fits
    int32_t length = 0;          // bytes of x
    int32_t start = 0;           // first place of the range
    int32_t places = 0;          // places in it
    int32_t count = 0;           // tokens that fit
    std::vector<NamedToken> inside;   // by length, then id
    std::vector<NamedToken> shortest; // of the range's tokens longer than the first one at most kMostNamed: by length, then id
    std::vector<NamedToken> lowest;   // of the same the lowest ids, which is what counts where length does not
    struct Extra { int32_t bytes, count; };
    std::vector<Extra> extras; // how many of the range's tokens longer than the first one are longer than x by so many bytes

    static constexpr int32_t kMostNamed = 64; // a fused row has no more tokens

    const std::vector<NamedToken>& heaviest(double byte_tail) const { return byte_tail > 0 ? shortest : lowest; }

    // Sum of the discounts of all tokens that fit; discounts [extra bytes].
    double sum_of(const double* discounts) const {
        double sum = discounts[first.length > length ? first.length - length : 0] + static_cast<double>(inside.size());
        for (const Extra& extra : extras)
            sum += extra.count * discounts[extra.bytes];
        return sum;
    }
};

class ByteFits {
public:
    // The vocabularies are borrowed. encoder null: the longest ordinary token that begins a text stands for its first one, of several the lowest id.
    ByteFits(const Vocabulary& source, const Vocabulary& target, pta_first_token encoder, void* user);

    // What fits a whole ordinary source token.
    const ByteFit& of_token(int32_t token) {
        const ByteFit* known = of_token_[token].load(std::memory_order_acquire);
        return known != nullptr ? *known : find_token(token);
    }

    // What fits a special source token with this partner, or without one (NearestMap::kNone).
    const ByteFit& of_partner(int32_t partner) const { return partner == NearestMap::kNone ? nothing_ : of_special_.at(partner); }

    // What fits a text, or a text behind a space.
    const ByteFit& of_text(const uint8_t* text, int32_t length, bool space);

    const NamedToken& named(int32_t target_token) const { return named_[static_cast<size_t>(target_token)]; }
    int32_t longest() const { return longest_; }                                       // bytes of the target's longest token
    int32_t found() const { return found_.load(std::memory_order_relaxed); }           // ids so far

private:
    const ByteFit& find_token(int32_t token);
    ByteFit make(const uint8_t* text, int32_t length);
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
    std::atomic<int32_t> found_{0};
    std::unordered_map<int32_t, ByteFit> of_special_; // every special target token as a partner
    std::unique_ptr<std::atomic<const ByteFit*>[]> of_token_;
    TextTable<ByteFit> known_;
};

} // namespace pta
