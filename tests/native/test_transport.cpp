// The certified transports: feasibility, potentials and duality are recomputed here from C, a, b, plan, f and g alone.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "host/transport/transport.h"
#include "host/workspace.h"
#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
using Values = std::vector<double>;

long passed, failed;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s\n", what.c_str());
}

bool same(double x, double y) { return (std::isnan(x) && std::isnan(y)) || x == y; }
bool all_nan(const Values& values) { return std::all_of(values.begin(), values.end(), [](double x) { return std::isnan(x); }); }

struct Problem {
    size_t n, m;
    Values cost, a, b;
};

struct Answer {
    Values plan, f, g;
    double error;
    int status, iterations;
};

struct Options {
    double epsilon = 1.0 / 30, rho = 0.05;
    int solver = PTA_SOLVER_NEWTON;
};

std::string name_of(const char* what, const Problem& problem) {
    return std::string(what) + " " + std::to_string(problem.n) + " x " + std::to_string(problem.m);
}

template <class T> std::vector<Answer> solve(const char* isa, int kind, const std::vector<Problem>& problems, Options options, bool potentials = true) {
    pta::Workspace workspace(pta::kernels_for(isa));
    const size_t count = problems.size(), n = problems[0].n, m = problems[0].m;
    std::vector<T> cost;
    Values a, b, plan(count * n * m, 7), f(count * n, 7), g(count * m, 7);
    for (const Problem& problem : problems) {
        cost.insert(cost.end(), problem.cost.begin(), problem.cost.end());
        a.insert(a.end(), problem.a.begin(), problem.a.end());
        b.insert(b.end(), problem.b.begin(), problem.b.end());
    }
    std::vector<pta::TransportOutcome> outcomes(count);
    pta::TransportBatch<T> batch{cost.data(), a.data(), kind == PTA_TRANSPORT_SEMI_RELAXED ? nullptr : b.data(), plan.data(),
                                 potentials ? f.data() : nullptr, potentials ? g.data() : nullptr, outcomes.data(), static_cast<int64_t>(count),
                                 static_cast<int32_t>(n), static_cast<int32_t>(m), options.epsilon, 1e-5, options.rho, 100, options.solver};
    pta::solve_transport(workspace, kind, batch);
    std::vector<Answer> answers;
    for (size_t p = 0; p < count; p++)
        answers.push_back({Values(&plan[p * n * m], &plan[p * n * m] + n * m), Values(&f[p * n], &f[p * n] + n), Values(&g[p * m], &g[p * m] + m),
                           outcomes[p].marginal_error, outcomes[p].status, outcomes[p].iterations});
    return answers;
}

template <class T> Answer solve_one(int kind, const Problem& problem, Options options = {}) { return solve<T>(nullptr, kind, {problem}, options)[0]; }

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

// Sum 1 to the last bit that the solvers are promised.
Values marginal(std::mt19937_64& random, size_t count) {
    Values mass(count);
    double spread = std::uniform_real_distribution<>(0, 10)(random);
    for (double& x : mass)
        x = std::exp(-spread * std::uniform_real_distribution<>()(random));
    if (count > 1 && random() % 3 == 0)
        mass[random() % count] = random() % 2 == 0 ? 0 : 1e-300;
    double sum = std::accumulate(mass.begin(), mass.end(), 0.0);
    if (sum < 1e-200) {
        mass[0] = 1;
        sum = std::accumulate(mass.begin(), mass.end(), 0.0);
    }
    for (double& x : mass)
        x /= sum;
    return mass;
}

Problem draw(std::mt19937_64& random, size_t n, size_t m, bool integers = true) {
    Problem problem{n, m, Values(n * m), marginal(random, n), marginal(random, m)};
    const int largest[] = {0, 1, 2, 5, 12, 12, 60, 254};
    int top = largest[random() % 8];
    for (double& c : problem.cost)
        c = integers ? static_cast<double>(random() % (top + 1)) : std::uniform_real_distribution<>(0, top + 0.5)(random);
    return problem;
}

double implied(const Problem& problem, const Answer& answer, size_t i, size_t j, double epsilon) {
    return std::exp((answer.f[i] + answer.g[j] - problem.cost[i * problem.m + j]) / epsilon);
}

double price(const Problem& problem, const Values& plan) {
    double total = 0;
    for (size_t c = 0; c < plan.size(); c++)
        total += plan[c] * problem.cost[c];
    return total;
}

