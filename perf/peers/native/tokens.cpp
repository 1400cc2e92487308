// Edit distances and nearest tokens by rapidfuzz-cpp, or by a plain dynamic programme where its headers are missing.

#include "tokens.h"

#include <algorithm>
#include <unordered_map>

#ifdef PTA_RAPIDFUZZ
#include <rapidfuzz/distance/Levenshtein.hpp>
#ifndef RAPIDFUZZ_AVX2
#error "rapidfuzz-cpp without its AVX2 path would be no fair peer; compile with -march=native on a machine that has AVX2"
#endif
#endif

namespace {

#ifdef PTA_RAPIDFUZZ
// The targets of at most MaxLen symbols and more than the next smaller class, one per lane.
template <int MaxLen>
struct LengthClass {
    std::vector<uint32_t> ids;
    std::unique_ptr<rapidfuzz::experimental::MultiLevenshtein<MaxLen>> scorer;
    std::vector<size_t> scores;

    void build(const Tokens& targets) {
        ids.clear();
        for (size_t t = 0; t < targets.size(); t++)
            if (size_t length = targets[t].size(); length <= MaxLen && (MaxLen == 8 || length > MaxLen / 2)) ids.push_back(static_cast<uint32_t>(t));
        scorer = std::make_unique<rapidfuzz::experimental::MultiLevenshtein<MaxLen>>(ids.size());
        for (uint32_t t : ids) scorer->insert(targets[t]);
        scores.resize(scorer->result_count());
    }

    template <typename Take>
    void distances(Text query, Take take) {
        if (ids.empty()) return;
        scorer->distance(scores.data(), scores.size(), query);
        take(ids, scores);
    }
};
#else
size_t plain_distance(Text a, Text b, std::vector<size_t>& row) {
    row.resize(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) row[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            size_t up = row[j];
            row[j] = std::min({diagonal + (a[i - 1] != b[j - 1]), up + 1, row[j - 1] + 1});
            diagonal = up;
        }
    }
    return row[b.size()];
}
#endif

// All distances of every source to every target; each row of scores is the library's own size_t and is thrown away.
class EditCase final : public Case {
public:
    explicit EditCase(const std::string& folder) : sources_(folder + "/edit.source"), targets_(folder + "/edit.target") {}

    std::string check() override {
        uint64_t sum = 0;
        pass([&](size_t i, size_t j, size_t distance) { sum += pair_sum(i, j, distance); });
        return ok(units(), sum);
    }

    Lap run(double seconds) override {
        return passes(seconds, [&] {
            pass(nullptr);
            return units();
        });
    }

private:
    double units() const { return static_cast<double>(sources_.size()) * static_cast<double>(targets_.size()); }

    // take(i, j, distance) sees every distance; nullptr sees none.
    template <typename Take>
    void pass(Take take) {
#ifdef PTA_RAPIDFUZZ
        upto8_.build(targets_);
        upto16_.build(targets_);
        upto32_.build(targets_);
        upto64_.build(targets_);
        for (size_t i = 0; i < sources_.size(); i++) {
            auto each = [&]([[maybe_unused]] const std::vector<uint32_t>& ids, [[maybe_unused]] const std::vector<size_t>& scores) {
                if constexpr (!std::is_same_v<Take, std::nullptr_t>)
                    for (size_t s = 0; s < ids.size(); s++) take(i, ids[s], scores[s]);
            };
            upto8_.distances(sources_[i], each);
            upto16_.distances(sources_[i], each);
            upto32_.distances(sources_[i], each);
            upto64_.distances(sources_[i], each);
        }
#else
        for (size_t i = 0; i < sources_.size(); i++)
            for (size_t j = 0; j < targets_.size(); j++) {
                size_t distance = plain_distance(sources_[i], targets_[j], row_);
                if constexpr (std::is_same_v<Take, std::nullptr_t>) kept_ = distance;
                else take(i, j, distance);
            }
#endif
    }

    Tokens sources_, targets_;
#ifdef PTA_RAPIDFUZZ
    LengthClass<8> upto8_;
    LengthClass<16> upto16_;
    LengthClass<32> upto32_;
    LengthClass<64> upto64_;
#else
    std::vector<size_t> row_;
    volatile size_t kept_ = 0;
#endif
};

// Nearest target of each source: exact hits by hash, then every target in order with the best distance so far as cutoff; the first minimum wins.
class MapCase final : public Case {
public:
    explicit MapCase(const std::string& folder) : sources_(folder + "/map.source"), targets_(folder + "/map.target") {}

    std::string check() override {
        build();
        uint64_t sum = 0, queries = 0;
        for (size_t slice = 0; slice < CheckedSlices; slice++)
            for (size_t q = slice; q < sources_.size(); q += Slices, queries++) {
                auto [nearest, distance] = find(sources_[q]);
                sum += nearest_sum(q, nearest, distance);
            }
        return ok(static_cast<double>(queries), sum);
    }

    // Slices of evenly spaced queries, since a whole pass takes long; each pays its share of the building.
    Lap run(double seconds) override {
        double queries = 0, unpaid = 0;
        auto start = Clock::now();
        const double processor = processor_seconds();
        do {
            const double before = processor_seconds();
            build();
            unpaid += (processor_seconds() - before) * (1 - 1.0 / Slices);
            for (size_t q = slice_; q < sources_.size(); q += Slices, queries++) kept_ = find(sources_[q]).second;
            slice_ = (slice_ + 1) % Slices;
        } while (seconds_since(start) < seconds);
        return {queries, processor_seconds() - processor - unpaid};
    }

private:
    static constexpr size_t Slices = 64, CheckedSlices = 8;

    void build() {
        exact_.clear();
        exact_.reserve(targets_.size());
        for (size_t t = 0; t < targets_.size(); t++) exact_.try_emplace(targets_[t], t);
    }

    std::pair<size_t, size_t> find(Text query) {
        if (auto hit = exact_.find(query); hit != exact_.end()) return {hit->second, 0};
        size_t nearest = 0, best = SIZE_MAX;
#ifdef PTA_RAPIDFUZZ
        rapidfuzz::CachedLevenshtein<char32_t> scorer(query);
        for (size_t t = 0; t < targets_.size() && best > 0; t++) {
            size_t distance = scorer.distance(targets_[t], best == SIZE_MAX ? SIZE_MAX : best - 1);
            if (distance < best) nearest = t, best = distance;
        }
#else
        for (size_t t = 0; t < targets_.size() && best > 0; t++) {
            size_t longer = std::max(query.size(), targets_[t].size()), shorter = std::min(query.size(), targets_[t].size());
            if (longer - shorter >= best) continue;
            size_t distance = plain_distance(query, targets_[t], row_);
            if (distance < best) nearest = t, best = distance;
        }
#endif
        return {nearest, best};
    }

    Tokens sources_, targets_;
    std::unordered_map<Text, size_t> exact_;
    size_t slice_ = 0;
    volatile size_t kept_ = 0;
#ifndef PTA_RAPIDFUZZ
    std::vector<size_t> row_;
#endif
};

}  // namespace

std::unique_ptr<Case> make_edit(const std::string& folder) { return std::make_unique<EditCase>(folder); }
std::unique_ptr<Case> make_map(const std::string& folder) { return std::make_unique<MapCase>(folder); }
