// From logits to the probabilities that candidates carry (SPEC A3.3), many rows at a time so that the exponentials run in full lanes.
#pragma once
#include <cstdint>
#include <vector>

#include "host/workspace.h"

namespace pta {

// Sum as NumPy adds contiguous float64 (SPEC B 9): left to right under 8 values, else 8 strided accumulators. n <= 128.
double numpy_sum(const double* values, int32_t n);

// Collects rows, then makes all of them at once. The arena holds the masses.
class MassRows {
public:
    MassRows(Arena& arena, int64_t most_values);

    // softmax(logits / temperature) as exp(x - max) / sum. NaN in gives NaN out. The masses stand at the returned place after finish().
    double* add_softmax(const double* logits, int32_t n, double temperature);

    // True probabilities exp(logit - log-sum-exp).
    double* add_probabilities(const double* logits, int32_t n, double log_sum_exp);

    // exp((logit - the largest) / temperature) [n], and behind them [1] e^-1 of the least.
    double* add_weights(const double* logits, int32_t n, double temperature);

    void finish(const KernelTable& kernels);

private:
    struct Segment {
        int64_t first;
        int32_t count;
        bool normalised;
    };
    double* exponents_;
    double* masses_;
    int64_t used_ = 0;
    std::vector<Segment> segments_;
};

} // namespace pta
