#include "host/tokens/embeddings.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>

namespace pta {

namespace {
constexpr size_t kLine = 64;
} // namespace

EmbeddedTokens::EmbeddedTokens(const int8_t* vectors, int32_t count, int32_t dimensions) : sums_(static_cast<size_t>(count)) {
    size_t size = static_cast<size_t>(count) * static_cast<size_t>(dimensions);
    void* memory = nullptr;
    if (posix_memalign(&memory, kLine, std::max(size, kLine)) != 0)
        throw std::bad_alloc();
    vectors_.reset(static_cast<int8_t*>(memory));
    if (size > 0)
        std::memcpy(memory, vectors, size);
    for (int32_t& sum : sums_) {
        bool any = std::any_of(vectors, vectors + dimensions, [](int8_t x) { return x != 0; });
        sum = any ? std::accumulate(vectors, vectors + dimensions, 0) : EmbeddingTable::kNone;
        vectors += dimensions;
    }
}

void embedding_distances(Workspace& workspace, const Embeddings& embeddings, const int32_t* source_tokens, int64_t n, const int32_t* target_tokens, int64_t m,
                         uint8_t* cost, int64_t stride) {
    constexpr int64_t most = EmbeddingBlock::kMost;
    Arena::Scope scope(workspace.arena);
    int64_t columns = (m + most - 1) / most;
    EmbeddingBlock* blocks = workspace.arena.take<EmbeddingBlock>(columns);
    for (int64_t i = 0; i < n; i += most) {
        for (int64_t b = 0; b < columns; b++) {
            int64_t j = b * most;
            blocks[b] = {source_tokens + i, target_tokens + j, nullptr, nullptr, cost + i * stride + j, stride, static_cast<int32_t>(std::min(most, n - i)),
                         static_cast<int32_t>(std::min(most, m - j))};
        }
        workspace.kernels.embedding_costs(workspace.arena, embeddings.tables(), 0, blocks, columns);
    }
}

} // namespace pta
