#include "host/transport/entropic_problem.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace pta {

EntropicProblem::EntropicProblem(Arena& arena, const TransportProblem& problem, double epsilon, double rho)
    : problem_(problem), epsilon_(epsilon), rho_(rho), rows_(arena.take<int32_t>(problem.n)), columns_(arena.take<int32_t>(problem.m)),
      n_(select(problem.a, problem.n, rows_)), m_(pack_columns()), a_(gather(arena, problem.a, rows_, n_)), b_(gather(arena, problem.b, columns_, m_)),
      f_(arena.take<double>(n_)), g_(arena.take<double>(m_)), plan_(arena.take<double>(n_ * m_)), column_sums_(arena.take<double>(m_)),
      dual_(arena, pack_costs(arena), a_, b_, n_, m_, epsilon / rho) {}

int32_t EntropicProblem::pack_columns() {
    const double* b = problem_.b;
    int32_t count = select(b, problem_.m, columns_);
    for (int32_t j = 0; j < count - 1; j++) {
        if (b[columns_[j]] > b[columns_[count - 1]])
            std::swap(columns_[j], columns_[count - 1]);
    }
    return count;
}

const double* EntropicProblem::pack_costs(Arena& arena) const {
    double* scaled = arena.take<double>(n_ * m_);
    for (int32_t i = 0; i < n_; i++) {
        for (int32_t j = 0; j < m_; j++)
            scaled[i * m_ + j] = problem_.cost_at(rows_[i], columns_[j]) / epsilon_;
    }
    return scaled;
}

int32_t EntropicProblem::select(const double* masses, int32_t count, int32_t* indices) {
    int32_t selected = 0;
    for (int32_t i = 0; i < count; i++) {
        if (masses[i] > 0)
            indices[selected++] = i;
    }
    return selected;
}

const double* EntropicProblem::gather(Arena& arena, const double* values, const int32_t* indices, int32_t count) {
    double* packed = arena.take<double>(count);
    for (int32_t i = 0; i < count; i++)
        packed[i] = values[indices[i]];
    return packed;
}

void EntropicProblem::start_from_potentials() {
    for (int32_t j = 0; j < m_; j++)
        dual_.potential()[j] = problem_.g[columns_[j]] / epsilon_;
    dual_.evaluate();
}

double EntropicProblem::finish() {
    for (int32_t j = 0; j < m_; j++)
        g_[j] = epsilon_ * dual_.potential()[j];
    std::fill_n(column_sums_, m_, 0.0);
    double error = 0;
    for (int32_t i = 0; i < n_; i++) {
        f_[i] = epsilon_ * dual_.row_potential(i);
        double sum = 0;
        for (int32_t j = 0; j < m_; j++) {
            double entry = implied_entry(f_[i], g_[j], problem_.cost_at(rows_[i], columns_[j]), epsilon_);
            plan_[i * m_ + j] = entry;
            sum += entry;
            column_sums_[j] += entry;
        }
        error += std::fabs(sum - a_[i]);
    }
    for (int32_t j = 0; j < m_; j++)
        error += std::fabs(column_sums_[j] - wanted_mass(b_[j], g_[j], rho_));
    return error;
}

void EntropicProblem::write() const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::fill_n(problem_.plan, problem_.n * problem_.m, 0.0);
    std::fill_n(problem_.f, problem_.n, -infinity);
    std::fill_n(problem_.g, problem_.m, -infinity);
    for (int32_t j = 0; j < m_; j++)
        problem_.g[columns_[j]] = g_[j];
    for (int32_t i = 0; i < n_; i++) {
        problem_.f[rows_[i]] = f_[i];
        for (int32_t j = 0; j < m_; j++)
            problem_.plan[rows_[i] * problem_.m + columns_[j]] = plan_[i * m_ + j];
    }
}

} // namespace pta
