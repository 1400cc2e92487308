// Edit distances and nearest tokens by edlib, a call per pair as its users make it: global distance, no path. It works on bytes. A distance depends only on
// which symbols of the source are equal to which of the target, so the 255 commonest symbols of all sources have a byte each, once for all pairs, and every
// other symbol of a target is byte 0; a source with a rarer symbol has its own bytes, and its pairs theirs. Made before the clock starts, but for those.

#include <edlib.h>

#include <algorithm>
#include <unordered_map>

#include "tokens.h"

namespace {

constexpr char Other = 0;
constexpr size_t Codes = 255;

using Alphabet = std::unordered_map<char32_t, char>;

class Bytes {
public:
    Bytes(const Tokens& sources, const Tokens& targets) : targets_(targets) {
        std::unordered_map<char32_t, size_t> counts;
        for (size_t t = 0; t < sources.size(); t++)
            for (char32_t symbol : sources[t]) counts[symbol]++;
        std::vector<std::pair<size_t, char32_t>> common;
        for (auto [symbol, count] : counts) common.emplace_back(count, symbol);
        std::sort(common.rbegin(), common.rend());
        for (size_t c = 0; c < std::min(Codes, common.size()); c++) alphabet_.emplace(common[c].second, static_cast<char>(c + 1));
        for (size_t t = 0; t < targets.size(); t++) encoded_.push_back(encode(targets[t], alphabet_));
    }

    // The distances of one source to targets as they are asked for; -1 where one is over the limit (-1 = none).
    class Source {
    public:
        Source(const Bytes& all, Text source) : all_(all), own_(false) {
            for (char32_t symbol : source) own_ |= !all.alphabet_.contains(symbol);
            if (own_)
                for (char32_t symbol : source)
                    if (alphabet_.try_emplace(symbol, static_cast<char>(alphabet_.size() + 1)); alphabet_.size() > Codes)
                        throw std::runtime_error("a token has more than 255 different symbols");
            source_ = encode(source, own_ ? alphabet_ : all.alphabet_);
        }

        int distance(size_t target, int limit) const {
            if (!own_) return call(all_.encoded_[target], limit);
            return call(encode(all_.targets_[target], alphabet_), limit);
        }

    private:
        int call(const std::string& target, int limit) const {
            EdlibAlignResult result = edlibAlign(source_.data(), static_cast<int>(source_.size()), target.data(), static_cast<int>(target.size()),
                                                 edlibNewAlignConfig(limit, EDLIB_MODE_NW, EDLIB_TASK_DISTANCE, nullptr, 0));
            const int distance = result.editDistance;
            edlibFreeAlignResult(result);
            return distance;
        }

        const Bytes& all_;
        bool own_;
        Alphabet alphabet_;
        std::string source_;
    };

private:
    static std::string encode(Text text, const Alphabet& alphabet) {
        std::string bytes;
        for (char32_t symbol : text) {
            auto code = alphabet.find(symbol);
            bytes.push_back(code == alphabet.end() ? Other : code->second);
        }
        return bytes;
    }

    const Tokens& targets_;
    Alphabet alphabet_;
    std::vector<std::string> encoded_;
};

// Every how many of some items a slice takes one, so that it has about so many of them.
size_t stride_of(size_t items, size_t of_a_slice) { return std::max<size_t>(1, items / of_a_slice); }

// Evenly spaced rows of all-pairs work.
class EdlibEdit final : public Case {
public:
    explicit EdlibEdit(const std::string& folder)
        : sources_(folder + "/edit.source"), targets_(folder + "/edit.target"), checked_(read_array<int32_t>(folder + "/edit.checked")), bytes_(sources_, targets_) {}

    std::string check() override {
        uint64_t sum = 0;
        for (int32_t i : checked_) {
            Bytes::Source source(bytes_, sources_[i]);
            for (size_t j = 0; j < targets_.size(); j++) sum += pair_sum(i, j, static_cast<size_t>(source.distance(j, -1)));
        }
        return ok(static_cast<double>(checked_.size()) * static_cast<double>(targets_.size()), sum);
    }

    Lap run(double seconds) override {
        return passes(seconds, [&] {
            const size_t stride = stride_of(sources_.size(), RowsOfSlice);
            double rows = 0;
            for (size_t i = slice_ % stride; i < sources_.size(); i += stride, rows++) {
                Bytes::Source source(bytes_, sources_[i]);
                for (size_t j = 0; j < targets_.size(); j++) kept_ = source.distance(j, -1);
            }
            slice_++;
            return rows * static_cast<double>(targets_.size());
        });
    }

private:
    static constexpr size_t RowsOfSlice = 8;

    Tokens sources_, targets_;
    std::vector<int32_t> checked_;
    Bytes bytes_;
    size_t slice_ = 0;
    volatile int kept_ = 0;
};

// Evenly spaced queries of a map: exact hits by hash, then every target whose length allows it, with the best distance so far as limit; the first minimum wins.
class EdlibMap final : public Case {
public:
    explicit EdlibMap(const std::string& folder)
        : sources_(folder + "/map.source"), targets_(folder + "/map.target"), checked_(read_array<int32_t>(folder + "/map.checked")), bytes_(sources_, targets_) {
        for (size_t t = 0; t < targets_.size(); t++) exact_.try_emplace(targets_[t], t);
    }

    std::string check() override {
        uint64_t sum = 0;
        for (int32_t q : checked_) {
            auto [nearest, distance] = find(sources_[q]);
            sum += nearest_sum(q, nearest, distance);
        }
        return ok(static_cast<double>(checked_.size()), sum);
    }

    Lap run(double seconds) override {
        return passes(seconds, [&] {
            const size_t stride = stride_of(sources_.size(), QueriesOfSlice);
            double queries = 0;
            for (size_t q = slice_ % stride; q < sources_.size(); q += stride, queries++) kept_ = find(sources_[q]).second;
            slice_++;
            return queries;
        });
    }

private:
    static constexpr size_t QueriesOfSlice = 16;

    std::pair<size_t, size_t> find(Text query) const {
        if (auto hit = exact_.find(query); hit != exact_.end()) return {hit->second, 0};
        Bytes::Source source(bytes_, query);
        size_t nearest = 0, best = SIZE_MAX;
        for (size_t t = 0; t < targets_.size(); t++) {
            const size_t longer = std::max(query.size(), targets_[t].size()), shorter = std::min(query.size(), targets_[t].size());
            if (longer - shorter >= best) continue;
            const int distance = source.distance(t, best == SIZE_MAX ? -1 : static_cast<int>(best) - 1);
            if (distance >= 0 && static_cast<size_t>(distance) < best) nearest = t, best = static_cast<size_t>(distance);
        }
        return {nearest, best};
    }

    Tokens sources_, targets_;
    std::vector<int32_t> checked_;
    Bytes bytes_;
    std::unordered_map<Text, size_t> exact_;
    size_t slice_ = 0;
    volatile size_t kept_ = 0;
};

}  // namespace

std::unique_ptr<Case> make_edlib_edit(const std::string& folder) { return std::make_unique<EdlibEdit>(folder); }
std::unique_ptr<Case> make_edlib_map(const std::string& folder) { return std::make_unique<EdlibMap>(folder); }
