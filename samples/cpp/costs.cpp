// Edit-distance costs of every pair of two lists of tokens, and the cheapest path through them: how two tokenizations of one text pair up.
//   c++ -std=c++17 costs.cpp $(pkg-config --cflags --libs ptakernels) -o costs && ./costs
#include <cstdio>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include <ptakernels.h>

namespace {

struct Destroy {
    void operator()(pta_workspace* workspace) const { pta_workspace_destroy(workspace); }
    void operator()(pta_tape* tape) const { pta_tape_destroy(tape); }
};

void require(pta_status status) {
    if (status < 0)
        throw std::runtime_error(pta_last_error());
}

// One symbol per byte is enough for this text; a program for any text would use code points, or pta_vocabulary.
std::unique_ptr<pta_tape, Destroy> tape_of(const std::vector<std::string>& tokens) {
    std::vector<int32_t> symbols, offsets{0};
    for (const std::string& token : tokens) {
        symbols.insert(symbols.end(), token.begin(), token.end());
        offsets.push_back(static_cast<int32_t>(symbols.size()));
    }
    pta_tape_view view{sizeof(pta_tape_view), static_cast<int32_t>(tokens.size()), symbols.data(), offsets.data(), nullptr};
    pta_tape* tape = nullptr;
    require(pta_tape_create(&view, &tape));
    return std::unique_ptr<pta_tape, Destroy>(tape);
}

} // namespace

int main() try {
    const std::vector<std::string> source{"The", " quick", " brown", " fox", " jumps"}, target{"The", " qu", "ick", " brow", "n", " fox", " jump", "s"};
    pta_workspace* made = nullptr;
    require(pta_workspace_create(nullptr, &made));
    std::unique_ptr<pta_workspace, Destroy> workspace(made);
    auto rows = tape_of(source), columns = tape_of(target);

    std::vector<int32_t> i(source.size()), j(target.size());
    std::iota(i.begin(), i.end(), 0);
    std::iota(j.begin(), j.end(), 0);
    const int64_t n = static_cast<int64_t>(i.size()), m = static_cast<int64_t>(j.size());
    std::vector<uint8_t> cost(i.size() * j.size());
    require(pta_cost_matrix_u8(workspace.get(), rows.get(), i.data(), n, columns.get(), j.data(), m, cost.data(), m));

    std::vector<int32_t> steps(2 * (i.size() + j.size() - 1));
    int64_t count = 0, total = 0;
    require(pta_find_alignment_path_u8(workspace.get(), i.data(), n, j.data(), m, cost.data(), n, m, m, steps.data(), n + m - 1, &count, &total));
    std::printf("%lld edits in all\n", static_cast<long long>(total));
    for (int64_t s = 0; s < count; s++) {
        const std::string &x = source[static_cast<size_t>(steps[2 * s])], &y = target[static_cast<size_t>(steps[2 * s + 1])];
        std::printf("%-8s %-8s %d\n", x.c_str(), y.c_str(), cost[static_cast<size_t>(steps[2 * s] * m + steps[2 * s + 1])]);
    }
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "costs: %s\n", error.what());
    return 1;
}
