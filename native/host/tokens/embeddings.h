// The tokens of two vocabularies as vectors of one space.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "host/workspace.h"
#include "ptakernels.h"

namespace pta {

// The vectors of one vocabulary. Each begins on a cache line: rows are whole lines, and a token costs no line more than it has.
class EmbeddedTokens {
public:
    EmbeddedTokens(const int8_t* vectors, int32_t count, int32_t dimensions);

    int32_t count() const { return static_cast<int32_t>(sums_.size()); }
    EmbeddingTable table() const { return {vectors_.get(), sums_.data()}; }

private:
    struct Free {
        void operator()(int8_t* memory) const { std::free(memory); }
    };
    std::unique_ptr<int8_t[], Free> vectors_;
    std::vector<int32_t> sums_;
};

struct Embeddings {
    explicit Embeddings(const pta_embeddings_view& view)
        : dimensions(view.dimensions), source(view.source, view.source_count, view.dimensions), target(view.target, view.target_count, view.dimensions) {}

    EmbeddingTables tables() const { return {source.table(), target.table(), dimensions}; }

    int32_t dimensions;
    EmbeddedTokens source, target;
};

// Cosine distances of any number of tokens, each in its table or -1; see ptakernels.h.
void embedding_distances(Workspace& workspace, const Embeddings& embeddings, const int32_t* source_tokens, int64_t n, const int32_t* target_tokens, int64_t m,
                         uint8_t* cost, int64_t stride);

} // namespace pta

struct pta_embeddings {
    std::shared_ptr<const pta::Embeddings> shared; // with the pairs that read them
};