// Optimality of the linear programme by its own duals.
void check_exact(const Problem& problem, const Answer& answer, bool integers) {
    const size_t n = problem.n, m = problem.m;
    std::string name = name_of("exact", problem);
    check(answer.status == PTA_TRANSPORT_CONVERGED && answer.error <= 1e-14, name + ": converged");
    double dual = 0, worst = 0, slack = 0, least = 0;
    bool whole = true;
    for (size_t i = 0; i < n; i++) {
        dual += problem.a[i] * answer.f[i];
        whole = whole && answer.f[i] == std::round(answer.f[i]);
        for (size_t j = 0; j < m; j++) {
            double reduced = problem.cost[i * m + j] - answer.f[i] - answer.g[j];
            least = std::min(least, answer.plan[i * m + j]);
            worst = std::max(worst, -reduced);
            if (answer.plan[i * m + j] > 0)
                slack = std::max(slack, reduced);
        }
    }
    for (size_t j = 0; j < m; j++) {
        dual += problem.b[j] * answer.g[j];
        whole = whole && answer.g[j] == std::round(answer.g[j]);
    }
    double tolerance = integers ? 0 : 1e-12;
    check(least >= 0, name + ": no negative mass");
    check(worst <= tolerance, name + ": dual feasible");
    check(slack <= tolerance, name + ": tight where the plan is positive");
    check(!integers || whole, name + ": whole duals");
    check(std::fabs(dual - price(problem, answer.plan)) <= 1e-9, name + ": no duality gap");
}

// rho infinite: balanced.
void check_certificate(const Problem& problem, const Answer& answer, double epsilon, double rho) {
    const size_t n = problem.n, m = problem.m;
    std::string name = name_of(rho == kInf ? "balanced" : "unbalanced", problem);
    check(answer.status == PTA_TRANSPORT_CONVERGED, name + ": converged");
    double error = 0, deviation = 0;
    bool massless = true;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < m; j++) {
            double entry = implied(problem, answer, i, j, epsilon);
            sum += entry;
            if (problem.a[i] > 0 && problem.b[j] > 0)
                deviation = std::max(deviation, std::fabs(entry - answer.plan[i * m + j]));
            else
                massless = massless && answer.plan[i * m + j] == 0;
        }
        massless = massless && (problem.a[i] > 0) == (answer.f[i] > -kInf);
        error += std::fabs(sum - problem.a[i]);
    }
    for (size_t j = 0; j < m; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += implied(problem, answer, i, j, epsilon);
        double wanted = problem.b[j] == 0 || rho == kInf ? problem.b[j] : problem.b[j] * std::exp(-answer.g[j] / rho);
        massless = massless && (problem.b[j] > 0) == (answer.g[j] > -kInf);
        error += std::fabs(sum - wanted);
    }
    check(error <= 9e-10, name + ": marginals");
    check(deviation <= 1e-12, name + ": plan is the one of the potentials");
    check(massless, name + ": rows and columns without mass");
    check(std::fabs(error - answer.error) <= 1e-12, name + ": reported error");
    check(answer.iterations >= 0, name + ": iterations");
}

void check_sandwich(const Problem& problem, const Answer& exact, const Answer& balanced, double epsilon) {
    double tolerance = 1e-9 * std::max(1.0, *std::max_element(problem.cost.begin(), problem.cost.end()));
    double low = price(problem, exact.plan), cost = price(problem, balanced.plan);
    double high = low + epsilon * std::log(static_cast<double>(problem.n * problem.m));
    check(low - tolerance <= cost && cost <= high + tolerance, name_of("between LP and LP + epsilon ln(nm)", problem));
}

void check_semi_relaxed(const Problem& problem, const Answer& answer, double epsilon) {
    std::string name = name_of("semi-relaxed", problem);
    check(answer.status == PTA_TRANSPORT_CONVERGED && answer.iterations == 0 && answer.error < 1e-13, name + ": closed form");
    check(all_nan(answer.f) && all_nan(answer.g), name + ": no potentials");
    double deviation = 0;
    for (size_t i = 0; i < problem.n; i++) {
        const double* cost = &problem.cost[i * problem.m];
        double least = *std::min_element(cost, cost + problem.m), sum = 0;
        for (size_t j = 0; j < problem.m; j++)
            sum += std::exp((least - cost[j]) / epsilon);
        for (size_t j = 0; j < problem.m; j++)
            deviation = std::max(deviation, std::fabs(answer.plan[i * problem.m + j] - problem.a[i] * std::exp((least - cost[j]) / epsilon) / sum));
    }
    check(deviation <= 1e-14, name + ": softmax");
}

