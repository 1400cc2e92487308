// Everything that whole documents need to know of a source and a target vocabulary together.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "host/documents/byte_fits.h"
#include "host/documents/nearest_map.h"
#include "host/tokens/embeddings.h"
#include "host/tokens/tape.h"
#include "ptakernels.h"

namespace pta {

// One vocabulary: symbols by id, and the bytes that they were decoded from.
struct Vocabulary {
    explicit Vocabulary(const pta_vocabulary_view& view);

    bool has_token(int32_t id) const { return static_cast<uint32_t>(id) < static_cast<uint32_t>(count) && !(has_holes && texts->is_hole(id)); }
    bool is_special(int32_t id) const { return texts->is_special(id); }
    const uint8_t* bytes_of(int32_t id) const { return bytes.data() + byte_offsets[id]; }
    int32_t length_of(int32_t id) const { return byte_offsets[id + 1] - byte_offsets[id]; }
    bool starts_with_space(int32_t id) const { return length_of(id) > 0 && *bytes_of(id) == ' '; }

    static constexpr int32_t kPadding = 16; // bytes behind the last token, so that short texts are copied whole words at a time

    int32_t count;
    const Tape* texts;
    std::vector<uint8_t> bytes;
    std::vector<int32_t> byte_offsets;
    bool adds_dummy_prefix;
    bool has_holes;
};

// A tape in the classes of another tape's alphabet: rows of distances, ready for the kernels.
struct TranslatedTape {
    TranslatedTape(const Tape& source, const Tape& target);

    TokenSpan span_of(int32_t token) const { return {codes.data() + source->offsets[token], source->length_of(token)}; }

    const Tape* source;
    std::vector<uint16_t> codes; // empty if the alphabet overflows: then tokens are compared by cost_matrix()
};

// The official code's view (SPEC B 3a, 3b).
struct OfficialStrings {
    OfficialStrings(const pta_official_view& view, int32_t source_count, int32_t target_count);

    const Tape* source_stripped;
    const Tape* target_stripped;
    const Tape* target_without_source_marker;
    TranslatedTape candidates; // target_without_source_marker in target_stripped's alphabet (O3)
    std::vector<int32_t> same_string, prefixed_same_string, prefixed_key_owner;
    std::vector<uint8_t> target_starts_with_marker;
    NearestMap map;
};

} // namespace pta

struct pta_vocabulary_pair {
    // The views are valid: c_api checks them. official may be null.
    pta_vocabulary_pair(const pta_vocabulary_view& source, const pta_vocabulary_view& target, const pta_official_view* official);

    // Makes byte_fits where longest tokens stand for the encoder and nobody has needed it yet; false if there is no encoder at all. Thread-safe.
    bool require_encoder();

    std::shared_ptr<const void> lenders; // what the tapes were borrowed from, if that is the pair's to keep; destroyed last
    bool longest_token_encodes = false;
    pta::Vocabulary source, target;
    pta::TranslatedTape texts;     // the source's texts in the target's alphabet
    pta::NearestMap nearest_text;  // by text and role (SPEC A3.1)
    pta::NearestTexts nearest_rest; // of texts that are no source token
    std::unique_ptr<pta::OfficialStrings> official;
    std::unique_ptr<pta::ByteFits> byte_fits; // once the target's encoder is known
    std::shared_ptr<const pta::Embeddings> embeddings; // of both vocabularies; null where nobody gave any

private:
    std::mutex making_byte_fits_;
};

namespace pta {
using VocabularyPair = ::pta_vocabulary_pair;
} // namespace pta
