// Balanced and unbalanced transport in lanes: every answer that calls itself converged is checked against the certificate of SPEC A3.4, recomputed here
// with libm.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <vector>

#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace {

using pta::KernelTable;
using pta::TransportOutcome;

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed < 40)
        std::printf("FAILED %s\n", what.c_str());
}

struct Random {
    uint64_t state;
    uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }
    int below(int n) { return static_cast<int>(next() >> 33) % n; }
    double unit() { return static_cast<double>((next() >> 11) + 1) * 0x1p-53; }
};

struct Batch {
    int n, m;
    double epsilon;
    std::vector<uint8_t> cost;
    std::vector<double> a, b;
    double rho = INFINITY; // balanced
    int64_t count() const { return static_cast<int64_t>(a.size()) / n; }
};

struct Answer {
    std::vector<double> plan, f, g;
    std::vector<TransportOutcome> outcomes;
};

Answer solve(const KernelTable& kernels, const Batch& batch, bool potentials) {
    pta::Arena arena;
    Answer answer;
    const double junk = std::numeric_limits<double>::quiet_NaN();
    answer.plan.assign(batch.cost.size(), junk);
    answer.outcomes.assign(batch.count(), {junk, 99, -1});
    if (potentials) {
        answer.f.assign(batch.a.size(), junk);
        answer.g.assign(batch.b.size(), junk);
    }
    pta::TransportBatch<uint8_t> request = {batch.cost.data(), batch.a.data(), batch.b.data(), answer.plan.data(),
                                            potentials ? answer.f.data() : nullptr, potentials ? answer.g.data() : nullptr, answer.outcomes.data(),
                                            batch.count(), batch.n, batch.m, batch.epsilon, 1e-5, batch.rho, 1000, 0};
    (std::isfinite(batch.rho) ? kernels.unbalanced : kernels.balanced)(arena, request);
    return answer;
}

// Scales to sum 1 and moves the rounding into the largest entry until the sum is as near to 1 as float64 allows.
void normalise(double* x, int n) {
    for (int round = 0; round < 3; round++) {
        long double sum = 0;
        int largest = 0;
        for (int i = 0; i < n; i++) {
            sum += x[i];
            largest = x[i] > x[largest] ? i : largest;
        }
        if (round == 0) {
            for (int i = 0; i < n; i++)
                x[i] = static_cast<double>(x[i] / sum);
        } else {
            x[largest] -= static_cast<double>(sum - 1);
        }
    }
}

enum Masses { SKEWED, EVEN, DYADIC, SPARSE, TINY, UNDERFLOWING };
enum Costs { EDIT_LIKE, SMALL, BINARY, CONSTANT, WIDE };

void append_masses(Random& random, std::vector<double>& into, int n, Masses kind) {
    const size_t first = into.size();
    into.resize(first + n);
    double* x = into.data() + first;
    if (kind == DYADIC) { // many equal subset sums: sixty-four shares of 1/64 in random heaps, each at least one
        for (int share = 0; share < 64; share++)
            x[share < n ? share : random.below(n)] += 1 / 64.0;
        return;
    }
    for (int i = 0; i < n; i++) {
        x[i] = kind == EVEN ? 1 : std::exp(-12 * random.unit());
        if (kind == SPARSE && random.below(3) == 0)
            x[i] = 0;
        if (kind == TINY && random.below(3) == 0)
            x[i] = 1e-12;
        if (kind == UNDERFLOWING && random.below(3) == 0)
            x[i] = 1e-300;
    }
    x[random.below(n)] = 1;
    normalise(x, n);
}

void append_costs(Random& random, std::vector<uint8_t>& into, int n, int m, Costs kind) {
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < m; j++) {
            const int cost = kind == EDIT_LIKE ? (i == j && random.below(5) > 0 ? 0 : 1 + random.below(4) + random.below(4))
                             : kind == SMALL   ? random.below(8)
                             : kind == BINARY  ? random.below(2)
                             : kind == WIDE    ? random.below(255)
                                               : 7;
            into.push_back(static_cast<uint8_t>(cost));
        }
    }
}

