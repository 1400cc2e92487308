#include "host/documents/document_mass.h"

#include <limits>

namespace pta {

double numpy_sum(const double* values, int32_t n) {
    if (n < 8) {
        double sum = 0;
        for (int32_t i = 0; i < n; i++)
            sum += values[i];
        return sum;
    }
    double r[8];
    for (int32_t lane = 0; lane < 8; lane++)
        r[lane] = values[lane];
    int32_t i = 8;
    for (; i + 8 <= n; i += 8) {
        for (int32_t lane = 0; lane < 8; lane++)
            r[lane] += values[i + lane];
    }
    double total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        total += values[i];
    return total;
}

MassRows::MassRows(Arena& arena, int64_t most_values)
    : exponents_(arena.take<double>(most_values)), masses_(arena.take<double>(most_values)) {}

double* MassRows::add_softmax(const double* logits, int32_t n, double temperature) {
    double* x = exponents_ + used_;
    double max = -std::numeric_limits<double>::infinity();
    if (temperature == 1) {
        for (int32_t i = 0; i < n; i++)
            max = logits[i] > max || logits[i] != logits[i] ? logits[i] : max; // keeps a NaN
        for (int32_t i = 0; i < n; i++)
            x[i] = logits[i] - max;
    } else {
        for (int32_t i = 0; i < n; i++) {
            x[i] = logits[i] / temperature;
            max = x[i] > max || x[i] != x[i] ? x[i] : max;
        }
        for (int32_t i = 0; i < n; i++)
            x[i] -= max;
    }
    segments_.push_back({used_, n, true});
    used_ += n;
    return masses_ + segments_.back().first;
}

double* MassRows::add_probabilities(const double* logits, int32_t n, double log_sum_exp) {
    double* x = exponents_ + used_;
    for (int32_t i = 0; i < n; i++)
        x[i] = logits[i] - log_sum_exp;
    segments_.push_back({used_, n, false});
    used_ += n;
    return masses_ + segments_.back().first;
}

double* MassRows::add_weights(const double* logits, int32_t n, double temperature) {
    double* x = exponents_ + used_;
    double most = logits[0], least = logits[0];
    for (int32_t i = 1; i < n; i++) {
        most = logits[i] > most ? logits[i] : most;
        least = logits[i] < least ? logits[i] : least;
    }
    for (int32_t i = 0; i < n; i++)
        x[i] = (logits[i] - most) / temperature;
    x[n] = (least - most) / temperature - 1;
    segments_.push_back({used_, n + 1, false});
    used_ += n + 1;
    return masses_ + segments_.back().first;
}

void MassRows::finish(const KernelTable& kernels) {
    kernels.exponentials(exponents_, masses_, used_);
    for (const Segment& segment : segments_) {
        if (!segment.normalised)
            continue;
        double* mass = masses_ + segment.first;
        double sum = numpy_sum(mass, segment.count);
        for (int32_t i = 0; i < segment.count; i++)
            mass[i] /= sum;
    }
}

} // namespace pta
