#include "host/documents/vocabulary_pair.h"

#include <algorithm>

namespace pta {

Vocabulary::Vocabulary(const pta_vocabulary_view& view)
    : count(view.count), texts(view.texts), byte_offsets(view.byte_offsets, view.byte_offsets + view.count + 1),
      adds_dummy_prefix(view.adds_dummy_prefix != 0),
      has_holes(std::any_of(view.texts->roles.begin(), view.texts->roles.end(), [](uint8_t roles) { return (roles & PTA_ROLE_HOLE) != 0; })) {
    size_t size = static_cast<size_t>(byte_offsets[count]);
    bytes.resize(size + kPadding);
    if (size > 0)
        std::copy(view.bytes, view.bytes + size, bytes.begin());
}

TranslatedTape::TranslatedTape(const Tape& source, const Tape& target) : source(&source) {
    if (target.alphabet.overflow())
        return;
    codes.resize(source.symbols.size());
    for (size_t i = 0; i < codes.size(); i++)
        codes[i] = target.alphabet.class_of(source.symbols[i]);
}

OfficialStrings::OfficialStrings(const pta_official_view& view, int32_t source_count, int32_t target_count)
    : source_stripped(view.source_stripped), target_stripped(view.target_stripped), target_without_source_marker(view.target_without_source_marker),
      candidates(*view.target_without_source_marker, *view.target_stripped), same_string(view.same_string, view.same_string + source_count),
      prefixed_same_string(view.prefixed_same_string, view.prefixed_same_string + source_count),
      prefixed_key_owner(view.prefixed_key_owner, view.prefixed_key_owner + source_count),
      target_starts_with_marker(view.target_starts_with_marker, view.target_starts_with_marker + target_count),
      map(view.map != nullptr ? NearestMap(view.map, source_count) : NearestMap(*view.keys, *view.target_strings)) {}

} // namespace pta

pta_vocabulary_pair::pta_vocabulary_pair(const pta_vocabulary_view& source, const pta_vocabulary_view& target, const pta_official_view* official)
    : source(source), target(target), texts(*source.texts, *target.texts), nearest_text(*source.texts, *target.texts),
      official(official == nullptr ? nullptr : new pta::OfficialStrings(*official, source.count, target.count)) {}

bool pta_vocabulary_pair::require_encoder() {
    std::lock_guard<std::mutex> lock(making_byte_fits_);
    if (byte_fits == nullptr && longest_token_encodes)
        byte_fits = std::make_unique<pta::ByteFits>(source, target, nullptr, nullptr);
    return byte_fits != nullptr;
}
