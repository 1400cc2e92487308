#include "host/transport/entropic_laplacian.h"

#include <algorithm>

namespace pta {

namespace {
// Below this a pivot's node is cut off from all later ones within float64; dividing by it could only overflow.
constexpr double kSmallestPivot = 1e-290;
} // namespace

void laplacian_from_conditionals(const double* conditional, const double* a, int32_t n, int32_t m, double* weights) {
    std::fill_n(weights, m * m, 0.0);
    for (int32_t i = 0; i < n; i++) {
        const double* row = conditional + i * m;
        for (int32_t j = 0; j < m; j++) {
            double factor = a[i] * row[j];
            if (factor == 0)
                continue;
            double* into = weights + j * m;
            for (int32_t k = j + 1; k < m; k++)
                into[k] += factor * row[k];
        }
    }
}

void solve_laplacian(double* weights, double* ground, double* x, int32_t m) {
    for (int32_t k = 0; k < m; k++) {
        double* row = weights + k * m;
        double pivot = ground[k];
        for (int32_t j = k + 1; j < m; j++)
            pivot += row[j];
        if (pivot < kSmallestPivot) {
            std::fill_n(row, m, 0.0);
            x[k] = 0;
            continue;
        }
        double inverse = 1 / pivot;
        x[k] *= inverse;
        for (int32_t j = k + 1; j < m; j++) {
            double weight = row[j];
            if (weight == 0)
                continue;
            row[j] = weight * inverse;
            x[j] += weight * x[k];
            ground[j] += row[j] * ground[k];
            double* into = weights + j * m;
            for (int32_t l = j + 1; l < m; l++)
                into[l] += row[j] * row[l];
        }
    }
    for (int32_t k = m - 2; k >= 0; k--) {
        const double* row = weights + k * m;
        for (int32_t j = k + 1; j < m; j++)
            x[k] += row[j] * x[j];
    }
}

} // namespace pta
