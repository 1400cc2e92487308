// The published loop, bit by bit: against a plain version of it in NumPy's order, on every instruction set, in any order of the batch.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "host/transport/stable_exp.h"
#include "host/transport/transport.h"
#include "host/workspace.h"
#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

long passed, failed;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s\n", what.c_str());
}

// NaNs are all alike; anything else has one bit pattern.
bool same(double x, double y) { return (std::isnan(x) && std::isnan(y)) || std::memcmp(&x, &y, sizeof x) == 0; }

double numpy_sum(const double* x, size_t count) {
    if (count > 128) {
        size_t half = count / 16 * 8;
        return numpy_sum(x, half) + numpy_sum(x + half, count - half);
    }
    double sum = 0;
    size_t i = 0;
    if (count >= 8) {
        double r[8];
        std::copy(x, x + 8, r);
        for (i = 8; i < count - count % 8; i++)
            r[i % 8] += x[i];
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    for (; i < count; i++)
        sum += x[i];
    return sum;
}

struct Problem {
    int n, m;
    std::vector<double> cost, a, b;
};

struct Answer {
    std::vector<double> plan;
    double error;
    int status, iterations;
};

Answer published_loop(const Problem& problem, double epsilon, double tolerance, int max_iterations) {
    const size_t n = problem.n, m = problem.m;
    double lambda = 1 / epsilon;
    if (std::fabs(lambda - std::round(lambda)) < 1e-9)
        lambda = std::round(lambda);
    std::vector<double> p(n * m), rows(n), previous(n, 0.0);
    for (size_t c = 0; c < n * m; c++)
        p[c] = pta::stable_exp(-lambda * problem.cost[c]);
    double total = numpy_sum(p.data(), n * m);
    for (double& x : p)
        x /= total;
    Answer answer{};
    bool stopped;
    while (true) {
        bool any_nan = false, any_over = false;
        for (size_t i = 0; i < n; i++) {
            rows[i] = numpy_sum(&p[i * m], m);
            double change = std::fabs(previous[i] - rows[i]);
            any_nan |= std::isnan(change);
            any_over |= change > tolerance;
        }
        stopped = any_nan || !any_over;
        if (stopped || answer.iterations == max_iterations)
            break;
        for (size_t i = 0; i < n; i++) {
            previous[i] = rows[i] < 1e-10 ? 1e-10 : rows[i];
            double scale = problem.a[i] / previous[i];
            for (size_t j = 0; j < m; j++)
                p[i * m + j] *= scale;
        }
        for (size_t j = 0; j < m; j++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++)
                sum += p[i * m + j];
            double scale = problem.b[j] / (sum < 1e-10 ? 1e-10 : sum);
            for (size_t i = 0; i < n; i++)
                p[i * m + j] *= scale;
        }
        answer.iterations++;
    }
    for (size_t i = 0; i < n; i++)
        answer.error += std::fabs(rows[i] - problem.a[i]);
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += p[i * m + j];
        answer.error += std::fabs(sum - problem.b[j]);
    }
    answer.status = stopped ? PTA_TRANSPORT_CONVERGED : PTA_TRANSPORT_ITERATION_LIMIT;
    if (!std::isfinite(answer.error)) {
        answer.error = kNaN;
        answer.status = PTA_TRANSPORT_NOT_FINITE;
    }
    answer.plan = std::move(p);
    return answer;
}

struct Options {
    double epsilon = 1.0 / 30, tolerance = 1e-5;
    int max_iterations = 10000;
};

template <class T>
std::vector<Answer> solve(const char* isa, const std::vector<Problem>& problems, const Options& options) {
    pta::Workspace workspace(pta::kernels_for(isa));
    const int64_t count = static_cast<int64_t>(problems.size());
    const int n = problems[0].n, m = problems[0].m;
    std::vector<T> cost;
    std::vector<double> a, b, plan(count * n * m, 7), f(count * n, 7), g(count * m, 7);
    for (const Problem& problem : problems) {
        cost.insert(cost.end(), problem.cost.begin(), problem.cost.end());
        a.insert(a.end(), problem.a.begin(), problem.a.end());
        b.insert(b.end(), problem.b.begin(), problem.b.end());
    }
    std::vector<pta::TransportOutcome> outcomes(count);
    pta::TransportBatch<T> batch{cost.data(),     a.data(), b.data(), plan.data(),     f.data(),          g.data(), outcomes.data(), count, n, m,
                                 options.epsilon, options.tolerance, 0.05, options.max_iterations, 0};
    pta::solve_transport(workspace, PTA_TRANSPORT_OFFICIAL, batch);
    auto nan = [](double x) { return std::isnan(x); };
    check(std::all_of(f.begin(), f.end(), nan) && std::all_of(g.begin(), g.end(), nan), "there are no potentials");
    std::vector<Answer> answers;
    for (int64_t p = 0; p < count; p++) {
        std::vector<double> one(plan.begin() + p * n * m, plan.begin() + (p + 1) * n * m);
        answers.push_back({std::move(one), outcomes[p].marginal_error, outcomes[p].status, outcomes[p].iterations});
    }
    return answers;
}

