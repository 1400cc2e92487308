// Entry points of vocabulary pairs and whole documents: shapes and pointers are the caller's mistakes and refuse the call; what the document itself
// holds is data (SPEC A5) and refuses that document only, which align_documents sees to.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

#include "c_api.h"
#include "host/documents/documents.h"

using namespace pta;

namespace {

constexpr int32_t kMostCandidates = 64;

// What callers in other languages declare by hand; src/PtaKernels.Native checks the same numbers.
static_assert(sizeof(void*) != 8 || (sizeof(pta_tokenized_document) == 48 && sizeof(pta_row) == 48 && sizeof(pta_document) == 216 &&
                                     sizeof(pta_transport_outcome) == 16));

// "view.field" of a nested argument, for messages.
struct Name {
    char text[64];
    Name(const char* view, const char* field) { std::snprintf(text, sizeof text, "%s.%s", view, field); }
    operator const char*() const { return text; }
};

void check_vocabulary(const pta_vocabulary_view* view, const char* name) {
    require_array(view, 1, name);
    require_size(view->struct_size, sizeof *view, name);
    require_range(view->count, 0, INT32_MAX - 1, Name(name, "count"));
    require_not_null(view->texts, Name(name, "texts"));
    if (view->texts->count != view->count)
        throw_argument("%s.texts has %d tokens for %s.count = %d.", name, view->texts->count, name, view->count);
    require_offsets(view->byte_offsets, view->count, Name(name, "byte_offsets"));
    require_array(view->bytes, view->byte_offsets[view->count], Name(name, "bytes"));
    require_range(view->adds_dummy_prefix, 0, 1, Name(name, "adds_dummy_prefix"));
    require_range(view->reserved, 0, 0, Name(name, "reserved"));
}

void check_official_tape(const pta_tape* tape, int32_t count, const char* field) {
    Name name("official", field);
    require_not_null(tape, name);
    if (tape->count != count)
        throw_argument("%s has %d tokens; its vocabulary has %d.", name.text, tape->count, count);
}

// An id of its vocabulary, or -1.
void check_official_ids(const int32_t* ids, int32_t count, int32_t limit, const char* field) {
    Name name("official", field);
    require_array(ids, count, name);
    for (int32_t i = 0; i < count; i++) {
        if (ids[i] < -1 || ids[i] >= limit)
            throw_argument("%s[%d] is %d; it must be -1..%d.", name.text, i, ids[i], limit - 1);
    }
}

} // namespace

void pta::check_official_map(const int32_t* map, int32_t source, int32_t target, const char* name) {
    if (map == nullptr)
        return;
    require_array(map, source, name);
    for (int32_t id = 0; id < source; id++) {
        if (map[id] < -1 ? map[id] != NearestMap::kOutside : map[id] >= target)
            throw_argument("%s[%d] is %d; it must be -3, or -1..%d.", name, id, map[id], target - 1);
    }
}

