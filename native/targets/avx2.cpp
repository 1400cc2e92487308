#include "kernels/kernel_table.h"
#include "host/tokens/nearest_index.h"
#include "host/transport/stable_exp.h"
#include <immintrin.h>

namespace pta {
namespace avx2 {
#include "simd/vec_avx2.h"
#include "targets/target.inl.h"
} // namespace avx2

const KernelTable* avx2_kernels() {
    static constexpr KernelTable table = avx2::table_of("avx2");
    return &table;
}
} // namespace pta
