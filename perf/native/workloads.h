// Fixed work for each kernel, made from one seed: the same calls on every machine and for every library.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "library.h"

namespace perf {

// SplitMix64: the same numbers everywhere, unlike the standard library's distributions.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        uint64_t z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    int below(int limit) { return static_cast<int>(next() % static_cast<uint64_t>(limit)); }
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    uint64_t state_;
};

// A vocabulary: words over a skewed alphabet, most of 1 to 9 letters, some long ones; half of them begin with a space.
struct Words {
    std::vector<std::string> words;

    Words(int count, uint64_t seed) {
        Random random(seed);
        std::map<std::string, int> known;
        while (static_cast<int>(words.size()) < count) {
            std::string word = random.below(2) ? " " : "";
            const int length = 1 + random.below(5) + random.below(5) + (random.below(40) == 0 ? random.below(30) : 0);
            for (int i = 0; i < length; i++) word += static_cast<char>('a' + std::min(random.below(26), random.below(26)));
            if (known.emplace(word, 0).second) words.push_back(word);
        }
    }
};

// A tape and the arrays it was made from.
class Tape {
public:
    Tape(const Library& library, const std::vector<std::string>& words) : library_(library) {
        std::vector<int32_t> symbols, offsets{0};
        for (const std::string& word : words) {
            for (unsigned char c : word) symbols.push_back(c);
            offsets.push_back(static_cast<int32_t>(symbols.size()));
        }
        pta_tape_view view{sizeof view, static_cast<int32_t>(words.size()), symbols.data(), offsets.data(), nullptr};
        library.require(library.tape_create(&view, &tape_));
    }
    Tape(const Tape&) = delete;
    ~Tape() { library_.tape_destroy(tape_); }
    operator const pta_tape*() const { return tape_; }

private:
    const Library& library_;
    pta_tape* tape_ = nullptr;
};

inline std::vector<int32_t> some_tokens(int count, int vocabulary, uint64_t seed) {
    Random random(seed);
    std::vector<int32_t> tokens(count);
    for (int32_t& t : tokens) t = random.below(vocabulary);
    return tokens;
}

// Transports as documents lead to them: cheap diagonals among costs of a few edits, decaying marginals.
struct Problems {
    std::vector<uint8_t> cost;
    std::vector<double> a, b, plan;
    std::vector<pta_transport_outcome> outcomes;
    int batch;

    explicit Problems(int count) : batch(count) {
        constexpr int n = 10;
        Random random(7);
        for (int p = 0; p < count; p++) {
            for (int e = 0; e < n * n; e++) cost.push_back(e % (n + 1) == 0 && random.below(3) ? 0 : static_cast<uint8_t>(1 + random.below(7)));
            for (std::vector<double>* side : {&a, &b}) {
                double sum = 0;
                for (int i = 0; i < n; i++) side->push_back(std::exp(-0.7 * i * random.unit())), sum += side->back();
                for (int i = 0; i < n; i++) (*side)[side->size() - n + i] /= sum;
            }
        }
        plan.resize(cost.size());
        outcomes.resize(count);
    }
};

// A text cut in two ways: the pieces of each side are its vocabulary, and each row's candidates begin with the token that follows.
class Documents {
public:
    Documents(const Library& library, int preset, int projection, int length) : library_(library) {
        Random random(11);
        std::string text;
        const Words lexicon(400, 5);
        while (static_cast<int>(text.size()) < 5 * length) text += lexicon.words[std::min(random.below(400), random.below(400))];
        sides_[0].cut(text, random, 7);
        sides_[1].cut(text, random, 9);
        for (Side& side : sides_) side.finish(library, random);
        const Tape &source = *sides_[0].tape, &target = *sides_[1].tape;
        std::vector<int32_t> same, owner;
        for (size_t s = 0; s < sides_[0].words.size(); s++) {
            auto found = sides_[1].ids.find(sides_[0].words[s]);
            same.push_back(found == sides_[1].ids.end() ? -1 : found->second);
            owner.push_back(static_cast<int32_t>(s));
        }
        std::vector<uint8_t> starts(sides_[1].words.size());
        pta_official_view official{sizeof official, 0, source, target, source, target, target, same.data(), same.data(), owner.data(), starts.data(), nullptr};
        pta_vocabulary_view views[2] = {sides_[0].view(), sides_[1].view()};
        library.require(library.vocabulary_pair_create(&views[0], &views[1], &official, &pair_));
        if (projection == PTA_PROJECTION_BYTE) library.require(library.vocabulary_pair_set_encoder(pair_, nullptr, nullptr));
        options_.struct_size = offsetof(pta_align_options, transport); // the first version's, which an older library under comparison knows too
        options_.preset = preset;
        options_.mass = PTA_MASS_RENORMALISED;
        options_.projection = projection;
        options_.byte_tail = projection == PTA_PROJECTION_BYTE ? 2 : 0;
        options_.window = 10;
        options_.max_iterations = 1000000;
        options_.threads = 1;
        options_.epsilon = 1.0 / 30;
        options_.tolerance = 1e-5;
        options_.temperature = 1;
        document_.source = sides_[0].document();
        document_.target = sides_[1].document();
        const int32_t rows = document_.target.length;
        document_.capacity = library.align_capacity(&options_, rows, K, K);
        starts_.resize(rows + 1), tokens_.resize(document_.capacity), values_.resize(document_.capacity), rows_.resize(rows);
        document_.starts = starts_.data(), document_.tokens = tokens_.data(), document_.values = values_.data(), document_.rows = rows_.data();
    }
    Documents(const Documents&) = delete;
    ~Documents() { library_.vocabulary_pair_destroy(pair_); }