namespace {

void check_official(const pta_official_view* view, int32_t source, int32_t target) {
    if (view == nullptr)
        return;
    require_array(view, 1, "official");
    require_size(view->struct_size, sizeof *view, "official");
    require_range(view->reserved, 0, 0, "official.reserved");
    check_official_tape(view->keys, source, "keys");
    check_official_tape(view->target_strings, target, "target_strings");
    check_official_tape(view->source_stripped, source, "source_stripped");
    check_official_tape(view->target_stripped, target, "target_stripped");
    check_official_tape(view->target_without_source_marker, target, "target_without_source_marker");
    check_official_ids(view->same_string, source, target, "same_string");
    check_official_ids(view->prefixed_same_string, source, target, "prefixed_same_string");
    check_official_ids(view->prefixed_key_owner, source, source, "prefixed_key_owner");
    require_array(view->target_starts_with_marker, target, "official.target_starts_with_marker");
    check_official_map(view->map, source, target, "official.map");
}

// What a caller's options say in the newest struct.
pta_align_options known_options(const pta_align_options* options) {
    constexpr size_t first_size = offsetof(pta_align_options, transport);
    require_array(options, 1, "options");
    if (options->struct_size != first_size)
        require_size(options->struct_size, sizeof *options, "options");
    pta_align_options known{};
    std::memcpy(&known, options, options->struct_size);
    return known;
}

void check_costs(const pta_align_options& options) {
    bool has_costs = options.preset != PTA_PRESET_REFERENCE && options.projection != PTA_PROJECTION_BYTE;
    require_range(options.cost, PTA_COST_TEXTS, has_costs ? PTA_COST_HYBRID : PTA_COST_TEXTS, "options.cost");
    if (options.cost == PTA_COST_HYBRID)
        require_range(options.embedding_share, 0, 100, "options.embedding_share");
}

void check_align_options(const pta_align_options* options) {
    require_range(options->preset, PTA_PRESET_REFERENCE, PTA_PRESET_FUSION, "options.preset");
    if (options->preset == PTA_PRESET_FUSION)
        require_range(options->mass, PTA_MASS_RENORMALISED, PTA_MASS_TAIL, "options.mass");
    require_range(options->window, 0, kMostCandidates, "options.window");
    require_range(options->fused_k, 0, kMostCandidates, "options.fused_k");
    require_range(options->measure_signal, 0, 1, "options.measure_signal");
    require_range(options->threads, 0, 4096, "options.threads");
    require_positive(options->epsilon, "options.epsilon");
    require_positive(options->temperature, "options.temperature");
    if (options->preset == PTA_PRESET_REFERENCE) {
        require_positive(options->tolerance, "options.tolerance");
        require_range(options->max_iterations, 0, INT32_MAX, "options.max_iterations");
    }
    if (options->preset == PTA_PRESET_FUSION && options->mass == PTA_MASS_TAIL && options->temperature != 1)
        throw_argument("options.temperature is %g; mass tail knows the log-sum-exp at temperature 1 only.", options->temperature);
    bool fusion = options->preset == PTA_PRESET_FUSION;
    bool reference = options->preset == PTA_PRESET_REFERENCE, byte = options->projection == PTA_PROJECTION_BYTE;
    require_range(options->projection, PTA_PROJECTION_TOP1, reference ? PTA_PROJECTION_TOP1 : PTA_PROJECTION_BARYCENTRIC, "options.projection");
    if (byte && !fusion)
        throw_argument("options.projection is byte, which is preset fusion's.");
    require_range(options->transfer, PTA_TRANSFER_PREFIX, fusion ? PTA_TRANSFER_BOUNDARY : PTA_TRANSFER_PREFIX, "options.transfer");
    double most = byte ? 64 : 0;
    if (!(options->byte_tail >= 0 && options->byte_tail <= most))
        throw_argument("options.byte_tail is %g; it must be 0..%g here.", options->byte_tail, most);
    check_costs(*options);
    bool topk = options->projection == PTA_PROJECTION_TOPK, unbalanced = options->transport == PTA_TRANSPORT_UNBALANCED;
    if (options->transport != PTA_TRANSPORT_NONE && !(unbalanced && fusion && !byte))
        throw_argument("options.transport is %d; it must be 0, or %d for preset fusion without projection byte.", options->transport, PTA_TRANSPORT_UNBALANCED);
    require_range(options->projection_columns, topk ? 1 : 0, topk ? kMostCandidates : 0, "options.projection_columns");
    if (unbalanced)
        require_positive(options->rho, "options.rho");
    else if (options->rho != 0)
        throw_argument("options.rho is %g; it must be 0 without transport unbalanced.", options->rho);
    bool paper = options->preset == PTA_PRESET_PAPER;
    require_range(options->solver, PTA_SOLVER_NEWTON, paper ? PTA_SOLVER_GREENKHORN : PTA_SOLVER_NEWTON, "options.solver");
    require_range(options->reserved, 0, 0, "options.reserved");
}

// An array of one document, named as "documents[d].side.field".
template <class T> Extent checked(const T* memory, int64_t count, int64_t document, const char* field) {
    static thread_local char name[64]; // read by the message that is thrown at once, or never
    if ((count > 0 && memory == nullptr) || reinterpret_cast<uintptr_t>(memory) % alignof(T) != 0) {
        std::snprintf(name, sizeof name, "documents[%lld].%s", static_cast<long long>(document), field);
        require_array(memory, count, name);
    }
    return extent_of(memory, memory == nullptr ? 0 : count, field);
}

// Pointers, lengths and sizes; what they hold is read only where a pointer table lies in it.
void check_document(const pta_document& document, int64_t d, const pta_align_options& options, const pta_vocabulary_pair& pair) {
    std::vector<Extent> inputs;
    const struct { const pta_tokenized_document& view; const char *length, *k, *ids, *indices, *values, *lse, *spans; } sides[] = {
        {document.source, "source.length", "source.k", "source.ids", "source.indices", "source.values", "source.lse", "source.spans"},
        {document.target, "target.length", "target.k", "target.ids", "target.indices", "target.values", "target.lse", "target.spans"},
    };
    for (const auto& side : sides) {
        const pta_tokenized_document& view = side.view;
        if (view.length < 1)
            throw_argument("documents[%lld].%s is %d; a document has at least one token.", static_cast<long long>(d), side.length, view.length);
        if (view.k < 1 || view.k > kMostCandidates)
            throw_argument("documents[%lld].%s is %d; it must be 1..%d.", static_cast<long long>(d), side.k, view.k, kMostCandidates);
        int64_t candidates = int64_t{view.length} * view.k;
        inputs.push_back(checked(view.ids, view.length, d, side.ids));
        inputs.push_back(checked(view.indices, candidates, d, side.indices));
        inputs.push_back(checked(view.values, candidates, d, side.values));
        if (view.lse != nullptr)
            inputs.push_back(checked(view.lse, view.length, d, side.lse));
        if (view.spans != nullptr)
            inputs.push_back(checked(view.spans, 2 * int64_t{view.length}, d, side.spans));
    }

    int32_t length = document.target.length;
    if (document.prior_starts != nullptr) {
        if (options.preset != PTA_PRESET_PAPER)
            throw_argument("documents[%lld].prior_starts: only preset paper takes a prior.", static_cast<long long>(d));
        inputs.push_back(checked(document.prior_starts, int64_t{length} + 1, d, "prior_starts"));
        for (int32_t t = 0; t <= length; t++) {
            if (document.prior_starts[t] < (t == 0 ? 0 : document.prior_starts[t - 1]) || document.prior_starts[0] != 0)
                throw_argument("documents[%lld].prior_starts[%d] is %d; starts ascend from 0.", static_cast<long long>(d), t, document.prior_starts[t]);
        }
        int64_t entries = document.prior_starts[length];
        inputs.push_back(checked(document.prior_tokens, entries, d, "prior_tokens"));
        inputs.push_back(checked(document.prior_values, entries, d, "prior_values"));
        int64_t at = first_outside(document.prior_tokens, entries, pair.target.count);
        if (at >= 0)
            throw_argument("documents[%lld].prior_tokens[%lld] is %d; the target vocabulary has %d ids.", static_cast<long long>(d),
                           static_cast<long long>(at), document.prior_tokens[at], pair.target.count);
    }

    int64_t needed = pta_align_capacity(&options, length, document.source.k, document.target.k);
    if (document.capacity < needed)
        throw_argument("documents[%lld].capacity is %lld; pta_align_capacity asks for %lld.", static_cast<long long>(d),
                       static_cast<long long>(document.capacity), static_cast<long long>(needed));
    const Extent results[] = {checked(document.starts, int64_t{length} + 1, d, "starts"), checked(document.tokens, needed, d, "tokens"),
                              checked(document.values, needed, d, "values"), checked(document.rows, length, d, "rows")};
    for (const Extent& result : results) {
        for (const Extent& input : inputs)
            require_apart(result, input);
        for (const Extent* other = results; other != &result; other++)
            require_apart(result, *other);
    }
}

} // namespace

