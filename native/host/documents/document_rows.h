// What the stages of a document hand to each other.
#pragma once
#include <cstdint>
#include <string>

#include "host/error.h"
#include "host/documents/vocabulary_pair.h"
#include "ptakernels.h"

namespace pta {

// Numbers of RowRule.
enum class RowRule : int32_t {
    kNone = 0,
    kStringTransport = 1,
    kSoft = 2,
    kSoftNotFinite = 3,
    kStringMismatch = 4,
    kNotOneToOne = 5,
    kGroup = 6,
    kBoundary = 7,
    kPrefix = 8,
    kLeadingBos = 9,
};

constexpr int32_t kMostCandidates = 64;

// The options with their zeroes resolved.
struct AlignSettings {
    explicit AlignSettings(const pta_align_options& options) : options(options) {}

    bool reference() const { return options.preset == PTA_PRESET_REFERENCE; }
    bool paper() const { return options.preset == PTA_PRESET_PAPER; }
    bool fusion() const { return options.preset == PTA_PRESET_FUSION; }
    bool tail() const { return fusion() && options.mass == PTA_MASS_TAIL; }
    bool bytes() const { return options.projection == PTA_PROJECTION_BYTE; }       // fusion without costs and transport
    bool columns_are_nearest() const { return fusion() && !bytes(); }              // fusion's union of columns
    bool unbalanced() const { return options.transport == PTA_TRANSPORT_UNBALANCED; } // fusion without bytes
    int32_t transport() const {
        return reference() ? PTA_TRANSPORT_OFFICIAL : paper() ? PTA_TRANSPORT_BALANCED : unbalanced() ? PTA_TRANSPORT_UNBALANCED : PTA_TRANSPORT_SEMI_RELAXED;
    }
    // The heaviest columns of a semi-relaxed plan follow from its costs alone.
    bool forms_plans() const { return !bytes() && (transport() != PTA_TRANSPORT_SEMI_RELAXED || options.projection != PTA_PROJECTION_TOP1); }
    bool boundary_only() const { return options.transfer == PTA_TRANSFER_BOUNDARY; }
    bool semantic() const { return options.cost != PTA_COST_TEXTS; }               // costs are hundredths
    int32_t embedding_share() const { return options.cost == PTA_COST_EMBEDDING ? 100 : options.embedding_share; }
    bool signal() const { return options.measure_signal != 0; }

    // Candidates used of k.
    int32_t used(int32_t k) const { return options.window == 0 || options.window > k ? k : options.window; }
    int32_t kept(int32_t target_k) const { return options.fused_k > 0 ? options.fused_k : target_k; }

    const pta_align_options& options;
};

// The byte span of each token of a document, and the text those spans lie in (SPEC A3.1).
struct DocumentSpans {
    const int32_t* spans;  // [length][2], ascending
    const uint8_t* text;   // decoded without the dummy prefix; null when the spans came from the encoder
    int32_t text_length;
    int32_t first_text;    // position of the first token that is text; rows before it predict text at offset 0
    bool starts_with_bos;

    int32_t start(int32_t position) const { return spans[2 * position]; }
    int32_t end(int32_t position) const { return spans[2 * position + 1]; }
};

// What one target row receives.
struct StepDecision {
    RowRule rule = RowRule::kNone;
    int32_t source_row = -1;
    const uint8_t* prefix = nullptr; // rule (b): bytes that candidates must begin with and lose
    int32_t prefix_length = 0;

    bool transfers() const {
        return rule == RowRule::kStringTransport || rule == RowRule::kGroup || rule == RowRule::kBoundary || rule == RowRule::kPrefix ||
               rule == RowRule::kLeadingBos;
    }
};

// One document on its way through the stages.
struct DocumentState {
    pta_document* document;
    int64_t index; // in the caller's array
    bool refused = false;
    std::string refusal;
    DocumentSpans source_spans, target_spans;
    StepDecision* decisions; // [target.length]
    int32_t next_row = 0;    // results are written up to here
    int64_t written = 0;

    int32_t length() const { return document->target.length; }
    void refuse(const std::string& why) {
        refused = true;
        refusal = why;
    }
};

} // namespace pta