template <class T> void check_kinds(const std::vector<Problem>& problems, const char* isa) {
    Options options;
    std::vector<Answer> exact = solve<T>(isa, PTA_TRANSPORT_EXACT, problems, options), balanced = solve<T>(isa, PTA_TRANSPORT_BALANCED, problems, options),
                        unbalanced = solve<T>(isa, PTA_TRANSPORT_UNBALANCED, problems, options),
                        semi_relaxed = solve<T>(isa, PTA_TRANSPORT_SEMI_RELAXED, problems, options),
                        bare = solve<T>(isa, PTA_TRANSPORT_BALANCED, problems, options, false),
                        greedy = solve<T>(isa, PTA_TRANSPORT_BALANCED, problems, {options.epsilon, options.rho, PTA_SOLVER_GREENKHORN});
    for (size_t p = 0; p < problems.size(); p++) {
        check_exact(problems[p], exact[p], std::is_same_v<T, uint8_t>);
        check_certificate(problems[p], balanced[p], options.epsilon, kInf);
        check_certificate(problems[p], unbalanced[p], options.epsilon, options.rho);
        check_sandwich(problems[p], exact[p], balanced[p], options.epsilon);
        check_semi_relaxed(problems[p], semi_relaxed[p], options.epsilon);
        auto near = [](double x, double y) { return std::fabs(x - y) <= 1e-9; }; // both certified, each within 5e-10 of the optimum
        check_certificate(problems[p], greedy[p], options.epsilon, kInf);
        check(std::equal(greedy[p].plan.begin(), greedy[p].plan.end(), balanced[p].plan.begin(), near), name_of("greenkhorn", problems[p]));
        check(bare[p].status == balanced[p].status && std::equal(bare[p].plan.begin(), bare[p].plan.end(), balanced[p].plan.begin(), near),
              name_of("without potentials", problems[p]));
    }
}

void test_shapes() {
    std::mt19937_64 random(30);
    std::vector<const char*> isas = instruction_sets();
    auto shape = [&](size_t n, size_t m, int count) {
        std::vector<Problem> whole, real;
        for (int p = 0; p < count; p++) {
            whole.push_back(draw(random, n, m));
            real.push_back(draw(random, n, m, false));
        }
        for (const char* isa : isas)
            check_kinds<uint8_t>(whole, isa);
        check_kinds<double>(real, isas.back());
    };
    for (size_t n = 1; n <= 12; n++) {
        for (size_t m = 1; m <= 12; m++)
            shape(n, m, 5);
    }
    shape(10, 10, 60);
    for (auto [n, m] : {std::pair{64, 64}, {64, 1}, {1, 64}, {17, 33}, {40, 24}, {16, 16}})
        shape(n, m, 2);
}

