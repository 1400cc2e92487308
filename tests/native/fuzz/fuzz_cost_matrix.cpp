// pta_cost_matrix_u8, pta_cost_matrix_u16: both must say the same, and the matrix of a tape with itself is symmetric with a zero diagonal.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    pta_workspace* workspace = fuzz::workspace(input);
    auto source = fuzz::tape(input, 40, 40), target = fuzz::tape(input, 40, 40);
    if (!source || !target)
        return 0;
    int64_t n = input.below(70), m = input.below(70), stride = m + input.below(3) - (input.chance() ? 1 : 0);
    std::vector<int32_t> rows = fuzz::ids(input, n, 40), columns = fuzz::ids(input, m, 40);
    size_t cells = static_cast<size_t>(n) * static_cast<size_t>(m + 3);
    std::vector<uint8_t> narrow(cells);
    std::vector<uint16_t> wide(cells);
    bool got_narrow = fuzz::answered(
        pta_cost_matrix_u8(workspace, source.get(), rows.data(), n, target.get(), columns.data(), m, narrow.data(), stride));
    bool got_wide = fuzz::answered(
        pta_cost_matrix_u16(workspace, source.get(), rows.data(), n, target.get(), columns.data(), m, wide.data(), stride));
    REQUIRE(got_narrow == got_wide);
    for (int64_t i = 0; got_narrow && i < n; i++) {
        for (int64_t j = 0; j < m; j++)
            REQUIRE(narrow[static_cast<size_t>(i * stride + j)] == wide[static_cast<size_t>(i * stride + j)]);
    }
    if (fuzz::answered(pta_cost_matrix_u8(workspace, source.get(), rows.data(), n, source.get(), rows.data(), n, narrow.data(), n <= m ? n : 0)) && n <= m) {
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j <= i; j++)
                REQUIRE(narrow[static_cast<size_t>(i * n + j)] == narrow[static_cast<size_t>(j * n + i)]);
        }
    }
    return 0;
}
