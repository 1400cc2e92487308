// Transports in scalar C++: the published loop on one 10 x 10 plan, in NumPy's order of summation.

#include <algorithm>
#include <cmath>

#include "peer.h"

namespace {

class TransportCase final : public Case {
public:
    explicit TransportCase(const std::string& folder)
        : cost_(read_array<uint8_t>(folder + "/transport.cost")), r_(read_array<double>(folder + "/transport.r")), c_(read_array<double>(folder + "/transport.c")),
          lambda_(read_array<double>(folder + "/transport.lambda")), tolerance_(read_array<double>(folder + "/transport.tolerance")),
          expected_(read_array<double>(folder + "/transport.plan")), iterations_(read_array<int32_t>(folder + "/transport.iterations")),
          plan_(cost_.size()), exp_(256 * lambda_.size()) {
        for (size_t p = 0; p < lambda_.size(); p++)
            for (size_t v = 0; v < 256; v++) exp_[p * 256 + v] = std::exp(-lambda_[p] * static_cast<double>(v));
    }

    std::string check() override {
        uint64_t sum = 0;
        for (size_t p = 0; p < lambda_.size(); p++) {
            int iterations = solve(p);
            if (iterations != iterations_[p]) return "wrong problem " + std::to_string(p) + " took " + std::to_string(iterations) + " iterations";
            for (size_t e = 0; e < Entries; e++)
                if (!(std::fabs(plan_[p * Entries + e] - expected_[p * Entries + e]) <= 1e-12)) return "wrong plan of problem " + std::to_string(p);
            sum += static_cast<uint64_t>(iterations);
        }
        return ok(static_cast<double>(lambda_.size()), sum);
    }

    Lap run(double seconds) override {
        return passes(seconds, [&] {
            for (size_t p = 0; p < lambda_.size(); p++) solve(p);
            return static_cast<double>(lambda_.size());
        });
    }

private:
    static constexpr size_t N = 10, Entries = N * N;

    static double sum_of_row(const double* x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])) + x[8] + x[9]; }

    int solve(size_t p) {
        const uint8_t* cost = cost_.data() + p * Entries;
        const double *r = r_.data() + p * N, *c = c_.data() + p * N, *table = exp_.data() + p * 256;
        double plan[Entries], sums[8] = {}, row[N], previous[N] = {};
        for (size_t e = 0; e < Entries; e++) plan[e] = table[cost[e]];
        for (size_t e = 0; e < 96; e++) sums[e % 8] += plan[e];
        double total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
        for (size_t e = 96; e < Entries; e++) total += plan[e];
        for (double& v : plan) v /= total;
        for (size_t i = 0; i < N; i++) row[i] = sum_of_row(plan + i * N);
        int iterations = 0;
        while (true) {
            double change = 0;
            for (size_t i = 0; i < N; i++) change = std::max(change, std::fabs(previous[i] - row[i]));
            if (!(change > tolerance_[p])) break;
            double column[N] = {};
            for (size_t i = 0; i < N; i++) {
                previous[i] = std::max(row[i], 1e-10);
                const double scale = r[i] / previous[i];
                for (size_t j = 0; j < N; j++) column[j] += plan[i * N + j] *= scale;
            }
            for (size_t j = 0; j < N; j++) column[j] = c[j] / std::max(column[j], 1e-10);
            for (size_t i = 0; i < N; i++) {
                for (size_t j = 0; j < N; j++) plan[i * N + j] *= column[j];
                row[i] = sum_of_row(plan + i * N);
            }
            iterations++;
        }
        std::copy(plan, plan + Entries, plan_.data() + p * Entries);
        return iterations;
    }

    std::vector<uint8_t> cost_;
    std::vector<double> r_, c_, lambda_, tolerance_, expected_;
    std::vector<int32_t> iterations_;
    std::vector<double> plan_, exp_;
};

}  // namespace

std::unique_ptr<Case> make_transport(const std::string& folder) { return std::make_unique<TransportCase>(folder); }