Batch make(uint64_t seed, int64_t count, int n, int m, double epsilon, Masses masses, Costs costs, double rho) {
    Random random = {seed * 0x9e3779b97f4a7c15 + 1};
    Batch batch = {n, m, epsilon, {}, {}, {}, rho};
    for (int64_t p = 0; p < count; p++) {
        append_costs(random, batch.cost, n, m, costs);
        append_masses(random, batch.a, n, masses);
        append_masses(random, batch.b, m, masses);
    }
    return batch;
}

// The certificate of problem p. Empty if it holds.
std::string certificate(const Batch& batch, const Answer& answer, int64_t p) {
    const int n = batch.n, m = batch.m;
    const double* a = batch.a.data() + p * n;
    const double* b = batch.b.data() + p * m;
    const double* f = answer.f.data() + p * n;
    const double* g = answer.g.data() + p * m;
    std::vector<long double> row(n), column(m);
    double deviation = 0;
    for (int i = 0; i < n; i++) {
        if (a[i] > 0 ? !std::isfinite(f[i]) : f[i] != -INFINITY)
            return "f";
        for (int j = 0; j < m; j++) {
            if (b[j] > 0 ? !std::isfinite(g[j]) : g[j] != -INFINITY)
                return "g";
            const double plan = answer.plan[(p * n + i) * m + j];
            const double implied = std::exp((f[i] + g[j] - batch.cost[(p * n + i) * m + j]) / batch.epsilon);
            row[i] += implied;
            column[j] += implied;
            if (!(plan >= 0) || ((a[i] == 0 || b[j] == 0) && plan != 0))
                return "sign or support of the plan";
            deviation = std::fmax(deviation, std::fabs(plan - implied));
        }
    }
    long double error = 0;
    for (int i = 0; i < n; i++)
        error += std::fabs(row[i] - a[i]);
    for (int j = 0; j < m; j++)
        error += std::fabs(column[j] - (b[j] > 0 ? b[j] * std::exp(-static_cast<long double>(g[j]) / batch.rho) : 0));
    if (!(deviation <= 1e-12))
        return "deviation " + std::to_string(deviation * 1e12) + "e-12";
    if (!(error <= 9e-10L) || !(std::fabs(error - answer.outcomes[p].marginal_error) <= 1e-12L))
        return "marginal error " + std::to_string(static_cast<double>(error) * 1e12) + "e-12";
    return "";
}

double distance(const std::vector<double>& x, const std::vector<double>& y, int64_t first, int64_t count) {
    double largest = 0;
    for (int64_t k = first; k < first + count; k++)
        largest = std::isnan(x[k]) || std::isnan(y[k]) ? INFINITY : std::fmax(largest, std::fabs(x[k] - y[k]));
    return largest;
}

