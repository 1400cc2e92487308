// pta_find_nearest_tokens: the answer's distance is the matrix's, and no smaller one or equal one before it exists.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    pta_workspace* workspace = fuzz::workspace(input);
    constexpr int32_t most = 90;
    auto source = fuzz::tape(input, 30, 20), target = fuzz::tape(input, most, 20);
    if (!source || !target)
        return 0;
    int64_t n = input.below(40) - (input.chance() ? 1 : 0);
    std::vector<int32_t> queries = fuzz::ids(input, n > 0 ? n : 0, 30);
    std::vector<int32_t> nearest(queries.size() + 1, -7), distance(queries.size() + 1, -7);
    if (!fuzz::answered(pta_find_nearest_tokens(workspace, source.get(), queries.data(), n, target.get(), nearest.data(), distance.data())))
        return 0;
    for (size_t q = 0; q < queries.size(); q++) {
        REQUIRE(nearest[q] >= -1 && nearest[q] < most && distance[q] >= 0);
        if (nearest[q] < 0) {
            REQUIRE(distance[q] == 0);
            continue;
        }
        uint16_t exact = 0;
        REQUIRE(fuzz::answered(pta_cost_matrix_u16(workspace, source.get(), &queries[q], 1, target.get(), &nearest[q], 1, &exact, 1)));
        REQUIRE(exact == distance[q]);
    }
    return 0;
}
