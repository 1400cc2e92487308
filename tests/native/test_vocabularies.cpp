// Vocabularies made of token strings, through the C ABI: what strings mean, and that joined pairs align as pairs of hand-made views do.
#include <cstdio>
#include <cstring>

#include "small_vocabularies.h"

namespace {

long passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s (%s)\n", what.c_str(), pta_last_error());
}

struct Tokens {
    std::string strings, marker;
    std::vector<int32_t> offsets{0}, text_offsets;
    std::vector<uint8_t> roles, texts;
    int32_t style, dummy_prefix = 0;

    Tokens(const std::vector<std::string>& all, int32_t style) : style(style) {
        for (const std::string& token : all) {
            strings += token;
            offsets.push_back(static_cast<int32_t>(strings.size()));
        }
        roles.assign(all.size(), 0);
    }

    pta_token_strings view() const {
        pta_token_strings view{};
        view.struct_size = sizeof view;
        view.count = static_cast<int32_t>(offsets.size()) - 1;
        view.strings = strings.data();
        view.string_offsets = offsets.data();
        view.roles = roles.data();
        view.texts = text_offsets.empty() ? nullptr : texts.data();
        view.text_offsets = text_offsets.empty() ? nullptr : text_offsets.data();
        view.marker = marker.empty() ? nullptr : marker.c_str();
        view.style = style;
        view.adds_dummy_prefix = dummy_prefix;
        return view;
    }

    pta_vocabulary* create() const {
        pta_vocabulary* vocabulary = nullptr;
        pta_token_strings v = view();
        check(pta_vocabulary_create(&v, &vocabulary) == PTA_OK, "create");
        return vocabulary;
    }
};

std::string text_of(const pta_vocabulary* vocabulary, int32_t id) {
    const uint8_t* text = nullptr;
    int32_t length = 0;
    check(pta_vocabulary_token(vocabulary, id, &text, &length, nullptr) == PTA_OK, "token");
    return std::string(reinterpret_cast<const char*>(text), static_cast<size_t>(length));
}

uint8_t roles_of(const pta_vocabulary* vocabulary, int32_t id) {
    uint8_t roles = 0;
    check(pta_vocabulary_token(vocabulary, id, nullptr, nullptr, &roles) == PTA_OK, "roles");
    return roles;
}

std::vector<int32_t> symbols_of(const pta_tape* tape, int32_t id) { return {tape->symbols_of(id), tape->symbols_of(id) + tape->length_of(id)}; }

void test_sentencepiece() {
    Tokens tokens({"<s>", "\xE2\x96\x81the", "<0x0A>", "<0xe9>", "<0xZZ>", "a\xE2\x96\x81\xE2\x96\x81z", "", "\xF0\x9F\x98\x80"}, PTA_STYLE_SENTENCEPIECE);
    tokens.roles[0] = PTA_ROLE_BOS;
    tokens.roles[6] = PTA_ROLE_HOLE;
    pta_vocabulary* v = tokens.create();
    const char* expected[] = {"", " the", "\n", "\xE9", "<0xZZ>", "a  z", "", "\xF0\x9F\x98\x80"};
    for (int32_t id = 0; id < 8; id++)
        check(text_of(v, id) == expected[id], "text of piece " + std::to_string(id));
    check(roles_of(v, 0) == (PTA_ROLE_BOS | PTA_ROLE_SPECIAL), "a role makes a token special");
    check(roles_of(v, 6) == PTA_ROLE_HOLE && roles_of(v, 1) == 0, "roles");
    const pta_tape* texts = pta_vocabulary_texts(v);
    check(symbols_of(texts, 0) == std::vector<int32_t>{'<', 's', '>'}, "a special token's symbols are its string");
    check(symbols_of(texts, 3) == std::vector<int32_t>{0xDC00 + 0xE9}, "a byte of a character");
    check(symbols_of(texts, 7) == std::vector<int32_t>{0x1F600}, "a code point");
    const pta_tape* strings = nullptr;
    check(pta_vocabulary_strings(v, &strings) == PTA_OK && symbols_of(strings, 2).size() == 6 && strings->is_hole(6), "strings as they are");
    int32_t id = 0;
    check(pta_vocabulary_find(v, "<0x0A>", 6, &id) == PTA_OK && id == 2, "find");
    check(pta_vocabulary_find(v, "", 0, &id) == PTA_OK && id == -1, "a hole is not found");
    check(pta_vocabulary_count(v) == 8, "count");
    pta_vocabulary_destroy(v);
}