bool equal(const Answer& x, const Answer& y) {
    return x.status == y.status && x.iterations == y.iterations && same(x.error, y.error) && x.plan.size() == y.plan.size() &&
           std::equal(x.plan.begin(), x.plan.end(), y.plan.begin(), same);
}

std::vector<const char*> instruction_sets() {
    std::vector<const char*> found;
    for (const char* isa : {"portable", "avx2", "avx512"}) {
        try {
            pta::kernels_for(isa);
            found.push_back(isa);
        } catch (const std::exception&) {
            std::printf("skipped: %s\n", isa);
        }
    }
    return found;
}

std::vector<double> marginal(std::mt19937_64& random, int count) {
    std::vector<double> mass(count);
    double spread = std::uniform_real_distribution<>(0, 6)(random);
    for (double& x : mass)
        x = std::exp(-spread * std::uniform_real_distribution<>()(random));
    double sum = std::accumulate(mass.begin(), mass.end(), 0.0);
    for (double& x : mass)
        x /= sum;
    if (random() % 4 == 0)
        mass[random() % count] = random() % 2 == 0 ? 0 : 1e-300;
    return mass;
}

Problem draw(std::mt19937_64& random, int n, int m) {
    Problem problem{n, m, std::vector<double>(n * m), marginal(random, n), marginal(random, m)};
    const int largest[] = {0, 1, 3, 8, 12, 26, 60, 254};
    int top = largest[random() % 8];
    for (double& c : problem.cost)
        c = static_cast<double>(random() % (top + 1));
    return problem;
}

// Everything that IEEE arithmetic makes of odd values is part of the answer.
void spoil(std::mt19937_64& random, Problem& problem) {
    const double odd[] = {kNaN, kInf, -0.25, 0, 1e308, -0.0, 5e-324};
    double value = odd[random() % 7];
    switch (random() % 4) {
    case 0: problem.a[random() % problem.n] = value; break;
    case 1: problem.b[random() % problem.m] = value; break;
    case 2: std::fill(problem.b.begin(), problem.b.end(), value); break;
    default: std::fill(problem.cost.begin(), problem.cost.end(), 254.0); break; // the kernel underflows: 0 / 0
    }
}

void compare(const std::vector<Problem>& problems, const Options& options, const char* what) {
    std::vector<Answer> wanted;
    for (const Problem& problem : problems)
        wanted.push_back(published_loop(problem, options.epsilon, options.tolerance, options.max_iterations));
    for (const char* isa : instruction_sets()) {
        std::vector<Answer> table = solve<uint8_t>(isa, problems, options), real = solve<double>(isa, problems, options);
        for (size_t p = 0; p < problems.size(); p++) {
            std::string name = std::string(what) + ", " + isa + ", " + std::to_string(problems[p].n) + " x " + std::to_string(problems[p].m) +
                               ", problem " + std::to_string(p);
            check(equal(table[p], wanted[p]), name + ", u8");
            check(equal(real[p], wanted[p]), name + ", f64");
        }
    }
}

void test_shapes() {
    std::mt19937_64 random(20);
    auto shape = [&](int n, int m, int count, double odd) {
        std::vector<Problem> problems;
        for (int p = 0; p < count; p++) {
            problems.push_back(draw(random, n, m));
            if (std::uniform_real_distribution<>()(random) < odd)
                spoil(random, problems.back());
        }
        Options options;
        options.max_iterations = 300;
        options.epsilon = random() % 2 == 0 ? 1.0 / 30 : 0.37;
        compare(problems, options, "shape");
    };
    for (int n = 1; n <= 12; n++) {
        for (int m = 1; m <= 12; m++)
            shape(n, m, 21, 0.2);
    }
    for (auto [n, m] : {std::pair{64, 64}, {64, 1}, {1, 64}, {17, 33}, {40, 24}, {63, 15}, {16, 16}, {8, 64}})
        shape(n, m, 5, 0.1);
}

