#include "kernels/kernel_table.h"
#include "host/tokens/nearest_index.h"
#include "host/transport/stable_exp.h"
#include <immintrin.h>

namespace pta {
namespace avx512 {
#include "simd/vec_avx512.h"
#include "targets/target.inl.h"
} // namespace avx512

const KernelTable* avx512_kernels() {
    static constexpr KernelTable table = avx512::table_of("avx512");
    return &table;
}
} // namespace pta
