// Both sides of one row's transport: candidate tokens, their texts and their mass (SPEC A3.3; preset reference: B 3b.2).
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "host/documents/byte_fits.h"
#include "host/documents/document_rows.h"
#include "host/workspace.h"

namespace pta {

// One target row that receives something, between candidates and projection. The arrays lie in the arena.
struct CandidateRow {
    DocumentState* state;
    int32_t target_row;
    RowRule rule;
    bool active = true;     // false: the row has no transfer after all
    bool transports = true; // false: preset reference, the mapped candidates are the result

    // The source side. Texts lose their first skips[c] bytes; null: nothing is lost.
    int32_t n = 0;
    int32_t* tokens;        // [n]; preset reference: mapped target tokens, more than n of them where the window is shorter
    int32_t* skips;
    TokenSpan* spans;       // [n]
    double* mass;           // [n] a
    int32_t* nearest;       // [n] nearest target tokens by text, or NearestMap::kNone; null where nobody asks
    const ByteFit** fits;   // [n] projection byte: what fits each of them; null for those without mass
    double missing = 0;     // missing mass s
    double kappa = 1;       // kept share of rule (b)
    int32_t mapped = 0;     // preset reference: tokens and logits found through the map
    double* logits;         // preset reference: [mapped]
    double* whole_mass;     // preset reference: [source k] mass of the source's own candidates

    // The target side.
    int32_t m = 0;
    int32_t* columns;          // [m]
    TokenSpan* column_spans;   // [m]
    double* column_mass;       // [m] b
    double* own_mass = nullptr; // transport unbalanced: [target used] probabilities of the target's own candidates
    bool columns_drop_space;   // the row predicts text at offset 0, where the dummy prefix's space is no text
    bool has_special = false;  // some candidate is compared by role

    // Costs and plan.
    int32_t stride = 0; // columns of cost and plan, m .. kMostStride; those from m on have no mass
    uint8_t* cost;      // [n, stride]
    uint16_t* wide;     // [n, stride] where a distance is over 254, else null
    double* plan;       // [n, stride]
    TransportOutcome outcome{0, -1, 0};

    const StepDecision& decision() const { return state->decisions[target_row]; }
};

constexpr int32_t kMostStride = kMostCandidates;

// Whether a token stands in a short list. One bit per token answers most of the questions.
class SeenTokens {
public:
    void add(int32_t token) { bits_ |= bit_of(token); }

    // Also adds it.
    bool contains(const int32_t* list, int32_t count, int32_t token) {
        bool maybe = (bits_ & bit_of(token)) != 0;
        bits_ |= bit_of(token);
        return maybe && std::find(list, list + count, token) != list + count;
    }

private:
    static uint64_t bit_of(int32_t token) { return uint64_t{1} << (static_cast<uint32_t>(token) * 0x9E3779B1u >> 26); }
    uint64_t bits_ = 0;
};

struct CandidateTask {
    Workspace& workspace;
    VocabularyPair& pair;
    const AlignSettings& settings;
};

// Most columns that a row of this document can have.
int32_t most_columns(const pta_document& document, const AlignSettings& settings);

// Columns of a cost matrix whose row has m: where m differs from row to row a few more, without mass, make rows alike. Not falling in m.
int32_t padded_columns(int32_t m, const pta_document& document, const AlignSettings& settings);

// Presets paper and fusion: candidates keep their true texts. Rows that rule (b) leaves too little of, and rows without columns, become inactive.
void collect_texts(const CandidateTask& task, CandidateRow* rows, int64_t count);

// Preset reference: the source's candidates become mapped target tokens, duplicates dropped. Refuses documents whose tokens a given map lacks.
void collect_mapped(const CandidateTask& task, CandidateRow* rows, int64_t count);

} // namespace pta