    void align() { library_.require(library_.align_batch(library_.workspace, pair_, &options_, &document_, 1)); }

private:
    static constexpr int K = 10;

    struct Side {
        std::vector<std::string> words;
        std::map<std::string, int32_t> ids;
        std::vector<int32_t> tokens, candidates, offsets{0};
        std::vector<double> logits;
        std::vector<uint8_t> bytes;
        std::unique_ptr<Tape> tape;

        void cut(const std::string& text, Random& random, int longest) {
            for (size_t at = 0; at < text.size();) {
                // Cuts prefer to stand before a space, so that the two sides share many boundaries.
                size_t length = 1 + random.below(longest), space = text.find(' ', at + 1);
                if (space != std::string::npos && space - at <= length + 2) length = space - at;
                const std::string piece = text.substr(at, length);
                auto [found, fresh] = ids.emplace(piece, static_cast<int32_t>(words.size()));
                if (fresh) words.push_back(piece);
                tokens.push_back(found->second);
                at += length;
            }
        }

        void finish(const Library& library, Random& random) {
            for (const std::string& word : words) {
                bytes.insert(bytes.end(), word.begin(), word.end());
                offsets.push_back(static_cast<int32_t>(bytes.size()));
            }
            tape = std::make_unique<Tape>(library, words);
            for (size_t t = 0; t < tokens.size(); t++) {
                double logit = 14;
                for (int k = 0; k < K; k++) {
                    int32_t token = k == 0 && t + 1 < tokens.size() ? tokens[t + 1] : random.below(static_cast<int>(words.size()));
                    for (int c = 0; c < k; c++)
                        if (candidates[candidates.size() - k + c] == token) token = (token + 1) % static_cast<int32_t>(words.size()), c = -1;
                    candidates.push_back(token);
                    logits.push_back(logit -= 0.1 + random.unit());
                }
            }
        }

        pta_vocabulary_view view() const { return {sizeof(pta_vocabulary_view), static_cast<int32_t>(words.size()), *tape, bytes.data(), offsets.data(), 0, 0}; }

        pta_tokenized_document document() const {
            return {tokens.data(), candidates.data(), logits.data(), nullptr, nullptr, static_cast<int32_t>(tokens.size()), K};
        }
    };

    const Library& library_;
    Side sides_[2];
    pta_vocabulary_pair* pair_ = nullptr;
    pta_align_options options_{};
    pta_document document_{};
    std::vector<int32_t> starts_, tokens_;
    std::vector<double> values_;
    std::vector<pta_row> rows_;
};

using Pass = std::function<void()>;

inline Pass transports(const Library& library, int kind, int count) {
    auto problems = std::make_shared<Problems>(count);
    return [&library, problems, kind] {
        pta_transport_options options{sizeof options, kind, 1.0 / 30, 1e-5, 0.05, 1000000, 0};
        Problems& p = *problems;
        library.require(library.solve_transport_u8(library.workspace, &options, p.batch, 10, 10, p.cost.data(), p.a.data(),
                                                   kind == PTA_TRANSPORT_SEMI_RELAXED ? nullptr : p.b.data(), p.plan.data(), nullptr, nullptr, p.outcomes.data()));
    };
}