// Fewer problems than lanes, as many, one more; limits of 1 and more; scales that change the stop.
void test_batches() {
    std::mt19937_64 random(21);
    for (int count : {1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 400}) {
        std::vector<Problem> problems;
        for (int p = 0; p < count; p++)
            problems.push_back(draw(random, 10, 10));
        compare(problems, {}, "batch");
        compare(problems, {1.0 / 30, 1e-5, 1 + count % 5}, "iteration limit");
        compare(problems, {1.0 / 5, 1e-12, 200}, "tight tolerance");
        compare(problems, {1.0 / 30, 0.9, 200}, "wide tolerance");
    }
    for (const char* isa : instruction_sets()) {
        pta::Workspace workspace(pta::kernels_for(isa));
        pta::solve_transport(workspace, PTA_TRANSPORT_OFFICIAL, pta::TransportBatch<uint8_t>{nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                                                                                             nullptr, 0, 10, 10, 1.0 / 30, 1e-5, 0.05, 10, 0});
        check(true, "an empty batch");
    }
}

void test_order() {
    std::mt19937_64 random(22);
    std::vector<Problem> problems;
    for (int p = 0; p < 150; p++) {
        problems.push_back(draw(random, 10, 10));
        if (random() % 5 == 0)
            spoil(random, problems.back());
    }
    for (const char* isa : instruction_sets()) {
        std::vector<Answer> before = solve<uint8_t>(isa, problems, {});
        std::vector<size_t> order(problems.size());
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), random);
        std::vector<Problem> shuffled;
        for (size_t p : order)
            shuffled.push_back(problems[p]);
        std::vector<Answer> after = solve<uint8_t>(isa, shuffled, {});
        for (size_t p = 0; p < order.size(); p++)
            check(equal(after[p], before[order[p]]), std::string("order of the batch, ") + isa);
    }
}

void test_real_costs() {
    std::mt19937_64 random(23);
    for (auto [n, m] : {std::pair{10, 10}, {5, 7}, {12, 20}}) {
        std::vector<Problem> problems;
        for (int p = 0; p < 200; p++) {
            problems.push_back(draw(random, n, m));
            for (double& c : problems.back().cost)
                c += std::uniform_real_distribution<>(0, 0.9)(random);
            if (p % 20 == 0)
                problems.back().cost[random() % problems.back().cost.size()] = p % 40 == 0 ? kNaN : kInf;
        }
        std::vector<Answer> wanted;
        for (const Problem& problem : problems)
            wanted.push_back(published_loop(problem, 1.0 / 30, 1e-5, 500));
        for (const char* isa : instruction_sets()) {
            std::vector<Answer> got = solve<double>(isa, problems, {1.0 / 30, 1e-5, 500});
            for (size_t p = 0; p < problems.size(); p++)
                check(equal(got[p], wanted[p]), std::string("real costs, ") + isa);
        }
    }
}

// Against the library's exp, which is within 1 ulp as well; the exact bits are the golden files' business.
void test_exp() {
    std::mt19937_64 random(24);
    for (int k = 0; k < 200000; k++) {
        double x = std::uniform_real_distribution<>(-740, 705)(random);
        double got = pta::stable_exp(x), wanted = std::exp(x);
        check(std::fabs(got - wanted) <= 4.5e-16 * wanted + 5e-324, "exp");
    }
    check(pta::stable_exp(0) == 1 && pta::stable_exp(-0.0) == 1 && pta::stable_exp(-kInf) == 0 && pta::stable_exp(kInf) == kInf, "exp at its ends");
    check(std::isnan(pta::stable_exp(kNaN)) && pta::stable_exp(-800) == 0 && pta::stable_exp(710) == kInf, "exp beyond its ends");
    check(pta::official_lambda(1.0 / 30) == 30 && pta::official_lambda(0.3) == 1 / 0.3, "lambda");
}

} // namespace

int main() {
    test_exp();
    test_shapes();
    test_batches();
    test_order();
    test_real_costs();
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