// Certificates, the plan without potentials, and another target's answer. Returns how many problems were handed over.
int64_t examine(const KernelTable& kernels, const Batch& batch, const std::string& name) {
    const Answer full = solve(kernels, batch, true), bare = solve(kernels, batch, false);
    const Answer other = solve(pta::kernels_for("portable"), batch, false);
    const int64_t cells = int64_t{batch.n} * batch.m;
    int64_t handed_over = 0;
    std::string wrong;
    for (int64_t p = 0; p < batch.count(); p++) {
        const int status = full.outcomes[p].status;
        if (status != PTA_TRANSPORT_CONVERGED && status != PTA_TRANSPORT_ITERATION_LIMIT)
            wrong = "status";
        if (status == PTA_TRANSPORT_CONVERGED) {
            const std::string what = certificate(batch, full, p);
            wrong = what.empty() ? wrong : what + " of problem " + std::to_string(p);
        }
        if (status == PTA_TRANSPORT_CONVERGED && bare.outcomes[p].status == PTA_TRANSPORT_CONVERGED &&
            !(distance(full.plan, bare.plan, p * cells, cells) <= 1e-10))
            wrong = "plan without potentials";
        if (other.outcomes[p].status == PTA_TRANSPORT_CONVERGED && bare.outcomes[p].status == PTA_TRANSPORT_CONVERGED &&
            !(distance(other.plan, bare.plan, p * cells, cells) <= 1e-10))
            wrong = "plan of another target";
        handed_over += bare.outcomes[p].status != PTA_TRANSPORT_CONVERGED || status != PTA_TRANSPORT_CONVERGED;
        if (bare.outcomes[p].status == PTA_TRANSPORT_CONVERGED && !(bare.outcomes[p].marginal_error <= 9e-10))
            wrong = "claimed error";
        for (int64_t k = p * cells; k < (p + 1) * cells && bare.outcomes[p].status == PTA_TRANSPORT_CONVERGED; k++) {
            if (!(bare.plan[k] >= 0))
                wrong = "sign of the plan without potentials";
        }
    }
    check(wrong.empty(), std::string(kernels.isa) + " " + name + ": " + wrong);
    return handed_over;
}

std::string title(const Batch& batch, const char* name) {
    char text[200];
    std::snprintf(text, sizeof text, "%s %dx%d epsilon %g rho %g", name, batch.n, batch.m, batch.epsilon, batch.rho);
    return text;
}

void test_families(const KernelTable& kernels, double rho) {
    struct Family {
        const char* name;
        Masses masses;
        Costs costs;
        double most_handed_over; // share
    };
    const Family families[] = {
        {"edit-like", SKEWED, EDIT_LIKE, 0.01}, {"even", EVEN, SMALL, 0.01},        {"small", SKEWED, SMALL, 0.01},
        {"binary", SKEWED, BINARY, 0.01},       {"constant", SKEWED, CONSTANT, 0},  {"wide", SKEWED, WIDE, 0.05},
        {"dyadic", DYADIC, EDIT_LIKE, 0.05},    {"dyadic ties", DYADIC, BINARY, 0.05}, {"zeros", SPARSE, EDIT_LIKE, 0.01},
        {"zeros, wide", SPARSE, WIDE, 0.05},    {"tiny", TINY, EDIT_LIKE, 0.3},     {"underflowing", UNDERFLOWING, EDIT_LIKE, 1},
    };
    uint64_t seed = 1;
    for (const Family& family : families) {
        int64_t handed_over = 0, problems = 0;
        for (const double epsilon : {1 / 30.0, 0.2, 1.0, 0.01}) {
            const auto run = [&](int n, int m, int64_t count) {
                const Batch batch = make(seed++, count, n, m, epsilon, family.masses, family.costs, rho);
                const int64_t here = examine(kernels, batch, title(batch, family.name));
                if (std::getenv("VERBOSE") != nullptr && here > 0)
                    std::printf("%s %s: %ld of %ld handed over\n", kernels.isa, title(batch, family.name).c_str(), static_cast<long>(here),
                                static_cast<long>(count));
                handed_over += epsilon > 0.02 ? here : 0;
                problems += epsilon > 0.02 ? count : 0;
            };
            run(10, 10, 200);
            for (int n = 1; n <= 16; n += 1 + static_cast<int>(seed % 3)) {
                for (int m = 1; m <= 16; m += 1 + static_cast<int>(seed % 4))
                    run(n, m, 9);
            }
        }
        char text[200];
        std::snprintf(text, sizeof text, "%s %s, rho %g: %ld of %ld handed over", kernels.isa, family.name, rho, static_cast<long>(handed_over),
                      static_cast<long>(problems));
        const bool any = std::isfinite(rho) && family.costs == WIDE; // columns given up by hundreds of epsilon
        check(any || static_cast<double>(handed_over) <= family.most_handed_over * static_cast<double>(problems), text);
        if (std::getenv("VERBOSE") != nullptr)
            std::printf("%s\n", text);
    }
}