inline Pass documents(const Library& library, int preset, int projection = PTA_PROJECTION_TOP1) {
    auto work = std::make_shared<Documents>(library, preset, projection, 800);
    return [work] { work->align(); };
}

// Every kernel's name and a maker of its pass; making it is not measured.
inline std::vector<std::pair<std::string, std::function<Pass(const Library&)>>> kernels() {
    return {
        {"cost-matrix", [](const Library& library) -> Pass {
             const Words words(4000, 1);
             auto tape = std::make_shared<Tape>(library, words.words);
             auto rows = some_tokens(200, 4000, 2), columns = some_tokens(4000, 4000, 3);
             auto cost = std::make_shared<std::vector<uint8_t>>(rows.size() * columns.size());
             return [&library, tape, rows, columns, cost] {
                 library.require(library.cost_matrix_u8(library.workspace, *tape, rows.data(), static_cast<int64_t>(rows.size()), *tape, columns.data(),
                                                        static_cast<int64_t>(columns.size()), cost->data(), static_cast<int64_t>(columns.size())));
             };
         }},
        {"cost-blocks", [](const Library& library) -> Pass {
             const Words words(4000, 1);
             auto tape = std::make_shared<Tape>(library, words.words);
             auto rows = some_tokens(8000, 4000, 2), columns = some_tokens(8000, 4000, 3);
             auto cost = std::make_shared<std::vector<uint8_t>>(800 * 100);
             return [&library, tape, rows, columns, cost] {
                 library.require(library.cost_matrices_u8(library.workspace, *tape, rows.data(), *tape, columns.data(), 800, 10, 10, cost->data()));
             };
         }},
        {"nearest", [](const Library& library) -> Pass {
             auto sources = std::make_shared<Words>(3000, 21), targets = std::make_shared<Words>(6000, 22);
             auto tokens = some_tokens(3000, 3000, 4);
             auto found = std::make_shared<std::vector<int32_t>>(6000);
             return [&library, sources, targets, tokens, found] {
                 // Fresh tapes: what a search builds on them is part of the work.
                 const Tape source(library, sources->words), target(library, targets->words);
                 library.require(library.find_nearest_tokens(library.workspace, source, tokens.data(), 3000, target, found->data(), found->data() + 3000));
             };
         }},
        {"path", [](const Library& library) -> Pass {
             Random random(31);
             auto source = std::make_shared<std::vector<int32_t>>(), target = std::make_shared<std::vector<int32_t>>();
             for (int t = 0; t < 1000; t++) {
                 const int token = random.below(300);
                 if (random.below(8)) source->push_back(token);
                 if (random.below(8)) target->push_back(random.below(10) ? token : random.below(300));
             }
             auto cost = std::make_shared<std::vector<uint8_t>>();
             for (int e = 0; e < 300 * 300; e++) cost->push_back(e % 301 == 0 ? 0 : static_cast<uint8_t>(1 + random.below(9)));
             auto steps = std::make_shared<std::vector<int32_t>>(4000);
             return [&library, source, target, cost, steps] {
                 int64_t count, total;
                 library.require(library.find_alignment_path_u8(library.workspace, source->data(), static_cast<int64_t>(source->size()), target->data(),
                                                                static_cast<int64_t>(target->size()), cost->data(), 300, 300, 300, steps->data(), 2000, &count, &total));
             };
         }},
        {"official", [](const Library& library) { return transports(library, PTA_TRANSPORT_OFFICIAL, 400); }},
        {"balanced", [](const Library& library) { return transports(library, PTA_TRANSPORT_BALANCED, 400); }},
        {"unbalanced", [](const Library& library) { return transports(library, PTA_TRANSPORT_UNBALANCED, 400); }},
        {"semi-relaxed", [](const Library& library) { return transports(library, PTA_TRANSPORT_SEMI_RELAXED, 4000); }},
        {"documents-reference", [](const Library& library) { return documents(library, PTA_PRESET_REFERENCE); }},
        {"documents-paper", [](const Library& library) { return documents(library, PTA_PRESET_PAPER); }},
        {"documents-fusion", [](const Library& library) { return documents(library, PTA_PRESET_FUSION, PTA_PROJECTION_BYTE); }},
        {"documents-transport", [](const Library& library) { return documents(library, PTA_PRESET_FUSION); }},
    };
}

}  // namespace perf
