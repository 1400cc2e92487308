// All kernels of one target. Included by each targets/*.cpp inside namespace pta::<isa>, after its vec_*.h.
#include "kernels/myers.inl.h"
#include "kernels/edit_distance.inl.h"
#include "kernels/embedding_costs.inl.h"
#include "kernels/nearest.inl.h"
#include "kernels/wavefront.inl.h"
#include "kernels/official.inl.h"
#include "kernels/balanced.inl.h"
#include "kernels/semi_relaxed.inl.h"
#include "kernels/exponential.inl.h"
#include "kernels/projection.inl.h"
#include "kernels/byte_ranges.inl.h"

static constexpr KernelTable table_of(const char* isa) {
    return KernelTable{
        .isa = isa,
        .vector_bytes = kVectorBytes,
        .distances_u8 = distances_u8,
        .distances_u16 = distances_u16,
        .distance_blocks = distance_blocks,
        .embedding_costs = embedding_costs,
        .nearest = nearest,
        .path_u8 = path<uint8_t>,
        .path_u16 = path<uint16_t>,
        .official = official,
        .official_real = official_real,
        .balanced = balanced,
        .unbalanced = unbalanced,
        .semi_relaxed = semi_relaxed,
        .exponentials = exponentials,
        .top1 = top1,
        .cheapest_columns = cheapest_columns,
        .byte_takers = byte_takers,
    };
}
