// Entry points of vocabularies made of token strings.
#include "c_api.h"
#include "host/documents/joined_pair.h"
#include "host/tokens/nearest.h"
#include "host/tokens/vocabulary.h"
#include "host/workspace.h"

using namespace pta;

namespace {

void check_tokens(const pta_token_strings* tokens) {
    require_array(tokens, 1, "tokens");
    require_size(tokens->struct_size, sizeof *tokens, "tokens");
    require_range(tokens->count, 1, INT32_MAX - 1, "tokens.count");
    require_offsets(tokens->string_offsets, tokens->count, "tokens.string_offsets");
    require_array(tokens->strings, tokens->string_offsets[tokens->count], "tokens.strings");
    constexpr int known = PTA_ROLE_SPECIAL | PTA_ROLE_BOS | PTA_ROLE_EOS | PTA_ROLE_PAD | PTA_ROLE_UNK;
    for (int32_t id = 0; tokens->roles != nullptr && id < tokens->count; id++) {
        if (tokens->roles[id] != PTA_ROLE_HOLE && (tokens->roles[id] & ~known) != 0)
            throw_argument("tokens.roles[%d] is %d; roles are sums of 1, 2, 4, 8 and 16, or 128 alone.", id, tokens->roles[id]);
    }
    if ((tokens->texts == nullptr) != (tokens->text_offsets == nullptr))
        throw_argument("tokens.texts and tokens.text_offsets: one is null and the other is not; give both or neither.");
    if (tokens->texts != nullptr) {
        require_offsets(tokens->text_offsets, tokens->count, "tokens.text_offsets");
        require_array(tokens->texts, tokens->text_offsets[tokens->count], "tokens.texts");
    }
    if (tokens->marker != nullptr && *tokens->marker == 0)
        throw_argument("tokens.marker is empty; use null for the usual one.");
    require_range(tokens->style, PTA_STYLE_SENTENCEPIECE, PTA_STYLE_BYTE_LEVEL, "tokens.style");
    require_range(tokens->adds_dummy_prefix, 0, 1, "tokens.adds_dummy_prefix");
}

} // namespace

pta_status pta_vocabulary_create(const pta_token_strings* tokens, pta_vocabulary** vocabulary) {
    return guarded([&] {
        require_array(vocabulary, 1, "vocabulary");
        *vocabulary = nullptr;
        check_tokens(tokens);
        *vocabulary = new pta_vocabulary{std::make_shared<const TokenStrings>(*tokens)};
        return PTA_OK;
    });
}

void pta_vocabulary_destroy(pta_vocabulary* vocabulary) { delete vocabulary; }

int32_t pta_vocabulary_count(const pta_vocabulary* vocabulary) { return vocabulary == nullptr ? 0 : vocabulary->tokens->count(); }

pta_status pta_vocabulary_find(const pta_vocabulary* vocabulary, const char* string, int32_t length, int32_t* id) {
    return guarded([&] {
        require_not_null(vocabulary, "vocabulary");
        require_range(length, 0, INT32_MAX, "length");
        require_array(string, length, "string");
        require_array(id, 1, "id");
        *id = vocabulary->tokens->find({string, static_cast<size_t>(length)});
        return PTA_OK;
    });
}

pta_status pta_vocabulary_token(const pta_vocabulary* vocabulary, int32_t id, const uint8_t** text, int32_t* length, uint8_t* roles) {
    return guarded([&] {
        require_not_null(vocabulary, "vocabulary");
        require_range(id, 0, vocabulary->tokens->count() - 1, "id");
        if (text != nullptr)
            *text = vocabulary->tokens->text_of(id);
        if (length != nullptr)
            *length = vocabulary->tokens->text_length_of(id);
        if (roles != nullptr)
            *roles = vocabulary->tokens->roles_of(id);
        return PTA_OK;
    });
}

const pta_tape* pta_vocabulary_texts(const pta_vocabulary* vocabulary) { return vocabulary == nullptr ? nullptr : &vocabulary->tokens->texts(); }

pta_status pta_vocabulary_strings(const pta_vocabulary* vocabulary, const pta_tape** strings) {
    return guarded([&] {
        require_not_null(vocabulary, "vocabulary");
        require_array(strings, 1, "strings");
        *strings = &vocabulary->tokens->strings();
        return PTA_OK;
    });
}

pta_status pta_find_official_map(pta_workspace* workspace, const pta_vocabulary* source, const pta_vocabulary* target, const int32_t* source_tokens, int64_t n,
                                 int32_t* nearest, int32_t* distance) {
    return guarded([&] {
        require_not_null(workspace, "workspace");
        require_not_null(source, "source");
        require_not_null(target, "target");
        require_range(n, 0, INT32_MAX - 1, "n");
        require_array(source_tokens, n, "source_tokens");
        require_ids(source_tokens, n, source->tokens->count(), "source_tokens", "its vocabulary");
        require_nearest(source_tokens, n, nearest, distance);
        if (n == 0)
            return PTA_OK;
        std::unique_ptr<Tape> keys = official_keys(*source->tokens, *target->tokens, source_tokens, n);
        std::vector<int32_t> all(static_cast<size_t>(n));
        for (int64_t i = 0; i < n; i++)
            all[static_cast<size_t>(i)] = static_cast<int32_t>(i);
        Arena::Scope scope(workspace->arena);
        find_nearest(*workspace, *keys, all.data(), n, target->tokens->strings(), nearest, distance);
        return PTA_OK;
    });
}

pta_status pta_vocabulary_pair_join(const pta_vocabulary* source, const pta_vocabulary* target, int32_t official, const int32_t* map, pta_vocabulary_pair** pair) {
    return guarded([&] {
        require_array(pair, 1, "pair");
        *pair = nullptr;
        require_not_null(source, "source");
        require_not_null(target, "target");
        require_range(official, 0, 1, "official");
        if (map != nullptr && official == 0)
            throw_argument("map is given without the official strings that it belongs to; set official to 1.");
        check_official_map(map, source->tokens->count(), target->tokens->count(), "map");
        *pair = join(source->tokens, target->tokens, official != 0, map).release();
        return PTA_OK;
    });
}
