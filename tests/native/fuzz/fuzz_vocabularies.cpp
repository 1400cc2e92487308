// pta_vocabulary_create, pta_find_official_map and pta_vocabulary_pair_join on strings, roles and texts as they come.
#include <string>

#include "fuzz.h"

namespace {

struct Destroy {
    void operator()(pta_vocabulary* v) const { pta_vocabulary_destroy(v); }
};
using Vocabulary = std::unique_ptr<pta_vocabulary, Destroy>;

// Up to so many tokens of a few bytes each, markers and characters of GPT-2's alphabet among them.
Vocabulary vocabulary(fuzz::Input& input, int32_t most) {
    static const char* const pieces[] = {"\xE2\x96\x81", "\xC4\xA0", "a", "b", "<0x", "41>", "\xC5\x83", "\xED\xA0\x80"};
    int32_t count = input.below(most);
    std::string strings, texts;
    std::vector<int32_t> offsets{0}, text_offsets{0};
    std::vector<uint8_t> roles;
    for (int32_t id = 0; id < count; id++) {
        for (int32_t left = input.below(6); left > 0; left--) {
            uint8_t kind = input.byte();
            kind < 200 ? strings += pieces[kind % 8] : strings += static_cast<char>(kind);
        }
        offsets.push_back(static_cast<int32_t>(strings.size()));
        texts.append(input.byte() % 4, 'x');
        text_offsets.push_back(static_cast<int32_t>(texts.size()));
        uint8_t role = input.byte();
        roles.push_back(role < 200 ? 0 : role < 220 ? PTA_ROLE_HOLE : role & 31);
    }
    std::string marker(1 + input.below(2), 'a');
    bool given = input.chance();
    pta_token_strings view{sizeof view, count, strings.data(), offsets.data(), input.chance() ? nullptr : roles.data(), nullptr, nullptr, nullptr, input.below(1), input.below(1)};
    if (given) {
        view.texts = reinterpret_cast<const uint8_t*>(texts.data());
        view.text_offsets = text_offsets.data();
    }
    if (input.chance())
        view.marker = marker.c_str();
    if (input.chance())
        view.style = input.below(9) - 4;
    if (input.chance() && count > 0)
        roles[static_cast<size_t>(input.below(count - 1))] = input.byte();
    if (input.chance() && count > 0)
        offsets[static_cast<size_t>(input.below(count - 1))] = input.below(600) - 300;
    pta_vocabulary* made = nullptr;
    return fuzz::answered(pta_vocabulary_create(&view, &made)) ? Vocabulary(made) : nullptr;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    pta_workspace* workspace = fuzz::workspace(input);
    Vocabulary source = vocabulary(input, 24), target = vocabulary(input, 24);
    if (!source || !target)
        return 0;
    int32_t n = pta_vocabulary_count(source.get()), m = pta_vocabulary_count(target.get());
    for (int32_t id = 0; id < n; id++) {
        const uint8_t* text = nullptr;
        int32_t length = -1;
        uint8_t roles = 0;
        REQUIRE(pta_vocabulary_token(source.get(), id, &text, &length, &roles) == PTA_OK && length >= 0 && (roles == 0 || length == 0));
    }
    std::vector<int32_t> queries = fuzz::ids(input, n, n), nearest(queries.size(), -7), distance(queries.size(), -7);
    if (fuzz::answered(pta_find_official_map(workspace, source.get(), target.get(), queries.data(), n, nearest.data(), distance.data()))) {
        for (int32_t id : nearest)
            REQUIRE(id >= -1 && id < m);
    }
    bool official = input.byte() % 2 != 0;
    for (int32_t& id : nearest)
        id = input.chance() ? input.below(40) - 5 : id < 0 ? -1 : id;
    pta_vocabulary_pair* pair = nullptr;
    if (fuzz::answered(pta_vocabulary_pair_join(source.get(), target.get(), official, input.chance() && official ? nearest.data() : nullptr, &pair)))
        pta_vocabulary_pair_destroy(pair);
    return 0;
}
