#include "kernels/kernel_table.h"
#include "host/tokens/nearest_index.h"
#include "host/transport/stable_exp.h"

namespace pta {
namespace portable {
#include "simd/vec_portable.h"
#include "targets/target.inl.h"
} // namespace portable

const KernelTable* portable_kernels() {
    static constexpr KernelTable table = portable::table_of("portable");
    return &table;
}
} // namespace pta
