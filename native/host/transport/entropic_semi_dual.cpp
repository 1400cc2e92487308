#include "host/transport/entropic_semi_dual.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "host/transport/entropic_laplacian.h"
#include "host/libm.h"
#include "host/transport/transport_problem.h"

namespace pta {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Steps are capped at a number of epsilon that doubles while the slope stays steep and follows the secant when it overshoots.
constexpr double kFirstRadius = 4;
constexpr double kSmallestRadius = 1e-3;
constexpr double kOvershoot = 0.5;
constexpr double kUndershoot = 0.25;

// Links that carry less mass than the residual's rounding would otherwise ask for steps of any size and stall the others.
constexpr double kRelativeRidge = 1e-6;
constexpr double kSmallestRidge = 1e-17;

// Below this a column sum has lost digits to underflow and is formed in the log domain instead.
constexpr double kSmallestSum = 1e-290;

double dot(const double* x, const double* y, int32_t count) {
    double sum = 0;
    for (int32_t j = 0; j < count; j++)
        sum += x[j] * y[j];
    return sum;
}

double largest_magnitude(const double* x, int32_t count) {
    double largest = 0;
    for (int32_t j = 0; j < count; j++)
        largest = larger(largest, std::fabs(x[j]));
    return largest;
}

// A NaN stays one.
double clamped(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

} // namespace

SemiDual::SemiDual(Arena& arena, const double* scaled_cost, const double* a, const double* b, int32_t n, int32_t m, double penalty)
    : scaled_cost_(scaled_cost), a_(a), b_(b), n_(n), m_(m), penalty_(penalty), error_(kInfinity), conditional_(arena.take<double>(n * m)),
      trial_conditional_(arena.take<double>(n * m)), gradient_(arena.take<double>(m)), trial_gradient_(arena.take<double>(m)),
      potential_(arena.take<double>(m)), trial_potential_(arena.take<double>(m)), weights_(arena.take<double>(m * m)), ground_(arena.take<double>(m)),
      direction_(arena.take<double>(m)) {}

void SemiDual::sweep() {
    // A log-domain sum reads the old potentials, so the new ones take their place only after the last column.
    for (int32_t j = 0; j < m_; j++) {
        double sum = 0;
        for (int32_t i = 0; i < n_; i++)
            sum += a_[i] * conditional_[i * m_ + j];
        double log_sum = sum > kSmallestSum ? std::log(sum) : log_column_sum(j);
        // Balanced: the step is log(b / sum). A penalised wanted mass moves along with G, hence the contraction by rho / (rho + epsilon).
        trial_potential_[j] = potential_[j] + (std::log(b_[j]) - log_sum - penalty_ * potential_[j]) / (1 + penalty_);
    }
    std::copy_n(trial_potential_, m_, potential_);
    evaluate();
}

// direction = -Hessian^-1 gradient; the ridge keeps it finite where the graph falls apart. The last column is the pin.
void SemiDual::find_direction() {
    double ridge = larger(kSmallestRidge, kRelativeRidge * error_);
    laplacian_from_conditionals(conditional_, a_, n_, m_, weights_);
    for (int32_t j = 0; j < m_; j++) {
        ground_[j] = penalty_ * wanted(potential_[j], j) + (j < m_ - 1 ? ridge : 0);
        direction_[j] = -gradient_[j];
    }
    solve_laplacian(weights_, ground_, direction_, m_);
}

int32_t SemiDual::descend(double target, int32_t max_steps) {
    double radius = kFirstRadius;
    for (int32_t step = 0; step < max_steps; step++) {
        if (error_ <= target)
            return step;
        find_direction();
        double slope = dot(gradient_, direction_, m_);
        double reach = largest_magnitude(direction_, m_);
        double length = smaller(1, radius / reach);
        while (true) {
            for (int32_t j = 0; j < m_; j++)
                trial_potential_[j] = potential_[j] + length * direction_[j];
            double error = evaluate(trial_potential_, trial_conditional_, trial_gradient_);
            double trial_slope = dot(trial_gradient_, direction_, m_);
            if (trial_slope <= -kOvershoot * slope || error <= target) {
                // Once certified, the first step that gains nothing has met the rounding of float64.
                if (error <= kMarginalTolerance && error >= error_)
                    return step + 1;
                accept(error);
                if (length < 1 && trial_slope < kUndershoot * slope)
                    radius *= 2;
                break;
            }
            // The slope of a convex function crosses zero before the overshoot: the secant points near the crossing.
            length *= clamped(slope / (slope - trial_slope), 0.1, 0.5);
            radius = smaller(radius, length * reach);
            if (!(radius >= kSmallestRadius))
                return step + 1;
        }
    }
    return max_steps;
}

double SemiDual::row_potential(int32_t row) const {
    const double* cost = scaled_cost_ + row * m_;
    double largest = -kInfinity;
    for (int32_t j = 0; j < m_; j++)
        largest = larger(largest, potential_[j] - cost[j]);
    double sum = 0;
    for (int32_t j = 0; j < m_; j++)
        sum += std::exp(potential_[j] - cost[j] - largest);
    return std::log(a_[row]) - largest - std::log(sum);
}

double SemiDual::log_column_sum(int32_t column) const {
    double largest = -kInfinity;
    double sum = 0;
    for (int32_t i = 0; i < n_; i++) {
        double term = row_potential(i) + potential_[column] - scaled_cost_[i * m_ + column];
        double next = larger(largest, term);
        sum = sum * std::exp(largest - next) + std::exp(term - next);
        largest = next;
    }
    return largest + std::log(sum);
}

double SemiDual::wanted(double potential, int32_t column) const {
    return penalty_ == 0 ? b_[column] : b_[column] * std::exp(-penalty_ * potential);
}

double SemiDual::evaluate(const double* potential, double* conditional, double* gradient) const {
    std::fill_n(gradient, m_, 0.0);
    for (int32_t i = 0; i < n_; i++) {
        const double* cost = scaled_cost_ + i * m_;
        double* row = conditional + i * m_;
        double largest = -kInfinity;
        for (int32_t j = 0; j < m_; j++) {
            row[j] = potential[j] - cost[j];
            largest = larger(largest, row[j]);
        }
        double sum = 0;
        for (int32_t j = 0; j < m_; j++) {
            row[j] = std::exp(row[j] - largest);
            sum += row[j];
        }
        double scale = 1 / sum;
        for (int32_t j = 0; j < m_; j++) {
            row[j] *= scale;
            gradient[j] += a_[i] * row[j];
        }
    }
    double error = 0;
    for (int32_t j = 0; j < m_; j++) {
        gradient[j] -= wanted(potential[j], j);
        error += std::fabs(gradient[j]);
    }
    return error;
}

void SemiDual::accept(double error) {
    std::swap(potential_, trial_potential_);
    std::swap(conditional_, trial_conditional_);
    std::swap(gradient_, trial_gradient_);
    error_ = error;
}

} // namespace pta
