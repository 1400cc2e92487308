// Entry points of embedded tokens and of the distances between them.
#include "c_api.h"
#include "host/documents/vocabulary_pair.h"
#include "host/tokens/embeddings.h"
#include "host/workspace.h"

using namespace pta;

namespace {

constexpr int32_t kBlock = 64, kMostDimensions = 4096;

void check_embeddings(const pta_embeddings_view* view) {
    require_array(view, 1, "view");
    require_size(view->struct_size, sizeof *view, "view");
    if (view->dimensions < kBlock || view->dimensions > kMostDimensions || view->dimensions % kBlock != 0)
        throw_argument("view.dimensions is %d; it must be a multiple of %d, up to %d.", view->dimensions, kBlock, kMostDimensions);
    require_range(view->source_count, 0, INT32_MAX - 1, "view.source_count");
    require_range(view->target_count, 0, INT32_MAX - 1, "view.target_count");
    require_array(view->source, require_product(view->source_count, view->dimensions, 1, "view.source"), "view.source");
    require_array(view->target, require_product(view->target_count, view->dimensions, 1, "view.target"), "view.target");
}

void require_embedded(const int32_t* tokens, int64_t n, int32_t count, const char* name) {
    require_array(tokens, n, name);
    for (int64_t i = 0; i < n; i++) {
        if (tokens[i] < -1 || tokens[i] >= count)
            throw_argument("%s[%lld] is %d; it must be -1..%d, the embeddings have %d tokens.", name, static_cast<long long>(i), tokens[i], count - 1, count);
    }
}

} // namespace

pta_status pta_embeddings_create(const pta_embeddings_view* view, pta_embeddings** embeddings) {
    return guarded([&] {
        require_array(embeddings, 1, "embeddings");
        *embeddings = nullptr;
        check_embeddings(view);
        *embeddings = new pta_embeddings{std::make_shared<const Embeddings>(*view)};
        return PTA_OK;
    });
}

void pta_embeddings_destroy(pta_embeddings* embeddings) { delete embeddings; }

pta_status pta_embedding_costs_u8(pta_workspace* workspace, const pta_embeddings* embeddings, const int32_t* source_tokens, int64_t n,
                                  const int32_t* target_tokens, int64_t m, uint8_t* cost, int64_t row_stride) {
    return guarded([&] {
        require_not_null(workspace, "workspace");
        require_not_null(embeddings, "embeddings");
        require_range(n, 0, INT64_MAX, "n");
        require_range(m, 0, INT64_MAX, "m");
        require_range(row_stride, m, INT64_MAX, "row_stride");
        int64_t written = n == 0 || m == 0 ? 0 : require_product(n, row_stride, 1, "cost") - row_stride + m;
        require_array(cost, written, "cost");
        require_embedded(source_tokens, n, embeddings->shared->source.count(), "source_tokens");
        require_embedded(target_tokens, m, embeddings->shared->target.count(), "target_tokens");
        if (written == 0)
            return PTA_OK;
        require_apart(extent_of(cost, written, "cost"), extent_of(source_tokens, n, "source_tokens"));
        require_apart(extent_of(cost, written, "cost"), extent_of(target_tokens, m, "target_tokens"));
        embedding_distances(*workspace, *embeddings->shared, source_tokens, n, target_tokens, m, cost, row_stride);
        return PTA_OK;
    });
}

pta_status pta_vocabulary_pair_set_embeddings(pta_vocabulary_pair* pair, const pta_embeddings* embeddings) {
    return guarded([&] {
        require_not_null(pair, "pair");
        if (embeddings != nullptr) {
            const Embeddings& tables = *embeddings->shared;
            if (tables.source.count() != pair->source.count || tables.target.count() != pair->target.count)
                throw_argument("embeddings has vectors for %d source and %d target tokens; pair's vocabularies have %d and %d.", tables.source.count(),
                               tables.target.count(), pair->source.count, pair->target.count);
        }
        pair->embeddings = embeddings == nullptr ? nullptr : embeddings->shared;
        return PTA_OK;
    });
}