void test_byte_level() {
    // Every byte has one character, and every character gives its byte back.
    std::vector<std::string> characters;
    std::vector<uint8_t> bytes;
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
        int point = (b > 0x20 && b < 0x7F) || (b > 0xA0 && b != 0xAD) ? b : next++;
        characters.push_back(point < 0x80 ? std::string(1, static_cast<char>(point))
                                          : std::string{static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 0x3F))});
    }
    characters.push_back("\xC4\xA0the"); // U+0120
    characters.push_back("<|x\xE2\x82\xAC|>");
    characters.push_back("\xED\xA0\x80z"); // a lone surrogate
    pta_vocabulary* v = Tokens(characters, PTA_STYLE_BYTE_LEVEL).create();
    for (int32_t b = 0; b < 256; b++)
        check(text_of(v, b) == std::string(1, static_cast<char>(b)), "byte " + std::to_string(b));
    check(text_of(v, 256) == " the", "a word behind its marker");
    check(roles_of(v, 257) == PTA_ROLE_SPECIAL && text_of(v, 257).empty(), "a string outside of the alphabet is special");
    check(symbols_of(pta_vocabulary_texts(v), 258) == std::vector<int32_t>({0xD800, 'z'}), "a lone surrogate is one symbol");
    pta_vocabulary_destroy(v);
}

void test_given_texts() {
    Tokens tokens({"A", "B", "C"}, PTA_STYLE_BYTE_LEVEL);
    tokens.texts = {'x', 'y', 'z'};
    tokens.text_offsets = {0, 2, 3, 3};
    tokens.roles[1] = PTA_ROLE_EOS;
    pta_vocabulary* v = tokens.create();
    check(text_of(v, 0) == "xy" && text_of(v, 1).empty() && text_of(v, 2).empty(), "texts as given, none for special tokens");
    pta_vocabulary_destroy(v);
}

void test_refusals() {
    pta_vocabulary* v = nullptr;
    auto refused = [&](const pta_token_strings& view, const char* sentence) {
        pta_status status = pta_vocabulary_create(&view, &v);
        check(status < 0 && v == nullptr && std::strstr(pta_last_error(), sentence) != nullptr, sentence);
    };
    Tokens twice({"a", "b", "a"}, PTA_STYLE_SENTENCEPIECE), good({"a", "b"}, PTA_STYLE_SENTENCEPIECE);
    refused(twice.view(), "ids 0 and 2 have one string");
    pta_token_strings view = good.view();
    view.struct_size = 8;
    refused(view, "struct_size");
    view = good.view();
    view.style = 2;
    refused(view, "tokens.style");
    view = good.view();
    view.marker = "";
    refused(view, "marker is empty");
    view = good.view();
    view.text_offsets = view.string_offsets;
    refused(view, "give both or neither");
    view = good.view();
    view.count = 0;
    refused(view, "tokens.count");
    good.roles[1] = PTA_ROLE_HOLE | PTA_ROLE_EOS;
    refused(good.view(), "tokens.roles[1]");
    good.roles[1] = 0;
    good.offsets[1] = 3;
    refused(good.view(), "offsets ascend");
    twice.roles[2] = PTA_ROLE_HOLE;
    v = twice.create(); // a hole's string means nothing
    int32_t outside[] = {0, -2, -1};
    pta_vocabulary_pair* pair = nullptr;
    check(pta_vocabulary_pair_join(v, v, 1, outside, &pair) < 0 && std::strstr(pta_last_error(), "map[1] is -2") != nullptr, "map out of range");
    check(pta_vocabulary_pair_join(v, v, 0, outside, &pair) < 0, "a map without the official view");
    check(pta_vocabulary_token(v, 3, nullptr, nullptr, nullptr) < 0, "an id outside");
    pta_vocabulary_destroy(v);
}