void test_large(const KernelTable& kernels, double rho) {
    const int shapes[][2] = {{64, 64}, {64, 1}, {1, 64}, {33, 47}, {47, 33}, {64, 10}, {10, 64}};
    uint64_t seed = 1000;
    for (const auto& shape : shapes) {
        for (const Costs costs : {EDIT_LIKE, WIDE}) {
            const Batch batch = make(seed++, 5, shape[0], shape[1], 1 / 30.0, SKEWED, costs, rho);
            const int64_t most = std::isfinite(rho) && costs == WIDE ? 5 : 1;
            check(examine(kernels, batch, title(batch, "large")) <= most, std::string(kernels.isa) + title(batch, " large: handed over"));
        }
    }
}

// Neither order nor company may change a bit of an answer.
void test_company(const KernelTable& kernels, double rho) {
    for (const int m : {10, 7}) {
        const int n = 10, count = 301;
        const Batch batch = make(77, count, n, m, 1 / 30.0, SPARSE, EDIT_LIKE, rho);
        std::vector<int> order(count);
        for (int p = 0; p < count; p++)
            order[p] = p * 100 % count;
        Batch shuffled = batch;
        for (int p = 0; p < count; p++) {
            std::memcpy(&shuffled.cost[p * n * m], &batch.cost[order[p] * n * m], n * m);
            std::memcpy(&shuffled.a[p * n], &batch.a[order[p] * n], n * sizeof(double));
            std::memcpy(&shuffled.b[p * m], &batch.b[order[p] * m], m * sizeof(double));
        }
        for (const bool potentials : {false, true}) {
            const Answer one = solve(kernels, batch, potentials), two = solve(kernels, shuffled, potentials);
            bool same = true;
            for (int p = 0; p < count; p++) {
                same &= std::memcmp(&two.outcomes[p], &one.outcomes[order[p]], sizeof(TransportOutcome)) == 0;
                if (two.outcomes[p].status == PTA_TRANSPORT_CONVERGED)
                    same &= std::memcmp(&two.plan[p * n * m], &one.plan[order[p] * n * m], n * m * sizeof(double)) == 0;
                if (potentials && two.outcomes[p].status == PTA_TRANSPORT_CONVERGED)
                    same &= std::memcmp(&two.g[p * m], &one.g[order[p] * m], m * sizeof(double)) == 0;
                if (p % 10 == 0) {
                    Batch alone = {n, m, batch.epsilon, {}, {}, {}, rho};
                    alone.cost.assign(&batch.cost[p * n * m], &batch.cost[p * n * m] + n * m);
                    alone.a.assign(&batch.a[p * n], &batch.a[p * n] + n);
                    alone.b.assign(&batch.b[p * m], &batch.b[p * m] + m);
                    const Answer single = solve(kernels, alone, potentials);
                    same &= one.outcomes[p].status != PTA_TRANSPORT_CONVERGED ||
                            std::memcmp(&one.plan[p * n * m], &single.plan[0], n * m * sizeof(double)) == 0;
                }
            }
            check(same, std::string(kernels.isa) + " company changes bits");
        }
    }
}

