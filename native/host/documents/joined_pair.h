// A pair made of two vocabularies, with the official code's view of them derived from their strings (SPEC B 3a, 3b).
#pragma once
#include <memory>

#include "host/documents/vocabulary_pair.h"
#include "host/tokens/vocabulary.h"

namespace pta {

// Joins them and keeps both. map: [source count] complete and valid, or null.
std::unique_ptr<VocabularyPair> join(std::shared_ptr<const TokenStrings> source, std::shared_ptr<const TokenStrings> target, bool official, const int32_t* map);

// What the official map searches for: source strings with the marker replaced by the target's; for these ids, or for all where ids is null.
std::unique_ptr<Tape> official_keys(const TokenStrings& source, const TokenStrings& target, const int32_t* ids, int64_t n);

} // namespace pta
