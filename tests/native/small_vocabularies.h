// Two hand-made vocabularies and random documents in them, for the tests of whole documents.
#pragma once
#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "host/documents/documents.h"

// A vocabulary of plain ASCII tokens; "<s>" and "</s>" are special.
struct SmallVocabulary {
    std::vector<std::string> tokens;
    std::vector<uint8_t> bytes, roles;
    std::vector<int32_t> byte_offsets{0};
    std::vector<std::unique_ptr<pta_tape>> tapes;
    bool dummy_prefix = false;

    SmallVocabulary(std::vector<std::string> all, bool dummy_prefix) : tokens(std::move(all)), dummy_prefix(dummy_prefix) {
        for (const std::string& token : tokens) {
            bool bos = token == "<s>", eos = token == "</s>";
            roles.push_back(static_cast<uint8_t>(bos ? PTA_ROLE_SPECIAL | PTA_ROLE_BOS : eos ? PTA_ROLE_SPECIAL | PTA_ROLE_EOS : 0));
            if (!bos && !eos)
                bytes.insert(bytes.end(), token.begin(), token.end());
            byte_offsets.push_back(static_cast<int32_t>(bytes.size()));
        }
    }

    // A tape of all tokens with spaces replaced, or left out for '\0'.
    const pta_tape* tape(char space, bool with_roles) {
        std::vector<int32_t> symbols, offsets{0};
        for (const std::string& token : tokens) {
            for (char c : token) {
                if (c != ' ' || space != 0)
                    symbols.push_back(c == ' ' ? space : c);
            }
            offsets.push_back(static_cast<int32_t>(symbols.size()));
        }
        pta_tape_view view{sizeof view, static_cast<int32_t>(tokens.size()), symbols.data(), offsets.data(), with_roles ? roles.data() : nullptr};
        tapes.emplace_back(new pta_tape(view));
        return tapes.back().get();
    }

    pta_vocabulary_view view() {
        return {sizeof(pta_vocabulary_view), static_cast<int32_t>(tokens.size()), tape(' ', true), bytes.data(), byte_offsets.data(), dummy_prefix ? 1 : 0, 0};
    }

    int32_t find(const std::string& token) const {
        auto at = std::find(tokens.begin(), tokens.end(), token);
        return at == tokens.end() ? -1 : static_cast<int32_t>(at - tokens.begin());
    }

    // Longest token first; every letter is a token.
    std::vector<int32_t> encode(std::string text, bool ends) const {
        std::vector<int32_t> ids;
        if (dummy_prefix) {
            ids.push_back(find("<s>"));
            text = " " + text;
        }
        for (size_t at = 0; at < text.size();) {
            size_t length = std::min<size_t>(8, text.size() - at);
            while (find(text.substr(at, length)) < 0)
                length--;
            ids.push_back(find(text.substr(at, length)));
            at += length;
        }
        if (ends)
            ids.push_back(find("</s>"));
        return ids;
    }
};

struct SmallPair {
    SmallVocabulary source, target;
    std::vector<int32_t> same, owner;
    std::vector<uint8_t> marker;
    std::unique_ptr<pta_vocabulary_pair> pair;

    SmallPair(SmallVocabulary s, SmallVocabulary t) : source(std::move(s)), target(std::move(t)) {
        pta_official_view official{};
        official.struct_size = sizeof official;
        official.keys = source.tape('_', false);
        official.target_strings = target.tape('_', false);
        official.source_stripped = source.tape(0, false);
        official.target_stripped = target.tape(0, false);
        official.target_without_source_marker = target.tape('_', false);
        for (size_t id = 0; id < source.tokens.size(); id++) {
            same.push_back(target.find(source.tokens[id]));
            owner.push_back(static_cast<int32_t>(id));
        }
        for (const std::string& token : target.tokens)
            marker.push_back(token[0] == ' ');
        official.same_string = official.prefixed_same_string = same.data();
        official.prefixed_key_owner = owner.data();
        official.target_starts_with_marker = marker.data();
        pair = std::make_unique<pta_vocabulary_pair>(source.view(), target.view(), &official);
        pair->byte_fits = std::make_unique<pta::ByteFits>(pair->source, pair->target, &first_token, &target);
    }

    // The longest token that a text starts with.
    static int32_t first_token(void* user, const uint8_t* text, int32_t length) {
        const SmallVocabulary& vocabulary = *static_cast<const SmallVocabulary*>(user);
        for (int32_t longest = std::min(length, 8); longest > 0; longest--) {
            int32_t token = vocabulary.find(std::string(reinterpret_cast<const char*>(text), static_cast<size_t>(longest)));
            if (token >= 0)
                return token;
        }
        return -1;
    }
};

// One model's view, with candidates.
struct SmallView {
    std::vector<int32_t> ids, indices;
    std::vector<double> values, lse;
    int32_t k;

    SmallView(const SmallVocabulary& vocabulary, const std::string& text, int32_t k, std::mt19937& random) : ids(vocabulary.encode(text, true)), k(k) {
        int32_t count = static_cast<int32_t>(vocabulary.tokens.size());
        for (size_t t = 0; t < ids.size(); t++) {
            std::vector<int32_t> row{t + 1 < ids.size() ? ids[t + 1] : 2};
            while (static_cast<int32_t>(row.size()) < k) {
                int32_t token = static_cast<int32_t>(random() % static_cast<uint32_t>(count));
                if (std::find(row.begin(), row.end(), token) == row.end())
                    row.push_back(token);
            }
            double sum = 0.2;
            for (int32_t c = 0; c < k; c++) {
                indices.push_back(row[static_cast<size_t>(c)]);
                values.push_back(4 - 0.25 * c - static_cast<double>(random() % 3) / 64);
                sum += std::exp(values.back());
            }
            lse.push_back(std::log(sum));
        }
    }

    pta_tokenized_document view() const {
        return {ids.data(), indices.data(), values.data(), lse.data(), nullptr, static_cast<int32_t>(ids.size()), k};
    }
};

// A document with room for its results.
struct SmallDocument {
    SmallView source, target;
    std::vector<int32_t> starts, tokens;
    std::vector<double> values;
    std::vector<pta_row> rows;

    SmallDocument(const SmallPair& pair, const std::string& source_text, const std::string& target_text, int32_t source_k, int32_t target_k, std::mt19937& random)
        : source(pair.source, source_text, source_k, random), target(pair.target, target_text, target_k, random) {}

    pta_document view(const pta_align_options& options) {
        pta_document document{};
        document.source = source.view();
        document.target = target.view();
        document.capacity = pta::align_capacity(options, document.target.length, source.k, target.k);
        size_t capacity = static_cast<size_t>(document.capacity), length = target.ids.size();
        starts.assign(length + 1, -1);
        tokens.assign(capacity, -1);
        values.assign(capacity, -1);
        rows.assign(length, pta_row{});
        document.starts = starts.data();
        document.tokens = tokens.data();
        document.values = values.data();
        document.rows = rows.data();
        return document;
    }
};
