// pta_solve_transport_u8, _f64: documented statuses, plans without negative entries, rows that carry their mass when the answer says converged.
#include "fuzz.h"

#include <cmath>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::Input input(data, size);
    pta_workspace* workspace = fuzz::workspace(input);
    int32_t n = 1 + input.below(12), m = 1 + input.below(12);
    int64_t batch = input.below(10);
    pta_transport_options options{sizeof(pta_transport_options), 1 + input.below(4), 1.0 / 30, 1e-5, 0.05, 1 + input.below(200), 0};
    if (input.chance())
        options.epsilon = input.real();
    if (input.chance())
        options.rho = input.real();
    if (input.chance())
        options.kind = input.below(8) - 1;
    if (input.chance())
        options.solver = input.below(2);
    if (input.chance())
        options.struct_size = input.byte();
    size_t cells = static_cast<size_t>(batch * n * m), rows = static_cast<size_t>(batch * n), columns = static_cast<size_t>(batch * m);
    int32_t most = input.below(254);
    std::vector<uint8_t> cost(cells + 1);
    for (uint8_t& c : cost)
        c = static_cast<uint8_t>(input.below(most));
    std::vector<double> real_cost(cost.begin(), cost.end()), a(rows + 1), b(columns + 1), plan(cells + 1), f(rows + 1), g(columns + 1);
    if (input.chance())
        real_cost[0] = input.real();
    bool wild = input.chance(); // masses of any sum, or no masses at all
    for (int64_t p = 0; p < batch; p++) {
        double sum_a = 0, sum_b = 0;
        for (int32_t i = 0; i < n; i++)
            sum_a += a[static_cast<size_t>(p * n + i)] = wild ? input.real() : input.byte();
        for (int32_t j = 0; j < m; j++)
            sum_b += b[static_cast<size_t>(p * m + j)] = wild ? input.real() : input.byte();
        for (int32_t i = 0; i < n && !wild; i++)
            a[static_cast<size_t>(p * n + i)] = sum_a > 0 ? a[static_cast<size_t>(p * n + i)] / sum_a : 1.0 / n;
        for (int32_t j = 0; j < m && !wild; j++)
            b[static_cast<size_t>(p * m + j)] = sum_b > 0 ? b[static_cast<size_t>(p * m + j)] / sum_b : 1.0 / m;
    }
    std::vector<pta_transport_outcome> outcomes(static_cast<size_t>(batch) + 1);
    bool potentials = (input.byte() & 1) != 0;
    for (bool real : {false, true}) {
        pta_status status =
            real ? pta_solve_transport_f64(workspace, &options, batch, n, m, real_cost.data(), a.data(), b.data(), plan.data(),
                                           potentials ? f.data() : nullptr, potentials ? g.data() : nullptr, outcomes.data())
                 : pta_solve_transport_u8(workspace, &options, batch, n, m, cost.data(), a.data(), b.data(), plan.data(), potentials ? f.data() : nullptr,
                                          potentials ? g.data() : nullptr, outcomes.data());
        if (!fuzz::answered(status))
            continue;
        for (int64_t p = 0; p < batch; p++) {
            const pta_transport_outcome& outcome = outcomes[static_cast<size_t>(p)];
            REQUIRE(outcome.status >= PTA_TRANSPORT_CONVERGED && outcome.status <= PTA_TRANSPORT_NOT_FINITE && outcome.iterations >= 0);
            if (wild || outcome.status != PTA_TRANSPORT_CONVERGED || options.kind == PTA_TRANSPORT_OFFICIAL)
                continue;
            for (int32_t i = 0; i < n; i++) {
                double sum = 0;
                for (int32_t j = 0; j < m; j++) {
                    double entry = plan[static_cast<size_t>((p * n + i) * m + j)];
                    REQUIRE(entry >= 0);
                    sum += entry;
                }
                REQUIRE(std::fabs(sum - a[static_cast<size_t>(p * n + i)]) <= 1e-9);
            }
        }
    }
    return 0;
}