// Rows and columns without mass, whatever their costs, leave the rest of the plan as it is.
void test_padding(const KernelTable& kernels, double rho) {
    const int n = 6, m = 5, count = 100;
    const Batch small = make(91, count, n, m, 1 / 30.0, SKEWED, EDIT_LIKE, rho);
    Batch padded = {10, 10, small.epsilon, std::vector<uint8_t>(count * 100, 254), std::vector<double>(count * 10), std::vector<double>(count * 10),
                    rho};
    for (int p = 0; p < count; p++) {
        for (int i = 0; i < n; i++) {
            padded.a[p * 10 + i + 1] = small.a[p * n + i];
            for (int j = 0; j < m; j++)
                padded.cost[p * 100 + (i + 1) * 10 + 2 * j] = small.cost[(p * n + i) * m + j];
        }
        for (int j = 0; j < m; j++)
            padded.b[p * 10 + 2 * j] = small.b[p * m + j];
    }
    check(examine(kernels, padded, "padded") == 0, std::string(kernels.isa) + " padded problems handed over");
    const Answer one = solve(kernels, small, false), two = solve(kernels, padded, false);
    double largest = 0;
    for (int p = 0; p < count; p++) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++)
                largest = std::fmax(largest, std::fabs(one.plan[(p * n + i) * m + j] - two.plan[p * 100 + (i + 1) * 10 + 2 * j]));
        }
    }
    check(largest <= 1e-10, std::string(kernels.isa) + " padding changes the plan");
}

// What has no plan is handed over at once, and its neighbours do not notice.
void test_bad_input(const KernelTable& kernels, double rho) {
    const double bad[] = {std::numeric_limits<double>::quiet_NaN(), INFINITY, -INFINITY, -0.1, 0.25};
    for (const double value : bad) {
        if (std::isfinite(rho) && std::isfinite(value))
            continue; // sums may differ
        for (const bool rows : {true, false}) {
            const Batch good = make(5, 40, 10, 10, 1 / 30.0, SKEWED, SMALL, rho);
            Batch batch = good;
            for (int p = 0; p < 40; p += 3)
                (rows ? batch.a : batch.b)[p * 10 + p % 10] += value;
            const Answer one = solve(kernels, good, false), two = solve(kernels, batch, false);
            bool ok = true;
            for (int p = 0; p < 40; p++) {
                if (p % 3 == 0)
                    ok &= two.outcomes[p].status == PTA_TRANSPORT_ITERATION_LIMIT;
                else
                    ok &= two.outcomes[p].status == one.outcomes[p].status && std::memcmp(&one.plan[p * 100], &two.plan[p * 100], 800) == 0;
            }
            check(ok, std::string(kernels.isa) + " bad input " + std::to_string(value));
        }
    }
    Batch empty = make(6, 3, 10, 10, 1 / 30.0, SKEWED, SMALL, rho);
    std::fill(empty.a.begin(), empty.a.begin() + 10, 0.0);
    std::fill(empty.b.begin(), empty.b.begin() + 10, 0.0);
    const Answer answer = solve(kernels, empty, true);
    check(answer.outcomes[0].status == PTA_TRANSPORT_ITERATION_LIMIT && answer.outcomes[2].status == PTA_TRANSPORT_CONVERGED,
          std::string(kernels.isa) + " no mass at all");
    const Batch none = {10, 10, 1 / 30.0, {}, {}, {}, rho};
    check(solve(kernels, none, true).outcomes.empty(), "an empty batch");
    for (const double epsilon : {1e-320, 1e-300, 1e-9, 1e-4, 1e-3, 1e3, 1e12, 1e300, 1e307}) {
        const Batch batch = make(8, 20, 10, 10, epsilon, SKEWED, WIDE, rho);
        examine(kernels, batch, title(batch, "extreme"));
    }
}

} // namespace

int main() {
    for (const char* isa : {"portable", "avx2", "avx512"}) {
        const KernelTable* kernels = nullptr;
        try {
            kernels = &pta::kernels_for(isa);
        } catch (const std::exception& missing) {
            std::printf("%s\n", missing.what());
            continue;
        }
        for (const double rho : {static_cast<double>(INFINITY), 0.05, 0.3, 2.0}) {
            test_families(*kernels, rho);
            test_large(*kernels, rho);
            test_company(*kernels, rho);
            test_padding(*kernels, rho);
            test_bad_input(*kernels, rho);
        }
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
