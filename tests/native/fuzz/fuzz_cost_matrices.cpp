// pta_cost_matrices_u8: each block is what pta_cost_matrix_u8 says of it.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    pta_workspace* workspace = fuzz::workspace(input);
    auto source = fuzz::tape(input, 60, 24), target = fuzz::tape(input, 60, 24);
    if (!source || !target)
        return 0;
    int32_t n = input.below(20) - (input.chance() ? 1 : 0), m = input.below(20) - (input.chance() ? 1 : 0);
    int64_t batch = input.below(8) - (input.chance() ? 1 : 0);
    size_t batches = batch > 0 ? static_cast<size_t>(batch) : 0, height = n > 0 ? static_cast<size_t>(n) : 0, width = m > 0 ? static_cast<size_t>(m) : 0;
    std::vector<int32_t> rows = fuzz::ids(input, static_cast<int64_t>(batches * height), 60);
    std::vector<int32_t> columns = fuzz::ids(input, static_cast<int64_t>(batches * width), 60);
    std::vector<uint8_t> cost(batches * height * width + 1), one(height * width + 1);
    if (!fuzz::answered(pta_cost_matrices_u8(workspace, source.get(), rows.data(), target.get(), columns.data(), batch, n, m, cost.data())))
        return 0;
    for (size_t p = 0; p < batches; p++) {
        REQUIRE(fuzz::answered(pta_cost_matrix_u8(workspace, source.get(), rows.data() + p * height, n, target.get(), columns.data() + p * width, m, one.data(), m)));
        REQUIRE(std::memcmp(one.data(), cost.data() + p * height * width, height * width) == 0);
    }
    return 0;
}