// The same words as SmallVocabulary's, with a marker for the space.
pta_vocabulary* vocabulary_of(const SmallVocabulary& small, char marker) {
    std::vector<std::string> strings = small.tokens;
    for (std::string& string : strings)
        std::replace(string.begin(), string.end(), ' ', marker);
    Tokens tokens(strings, PTA_STYLE_SENTENCEPIECE);
    tokens.roles = small.roles;
    tokens.marker = marker;
    tokens.dummy_prefix = small.dummy_prefix;
    tokens.texts = small.bytes;
    tokens.text_offsets = small.byte_offsets;
    return tokens.create();
}

SmallPair small_pair() {
    std::vector<std::string> letters{"<s>", "</s>", " "};
    for (char c = 'a'; c <= 'z'; c++)
        letters.push_back(std::string(1, c));
    std::vector<std::string> source = letters, target = letters;
    for (const char* word : {" the", "the", " cat", "cats", " sat", " on", "er", "ing"})
        source.push_back(word);
    for (const char* word : {" t", "he", " cat", "at", " sat", " o", "n ", "er", "ts"})
        target.push_back(word);
    return SmallPair(SmallVocabulary(source, false), SmallVocabulary(target, true));
}

void test_joined_pairs_align_alike() {
    SmallPair pair = small_pair();
    pta_vocabulary *source = vocabulary_of(pair.source, '+'), *target = vocabulary_of(pair.target, '_');
    pta_vocabulary_pair *joined = nullptr, *plain = nullptr;
    check(pta_vocabulary_pair_join(source, target, 1, nullptr, &joined) == PTA_OK, "join");
    check(pta_vocabulary_pair_join(source, target, 0, nullptr, &plain) == PTA_OK, "join without the official view");
    pta_vocabulary_destroy(source);
    pta_vocabulary_destroy(target);
    pta_workspace* workspace = nullptr;
    check(pta_workspace_create(nullptr, &workspace) == PTA_OK, "workspace");
    std::mt19937 random(11);
    for (int preset = PTA_PRESET_REFERENCE; preset <= PTA_PRESET_FUSION; preset++) {
        pta_align_options options{};
        options.struct_size = sizeof options;
        options.preset = preset;
        options.mass = preset == PTA_PRESET_FUSION ? PTA_MASS_TAIL : PTA_MASS_RENORMALISED;
        options.window = preset == PTA_PRESET_REFERENCE ? 5 : 0;
        options.max_iterations = 100'000;
        options.threads = 1;
        options.epsilon = 1.0 / 30;
        options.tolerance = 1e-5;
        options.temperature = 1;
        options.projection = preset == PTA_PRESET_FUSION ? PTA_PROJECTION_BYTE : PTA_PROJECTION_TOP1;
        options.byte_tail = preset == PTA_PRESET_FUSION ? 2 : 0;
        for (int trial = 0; trial < 20; trial++) {
            std::string text = trial % 2 == 0 ? "the cat sat on the cats" : "running cats sat there";
            SmallDocument first(pair, text, text, 6, 6, random);
            std::mt19937 same = random;
            SmallDocument second(pair, text, text, 6, 6, same);
            second.source = first.source;
            second.target = first.target;
            pta_document by_views = first.view(options), by_join = second.view(options);
            check(pta_align_batch(workspace, pair.pair.get(), &options, &by_views, 1) == PTA_OK, "align by views");
            check(pta_align_batch(workspace, preset == PTA_PRESET_REFERENCE ? joined : plain, &options, &by_join, 1) == PTA_OK, "align by join");
            size_t entries = static_cast<size_t>(first.starts.back());
            check(first.starts == second.starts && std::equal(first.tokens.begin(), first.tokens.begin() + static_cast<long>(entries), second.tokens.begin()) &&
                      std::memcmp(first.values.data(), second.values.data(), entries * sizeof(double)) == 0,
                  "preset " + std::to_string(preset) + ", trial " + std::to_string(trial));
            check(entries > 0, "something is aligned");
        }
    }
    check(pta_vocabulary_pair_set_encoder(plain, nullptr, nullptr) == PTA_ERROR_ARGUMENT, "an encoder in use stays");
    check(pta_vocabulary_pair_set_encoder(joined, nullptr, nullptr) == PTA_OK, "null is the longest token");
    pta_workspace_destroy(workspace);
    pta_vocabulary_pair_destroy(joined);
    pta_vocabulary_pair_destroy(plain);
}