// f64 problems of mixed costs: each is treated by what it is, not by what its neighbours are.
void test_batches() {
    std::mt19937_64 random(31);
    std::vector<Problem> problems;
    for (int p = 0; p < 60; p++)
        problems.push_back(draw(random, 10, 10, random() % 3 != 0));
    std::vector<size_t> order(problems.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Problem> shuffled;
    for (size_t p : order)
        shuffled.push_back(problems[p]);
    for (const char* isa : instruction_sets()) {
        for (int kind : {PTA_TRANSPORT_BALANCED, PTA_TRANSPORT_UNBALANCED, PTA_TRANSPORT_SEMI_RELAXED, PTA_TRANSPORT_EXACT}) {
            std::vector<Answer> before = solve<double>(isa, kind, problems, {}), after = solve<double>(isa, kind, shuffled, {});
            for (size_t p = 0; p < order.size(); p++) {
                const Answer &x = after[p], &y = before[order[p]];
                check(x.status == y.status && x.iterations == y.iterations && std::equal(x.plan.begin(), x.plan.end(), y.plan.begin(), same) &&
                          std::equal(x.f.begin(), x.f.end(), y.f.begin(), same) && std::equal(x.g.begin(), x.g.end(), y.g.begin(), same),
                      std::string("order of the batch, ") + isa + ", kind " + std::to_string(kind));
            }
        }
    }
}

void test_bad_values() {
    std::mt19937_64 random(32);
    for (double bad : {kNaN, kInf, -kInf, -1e-9}) {
        for (int where = 0; where < 3; where++) {
            for (int kind : {PTA_TRANSPORT_BALANCED, PTA_TRANSPORT_UNBALANCED, PTA_TRANSPORT_SEMI_RELAXED, PTA_TRANSPORT_EXACT}) {
                if (kind == PTA_TRANSPORT_SEMI_RELAXED && where == 1)
                    continue;
                std::vector<Problem> problems{draw(random, 6, 9), draw(random, 6, 9), draw(random, 6, 9)};
                (where == 0 ? problems[1].a : where == 1 ? problems[1].b : problems[1].cost)[3] = bad;
                auto ok = [&](const Answer& x) {
                    return x.status == PTA_TRANSPORT_NOT_FINITE && std::isnan(x.error) && all_nan(x.plan) && all_nan(x.f) && all_nan(x.g) &&
                           x.iterations == 0;
                };
                std::string name = "bad value, kind " + std::to_string(kind);
                std::vector<Answer> answers = solve<double>(nullptr, kind, problems, {});
                check(ok(answers[1]) && answers[0].status == PTA_TRANSPORT_CONVERGED && answers[2].status == PTA_TRANSPORT_CONVERGED, name);
                if (where == 2)
                    continue;
                for (const char* isa : instruction_sets()) {
                    answers = solve<uint8_t>(isa, kind, problems, {});
                    check(ok(answers[1]) && answers[0].status == PTA_TRANSPORT_CONVERGED && answers[2].status == PTA_TRANSPORT_CONVERGED, name + ", u8");
                }
            }
        }
    }
}

// What has no certified answer, and what has a trivial one.
void test_edges() {
    Problem sums{2, 2, {0, 1, 1, 0}, {0.5, 0.5}, {0.5, 0.25}};
    check(solve_one<uint8_t>(PTA_TRANSPORT_BALANCED, sums).status == PTA_TRANSPORT_EXACT_FALLBACK, "sums that differ fall back");
    Problem empty{2, 3, {0, 1, 2, 1, 0, 3}, {0, 0}, {0, 0, 0}};
    for (int kind : {PTA_TRANSPORT_BALANCED, PTA_TRANSPORT_UNBALANCED}) {
        Answer answer = solve_one<uint8_t>(kind, empty);
        check(answer.status == PTA_TRANSPORT_CONVERGED && answer.plan == Values(6, 0.0) && answer.f == Values(2, -kInf) && answer.g == Values(3, -kInf),
              "no mass at all");
    }
    empty.a = {0.5, 0.5};
    check(solve_one<uint8_t>(PTA_TRANSPORT_BALANCED, empty).status == PTA_TRANSPORT_EXACT_FALLBACK, "a target without mass, balanced");
    Answer nowhere = solve_one<uint8_t>(PTA_TRANSPORT_UNBALANCED, empty);
    check(nowhere.status == PTA_TRANSPORT_NOT_FINITE && all_nan(nowhere.plan), "a target without mass, unbalanced");

    // Float64 cannot hold potentials of this epsilon: the exact optimum is the answer, with its duals.
    std::mt19937_64 random(33);
    for (int p = 0; p < 20; p++) {
        Problem problem = draw(random, 8, 8);
        problem.cost[5] = 254;
        Options options{1e-12, 0.05};
        Answer answer = solve_one<uint8_t>(PTA_TRANSPORT_BALANCED, problem, options);
        if (answer.status == PTA_TRANSPORT_EXACT_FALLBACK) {
            answer.status = PTA_TRANSPORT_CONVERGED;
            check_exact(problem, answer, true);
        } else {
            check_certificate(problem, answer, options.epsilon, kInf);
        }
    }
    for (double epsilon : {1.0, 0.2, 1.0 / 30, 0.01, 1e-3}) {
        for (double rho : {1e-3, 0.05, 1.0, 100.0}) {
            for (int p = 0; p < 5; p++) {
                Problem problem = draw(random, 9, 7);
                check_certificate(problem, solve_one<uint8_t>(PTA_TRANSPORT_BALANCED, problem, {epsilon, rho}), epsilon, kInf);
                Answer answer = solve_one<uint8_t>(PTA_TRANSPORT_UNBALANCED, problem, {epsilon, rho});
                if (epsilon >= 0.01 && rho >= 0.05 && rho <= 1)
                    check_certificate(problem, answer, epsilon, rho);
                else
                    check(answer.status != PTA_TRANSPORT_CONVERGED || answer.error <= 9e-10, "unbalanced, unusual parameters");
            }
        }
    }
}

} // namespace

int main() {
    test_shapes();
    test_batches();
    test_bad_values();
    test_edges();
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
