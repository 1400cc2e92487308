#include "host/transport/greenkhorn.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/libm.h"
#include "host/transport/entropic_transport.h"

namespace pta {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// As for Newton's steps, which start where updates end: after this many of each row and column on average, or at this error.
constexpr int32_t kUpdatesPerLine = 20;
constexpr double kTarget = 1e-12;

// Below this a sum has lost digits to underflow and is formed in the log domain instead.
constexpr double kSmallestSum = 1e-290;

// Rows or columns: their masses, potentials in units of epsilon, sums, and how far each sum is from its mass.
struct Side {
    Side(Arena& arena, const double* mass, int32_t count)
        : mass(mass), count(count), potential(arena.take<double>(count)), sum(arena.take<double>(count)), gap(arena.take<double>(count)) {}

    // The divergence of a sum from a mass; infinite where nothing has come to a mass.
    void measure(int32_t line) {
        const double x = mass[line], y = std::fmax(sum[line], 0);
        gap[line] = x == 0 ? 0 : y - x + x * std::log(x / y);
    }
    int32_t worst() const { return static_cast<int32_t>(std::max_element(gap, gap + count) - gap); }
    double error() const {
        double error = 0;
        for (int32_t i = 0; i < count; i++)
            error += std::fabs(sum[i] - mass[i]);
        return error;
    }

    const double* mass;
    int32_t count;
    double *potential, *sum, *gap; // [count]
};

class Greenkhorn {
public:
    Greenkhorn(Arena& arena, const TransportProblem& problem, double epsilon)
        : rows_(arena, problem.a, problem.n), columns_(arena, problem.b, problem.m), cost_(arena.take<double>(problem.n * problem.m)),
          plan_(arena.take<double>(problem.n * problem.m)) {
        for (int32_t cell = 0; cell < problem.n * problem.m; cell++)
            cost_[cell] = problem.cost[cell] / epsilon;
        std::fill_n(plan_, problem.n * problem.m, 0.0);
        std::fill_n(columns_.sum, problem.m, 0.0);
        for (int32_t j = 0; j < problem.m; j++)
            columns_.potential[j] = std::log(problem.b[j]);
        for (int32_t i = 0; i < problem.n; i++) {
            rows_.sum[i] = 0;
            rows_.potential[i] = -kInfinity;
            rows_.gap[i] = 0;
            if (problem.a[i] > 0)
                update(rows_, i, problem.m, columns_, 1);
        }
    }

    // Returns the updates.
    int32_t run() {
        const int32_t limit = kUpdatesPerLine * (rows_.count + columns_.count);
        int32_t updates = 0;
        for (; updates < limit && rows_.error() + columns_.error() > kTarget; updates++) {
            const int32_t row = rows_.worst(), column = columns_.worst();
            if (rows_.gap[row] >= columns_.gap[column])
                update(rows_, row, columns_.count, columns_, 1);
            else
                update(columns_, column, 1, rows_, columns_.count);
        }
        return updates;
    }

    const double* column_potentials() const { return columns_.potential; }

private:
    // Meets the mass of one line. Cells of line l and other line o stand at l * line_step + o * other_step.
    void update(Side& side, int32_t line, int32_t line_step, Side& other, int32_t other_step) {
        double* plan = plan_ + line * line_step;
        const double* cost = cost_ + line * line_step;
        double sum = 0;
        for (int32_t o = 0; o < other.count; o++)
            sum += plan[o * other_step];
        double& potential = side.potential[line];
        potential = sum > kSmallestSum ? potential + std::log(side.mass[line] / sum) : std::log(side.mass[line]) - log_sum(cost, other, other_step);
        side.sum[line] = 0;
        for (int32_t o = 0; o < other.count; o++) {
            const double entry = std::exp(potential + other.potential[o] - cost[o * other_step]);
            other.sum[o] += entry - plan[o * other_step];
            plan[o * other_step] = entry;
            side.sum[line] += entry;
            other.measure(o);
        }
        side.measure(line);
    }

    static double log_sum(const double* cost, const Side& other, int32_t step) {
        double largest = -kInfinity, sum = 0;
        for (int32_t o = 0; o < other.count; o++)
            largest = larger(largest, other.potential[o] - cost[o * step]);
        for (int32_t o = 0; o < other.count; o++)
            sum += std::exp(other.potential[o] - cost[o * step] - largest);
        return largest + std::log(sum);
    }

    Side rows_, columns_;
    double *cost_, *plan_; // [n, m]
};

} // namespace

TransportOutcome solve_greenkhorn(Arena& arena, const TransportProblem& problem, double epsilon) {
    if (!is_usable(problem) || is_empty(problem.a, problem.n) || is_empty(problem.b, problem.m))
        return solve_balanced(arena, problem, epsilon);
    int32_t updates;
    {
        Arena::Scope scope(arena);
        Greenkhorn greedy(arena, problem, epsilon);
        updates = greedy.run();
        for (int32_t j = 0; j < problem.m; j++)
            problem.g[j] = epsilon * greedy.column_potentials()[j];
    }
    TransportOutcome outcome = certify_balanced(arena, problem, epsilon);
    if (outcome.status != PTA_TRANSPORT_CONVERGED)
        outcome = solve_balanced(arena, problem, epsilon);
    outcome.iterations += updates;
    return outcome;
}

} // namespace pta