pta_status pta_vocabulary_pair_create(const pta_vocabulary_view* source, const pta_vocabulary_view* target, const pta_official_view* official,
                                      pta_vocabulary_pair** pair) {
    return guarded([&] {
        require_array(pair, 1, "pair");
        *pair = nullptr;
        check_vocabulary(source, "source");
        check_vocabulary(target, "target");
        check_official(official, source->count, target->count);
        *pair = new pta_vocabulary_pair(*source, *target, official);
        return PTA_OK;
    });
}

void pta_vocabulary_pair_destroy(pta_vocabulary_pair* pair) { delete pair; }

pta_status pta_vocabulary_pair_set_encoder(pta_vocabulary_pair* pair, pta_first_token encoder, void* user) {
    return guarded([&] {
        require_not_null(pair, "pair");
        if (pair->byte_fits != nullptr)
            throw_argument("pair has an encoder, given or in use; it takes one only.");
        pair->byte_fits = std::make_unique<ByteFits>(pair->source, pair->target, encoder, user);
        return PTA_OK;
    });
}

int64_t pta_align_capacity(const pta_align_options* options, int32_t target_length, int32_t source_k, int32_t target_k) {
    int64_t capacity = -1;
    guarded([&] {
        const pta_align_options known = known_options(options);
        check_align_options(&known);
        require_range(target_length, 0, INT32_MAX, "target_length");
        require_range(source_k, 1, kMostCandidates, "source_k");
        require_range(target_k, 1, kMostCandidates, "target_k");
        capacity = align_capacity(known, target_length, source_k, target_k);
        return PTA_OK;
    });
    return capacity;
}

pta_status pta_align_batch(pta_workspace* workspace, pta_vocabulary_pair* pair, const pta_align_options* options, pta_document* documents, int64_t count) {
    return guarded([&]() -> pta_status {
        require_not_null(workspace, "workspace");
        require_not_null(pair, "pair");
        const pta_align_options known = known_options(options);
        check_align_options(&known);
        if (known.preset == PTA_PRESET_REFERENCE && pair->official == nullptr)
            throw_argument("pair was made without official strings, which preset reference needs.");
        if (known.projection == PTA_PROJECTION_BYTE && !pair->require_encoder())
            throw_argument("pair has no encoder, which projection byte needs: pta_vocabulary_pair_set_encoder gives it one.");
        if (known.cost != PTA_COST_TEXTS && pair->embeddings == nullptr)
            throw_argument("pair has no embeddings, which costs embedding and hybrid need: pta_vocabulary_pair_set_embeddings gives it some.");
        require_range(count, 0, INT64_MAX, "count");
        require_array(documents, count, "documents");
        for (int64_t d = 0; d < count; d++) {
            check_document(documents[d], d, known, *pair);
            documents[d].status = PTA_OK;
            documents[d].repaired = 0;
            documents[d].ties = 0;
            std::fill(documents[d].seconds, documents[d].seconds + 5, 0.0);
        }
        Arena::Scope scope(workspace->arena);
        std::string first_error;
        if (count == 0 || align_documents(*workspace, *pair, known, documents, count, first_error))
            return PTA_OK;
        set_last_error(first_error.c_str());
        return PTA_ERROR_DATA;
    });
}
