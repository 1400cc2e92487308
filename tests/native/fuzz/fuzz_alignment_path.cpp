// pta_find_alignment_path_u8, _u16: monotone from corner to corner, its costs add up to the total, and both widths agree.
#include "fuzz.h"

namespace {

void check(const std::vector<int32_t>& source, const std::vector<int32_t>& target, const std::vector<uint8_t>& cost, int64_t stride,
           const std::vector<int32_t>& steps, int64_t count, int64_t total) {
    int64_t sum = 0;
    for (int64_t s = 0; s < count; s++) {
        int32_t i = steps[static_cast<size_t>(2 * s)], j = steps[static_cast<size_t>(2 * s + 1)];
        if (s == 0)
            REQUIRE(i == 0 && j == 0);
        else {
            int32_t di = i - steps[static_cast<size_t>(2 * s - 2)], dj = j - steps[static_cast<size_t>(2 * s - 1)];
            REQUIRE((di == 0 || di == 1) && (dj == 0 || dj == 1) && di + dj > 0);
        }
        sum += cost[static_cast<size_t>(source[static_cast<size_t>(i)] * stride + target[static_cast<size_t>(j)])];
    }
    REQUIRE(steps[static_cast<size_t>(2 * count - 2)] == static_cast<int32_t>(source.size()) - 1);
    REQUIRE(steps[static_cast<size_t>(2 * count - 1)] == static_cast<int32_t>(target.size()) - 1);
    REQUIRE(sum == total);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    pta_workspace* workspace = fuzz::workspace(input);
    int32_t rows = 1 + input.below(12), columns = 1 + input.below(12);
    int64_t stride = columns + input.below(2) - (input.chance() ? 1 : 0);
    int32_t most = input.below(255);
    std::vector<uint8_t> cost(static_cast<size_t>(rows * (columns + 2)));
    for (uint8_t& c : cost)
        c = static_cast<uint8_t>(input.below(most));
    std::vector<uint16_t> wide(cost.begin(), cost.end());
    std::vector<int32_t> source = fuzz::ids(input, input.below(300), rows), target = fuzz::ids(input, input.below(300), columns);
    int64_t n = static_cast<int64_t>(source.size()), m = static_cast<int64_t>(target.size());
    int64_t capacity = n + m - (input.chance() ? 2 : 1);
    std::vector<int32_t> steps(static_cast<size_t>(2 * (n + m) + 2)), wide_steps(steps.size());
    int64_t count = 0, total = 0, wide_count = 0, wide_total = 0;
    bool found = fuzz::answered(pta_find_alignment_path_u8(workspace, source.data(), n, target.data(), m, cost.data(), rows, columns, stride, steps.data(),
                                                           capacity, &count, &total));
    bool wide_found = fuzz::answered(pta_find_alignment_path_u16(workspace, source.data(), n, target.data(), m, wide.data(), rows, columns, stride,
                                                                 wide_steps.data(), capacity, &wide_count, &wide_total));
    REQUIRE(found == wide_found);
    if (!found)
        return 0;
    check(source, target, cost, stride, steps, count, total);
    REQUIRE(count == wide_count && total == wide_total);
    REQUIRE(std::memcmp(steps.data(), wide_steps.data(), static_cast<size_t>(2 * count) * sizeof(int32_t)) == 0);
    return 0;
}
