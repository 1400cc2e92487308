#include "host/transport/transport_problem.h"

#include <algorithm>
#include <limits>

#include "host/libm.h"

namespace pta {

bool is_usable(const double* values, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (!(values[i] >= 0 && values[i] <= std::numeric_limits<double>::max()))
            return false;
    }
    return true;
}

bool is_usable(const TransportProblem& problem) {
    return is_usable(problem.cost, problem.n * problem.m) && is_usable(problem.a, problem.n) && is_usable(problem.b, problem.m);
}

bool is_empty(const double* masses, int32_t count) {
    return std::all_of(masses, masses + count, [](double mass) { return mass == 0; });
}

TransportOutcome not_finite(const TransportProblem& problem) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    std::fill_n(problem.plan, problem.n * problem.m, nan);
    std::fill_n(problem.f, problem.n, nan);
    std::fill_n(problem.g, problem.m, nan);
    return {nan, PTA_TRANSPORT_NOT_FINITE, 0};
}

double implied_entry(double f, double g, double cost, double epsilon) { return std::exp((f + g - cost) / epsilon); }

double wanted_mass(double b, double g, double rho) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (rho == infinity)
        return b;
    return b == 0 || g == -infinity ? 0 : b * std::exp(-g / rho);
}

double plan_marginal_error(const TransportProblem& problem) {
    double error = 0;
    for (int32_t i = 0; i < problem.n; i++) {
        double sum = 0;
        for (int32_t j = 0; j < problem.m; j++)
            sum += problem.plan[i * problem.m + j];
        error += std::fabs(sum - problem.a[i]);
    }
    for (int32_t j = 0; j < problem.m; j++) {
        double sum = 0;
        for (int32_t i = 0; i < problem.n; i++)
            sum += problem.plan[i * problem.m + j];
        error += std::fabs(sum - problem.b[j]);
    }
    return error;
}

} // namespace pta