int32_t levenshtein(const std::string& x, const std::string& y) {
    std::vector<int32_t> row(y.size() + 1);
    for (size_t j = 0; j <= y.size(); j++)
        row[j] = static_cast<int32_t>(j);
    for (size_t i = 0; i < x.size(); i++) {
        int32_t diagonal = row[0]++;
        for (size_t j = 0; j < y.size(); j++) {
            int32_t cost = std::min(std::min(row[j], row[j + 1]) + 1, diagonal + (x[i] != y[j]));
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    return row[y.size()];
}

void test_official_map() {
    std::mt19937 random(5);
    auto words = [&](size_t count, char marker) {
        std::vector<std::string> all;
        while (all.size() < count) {
            std::string word;
            for (size_t length = 1 + random() % 6; word.size() < length;)
                word += random() % 5 == 0 ? marker : static_cast<char>('a' + random() % 4);
            if (std::find(all.begin(), all.end(), word) == all.end())
                all.push_back(word);
        }
        return all;
    };
    std::vector<std::string> from = words(80, '+'), to = words(60, '_');
    Tokens source(from, PTA_STYLE_SENTENCEPIECE), target(to, PTA_STYLE_SENTENCEPIECE);
    source.marker = "+";
    target.marker = "_";
    target.roles[7] = PTA_ROLE_HOLE;
    target.roles[8] = PTA_ROLE_EOS; // roles mean nothing to the official code
    pta_vocabulary *s = source.create(), *t = target.create();
    std::vector<int32_t> tokens, nearest(80), distance(80);
    for (int32_t id = 79; id >= 0; id--)
        tokens.push_back(id);
    pta_workspace* workspace = nullptr;
    check(pta_workspace_create(nullptr, &workspace) == PTA_OK, "workspace");
    check(pta_find_official_map(workspace, s, t, tokens.data(), 80, nearest.data(), distance.data()) == PTA_OK, "map");
    for (size_t i = 0; i < 80; i++) {
        std::string key = from[static_cast<size_t>(tokens[i])];
        std::replace(key.begin(), key.end(), '+', '_');
        int32_t best = -1, least = INT32_MAX;
        for (int32_t id = 0; id < 60; id++) {
            int32_t d = id == 7 ? INT32_MAX : levenshtein(key, to[static_cast<size_t>(id)]);
            if (d < least) {
                least = d;
                best = id;
            }
        }
        check(nearest[i] == best && distance[i] == least, "nearest of " + key);
    }
    pta_workspace_destroy(workspace);
    pta_vocabulary_destroy(s);
    pta_vocabulary_destroy(t);
}

} // namespace

int main() {
    test_sentencepiece();
    test_byte_level();
    test_given_texts();
    test_refusals();
    test_joined_pairs_align_alike();
    test_official_map();
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
