#include "host/documents/joined_pair.h"

namespace pta {

namespace {

// What a joined pair borrows from.
struct JoinedStrings {
    std::shared_ptr<const TokenStrings> source, target;
    std::unique_ptr<Tape> keys, source_stripped, target_stripped, target_without_source_marker;
};

// Same strings on both sides, by source id.
struct StringMatches {
    std::vector<int32_t> same_string, prefixed_same_string, prefixed_key_owner;
    std::vector<uint8_t> target_starts_with_marker;

    StringMatches(const TokenStrings& source, const TokenStrings& target) {
        std::vector<std::string> keys(static_cast<size_t>(source.count()));
        std::unordered_map<std::string, int32_t> owners;
        for (int32_t id = 0; id < source.count(); id++) {
            if (!source.has_token(id))
                continue;
            std::string& key = keys[static_cast<size_t>(id)] = replaced(source.string_of(id), source.marker(), target.marker());
            owners[key] = id; // two source tokens with one key: the later one owns it (SPEC B 3a)
        }
        for (int32_t id = 0; id < source.count(); id++)
            add(source, target, owners, id, std::move(keys[static_cast<size_t>(id)]));
        for (int32_t id = 0; id < target.count(); id++)
            target_starts_with_marker.push_back(target.has_token(id) && target.string_of(id).substr(0, target.marker().size()) == target.marker());
    }

private:
    // At the first position a byte-level source's key gets the target's marker before it (SPEC B 3b.2).
    void add(const TokenStrings& source, const TokenStrings& target, const std::unordered_map<std::string, int32_t>& owners, int32_t id, std::string key) {
        bool held = source.has_token(id);
        int32_t same = held ? target.find(key) : -1, prefixed = same, owner = id;
        if (held && source.byte_level() && key.compare(0, target.marker().size(), target.marker()) != 0) {
            key.insert(0, target.marker());
            auto found = owners.find(key);
            prefixed = target.find(key);
            owner = found == owners.end() ? -1 : found->second;
        }
        same_string.push_back(same);
        prefixed_same_string.push_back(prefixed);
        prefixed_key_owner.push_back(owner);
    }
};

std::unique_ptr<Tape> tape_with(const TokenStrings& strings, const std::string& marker, const std::string& replacement) {
    return strings.tape_of(nullptr, strings.count(), [&](std::string_view string) { return replaced(string, marker, replacement); });
}

} // namespace

std::unique_ptr<Tape> official_keys(const TokenStrings& source, const TokenStrings& target, const int32_t* ids, int64_t n) {
    return source.tape_of(ids, n, [&](std::string_view string) { return replaced(string, source.marker(), target.marker()); });
}

std::unique_ptr<VocabularyPair> join(std::shared_ptr<const TokenStrings> source, std::shared_ptr<const TokenStrings> target, bool official, const int32_t* map) {
    auto joined = std::make_shared<JoinedStrings>();
    joined->source = source;
    joined->target = target;
    std::unique_ptr<VocabularyPair> pair;
    if (official) {
        joined->keys = official_keys(*source, *target, nullptr, source->count());
        joined->source_stripped = tape_with(*source, source->marker(), "");
        joined->target_stripped = tape_with(*target, target->marker(), "");
        joined->target_without_source_marker = tape_with(*target, source->marker(), "");
        StringMatches matches(*source, *target);
        pta_official_view view{};
        view.struct_size = sizeof view;
        view.keys = joined->keys.get();
        view.target_strings = &target->strings();
        view.source_stripped = joined->source_stripped.get();
        view.target_stripped = joined->target_stripped.get();
        view.target_without_source_marker = joined->target_without_source_marker.get();
        view.same_string = matches.same_string.data();
        view.prefixed_same_string = matches.prefixed_same_string.data();
        view.prefixed_key_owner = matches.prefixed_key_owner.data();
        view.target_starts_with_marker = matches.target_starts_with_marker.data();
        view.map = map;
        pair = std::make_unique<VocabularyPair>(source->view(), target->view(), &view);
    } else {
        pair = std::make_unique<VocabularyPair>(source->view(), target->view(), nullptr);
    }
    pair->lenders = std::move(joined);
    pair->longest_token_encodes = true;
    return pair;
}

} // namespace pta
