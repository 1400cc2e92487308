// The alignment path against a plain table of 64-bit sums: cost and every step, on every instruction set of this machine.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernel_table.h"

namespace {

long passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    if (ok) {
        passed++;
    } else {
        failed++;
        if (failed <= 20)
            std::printf("FAILED: %s\n", what.c_str());
    }
}

template <class T> struct Case {
    std::vector<int32_t> source, target;
    std::vector<T> table;
    int64_t rows = 0, columns = 0, stride = 0;
    T cost(size_t i, size_t j) const { return table[static_cast<size_t>(source[i]) * static_cast<size_t>(stride) + static_cast<size_t>(target[j])]; }
};

using Steps = std::vector<std::pair<int32_t, int32_t>>;

template <class T> int64_t oracle(const Case<T>& c, Steps& steps) {
    size_t n = c.source.size(), m = c.target.size();
    const int64_t none = int64_t{1} << 60;
    std::vector<int64_t> above(m + 1, none), row(m + 1);
    std::vector<uint8_t> came(n * m);
    above[0] = 0;
    for (size_t i = 0; i < n; i++) {
        row[0] = none;
        for (size_t j = 0; j < m; j++) {
            int64_t candidates[3] = {above[j], above[j + 1], row[j]};
            size_t first = static_cast<size_t>(std::min_element(candidates, candidates + 3) - candidates);
            came[i * m + j] = static_cast<uint8_t>(first);
            row[j + 1] = candidates[first] + c.cost(i, j);
        }
        std::swap(above, row);
    }
    steps.clear();
    size_t i = n - 1, j = m - 1;
    for (;;) {
        steps.push_back({static_cast<int32_t>(i), static_cast<int32_t>(j)});
        if (i == 0 && j == 0)
            break;
        uint8_t from = came[i * m + j];
        if (from != 2)
            i--;
        if (from != 1)
            j--;
    }
    std::reverse(steps.begin(), steps.end());
    return above[m];
}

int64_t run(const pta::KernelTable& kernels, pta::Arena& arena, pta::PathProblem<uint8_t>& problem) { return kernels.path_u8(arena, problem); }
int64_t run(const pta::KernelTable& kernels, pta::Arena& arena, pta::PathProblem<uint16_t>& problem) { return kernels.path_u16(arena, problem); }

std::vector<const pta::KernelTable*> targets;

template <class T> int64_t answer(const pta::KernelTable& kernels, pta::Arena& arena, const Case<T>& c, Steps& steps) {
    size_t n = c.source.size(), m = c.target.size();
    std::vector<int32_t> flat((n + m - 1) * 2, -7);
    pta::PathProblem<T> problem{};
    problem.source = c.source.data();
    problem.target = c.target.data();
    problem.cost = c.table.data();
    problem.n = static_cast<int64_t>(n);
    problem.m = static_cast<int64_t>(m);
    problem.rows = c.rows;
    problem.columns = c.columns;
    problem.stride = c.stride;
    problem.steps = flat.data();
    int64_t total;
    {
        pta::Arena::Scope scope(arena);
        total = run(kernels, arena, problem);
    }
    steps.clear();
    if (problem.first < 0 || problem.first >= static_cast<int64_t>(n + m - 1))
        return -1;
    for (size_t k = static_cast<size_t>(problem.first); k < n + m - 1; k++)
        steps.push_back({flat[2 * k], flat[2 * k + 1]});
    return total;
}

template <class T> void verify(const Case<T>& c, const std::string& what) {
    static pta::Arena arena;
    Steps expected, found;
    int64_t total = oracle(c, expected);
    for (const pta::KernelTable* kernels : targets) {
        int64_t got = answer(*kernels, arena, c, found);
        check(got == total && found == expected,
              std::string(kernels->isa) + " " + what + " " + std::to_string(c.source.size()) + " x " + std::to_string(c.target.size()) + ": cost " +
                  std::to_string(got) + ", expected " + std::to_string(total) + (found == expected ? "" : ", other path"));
    }
}

std::mt19937 random_bits(20240601);
int below(int bound) { return static_cast<int>(random_bits() % static_cast<uint32_t>(bound)); }

// Random ids into a random table; costs lowest..highest. The vector has no byte past the last element: a sanitiser sees any wild load.
template <class T> Case<T> random_case(int n, int m, int rows, int columns, int lowest, int highest, int padding = 0) {
    Case<T> c;
    c.rows = rows;
    c.columns = columns;
    c.stride = columns + padding;
    c.table.resize(static_cast<size_t>((rows - 1) * c.stride + columns));
    for (T& cost : c.table)
        cost = static_cast<T>(lowest + below(highest - lowest + 1));
    for (int i = 0; i < n; i++)
        c.source.push_back(below(rows));
    for (int j = 0; j < m; j++)
        c.target.push_back(below(columns));
    return c;
}

void small_shapes() {
    for (int n = 1; n <= 40; n++) {
        for (int m = 1; m <= 40; m++) {
            verify(random_case<uint8_t>(n, m, 1 + below(12), 1 + below(12), 0, 1, below(3)), "costs 0..1");
            verify(random_case<uint8_t>(n, m, 1 + below(60), 1 + below(60), 0, 255), "costs 0..255");
            verify(random_case<uint16_t>(n, m, 1 + below(9), 1 + below(9), 0, 1 + below(65535)), "two-byte costs");
        }
    }
}

void strip_tails() {
    const int sides[] = {1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 66, 127, 128, 129, 191, 192, 255, 256, 257, 300, 319, 320, 321, 511, 512, 513, 600};
    for (int n : sides) {
        for (int m : sides) {
            if (below(2) == 0)
                continue;
            verify(random_case<uint8_t>(n, m, 1 + below(300), 1 + below(300), 0, below(2) == 0 ? 1 : 20), "strip tail");
            if (n * m < 20000)
                verify(random_case<uint16_t>(n, m, 20, 20, 0, 65535), "strip tail, two-byte costs");
        }
    }
}

void table_widths() {
    for (int columns = 1; columns <= 700; columns += 1 + below(23))
        verify(random_case<uint8_t>(40 + below(30), 130 + below(70), 1 + below(90), columns, 0, 9), "table of " + std::to_string(columns) + " columns");
    verify(random_case<uint8_t>(100, 150, 30, 2047, 0, 9), "wide table");
    verify(random_case<uint8_t>(100, 150, 30, 2048, 0, 9), "wide table");
    verify(random_case<uint8_t>(100, 150, 30, 2049, 0, 9), "wide table");
    verify(random_case<uint8_t>(300, 20, 3000, 40, 0, 9), "tall table");
}

void sums() {
    for (auto [n, m] : {std::pair{257, 300}, {300, 256}, {700, 64}, {64, 700}, {1030, 1041}}) {
        verify(random_case<uint8_t>(n, m, 9, 9, 254, 255), "costs 254..255");
        verify(random_case<uint8_t>(n, m, 9, 9, 255, 255), "costs 255");
        verify(random_case<uint8_t>(n, m, 9, 9, 0, 0), "costs 0");
        verify(random_case<uint8_t>(n, m, 9, 9, 7, 7), "costs 7");
        verify(random_case<uint16_t>(n, m, 9, 9, 65534, 65535), "costs 65534..65535");
        verify(random_case<uint16_t>(n, m, 9, 9, 0, 3), "small two-byte costs");
    }
    // Totals on both sides of 65,534, 65,535 and 65,536.
    for (int n = 255; n <= 259; n++) {
        Case<uint8_t> c = random_case<uint8_t>(n, 3, 4, 1, 255, 255);
        for (int last = 0; last < 256; last += 51) {
            c.table[3] = static_cast<uint8_t>(last);
            verify(c, "total near 65,535");
        }
    }
    verify(random_case<uint16_t>(65537, 2, 3, 3, 65535, 65535), "total near 2^32");
    verify(random_case<uint16_t>(65540, 2, 3, 3, 65535, 65535), "total over 2^32");
    verify(random_case<uint16_t>(3, 70000, 3, 3, 65530, 65535), "total over 2^32");
}

// The answer knows only costs: renaming table rows and columns changes nothing.
void permuted_ids() {
    for (int trial = 0; trial < 10; trial++) {
        Case<uint8_t> c = random_case<uint8_t>(200 + below(200), 200 + below(200), 150, 140, 0, 4), p = c;
        std::vector<int32_t> row(150), column(140);
        for (int a = 0; a < 150; a++) row[static_cast<size_t>(a)] = a;
        for (int b = 0; b < 140; b++) column[static_cast<size_t>(b)] = b;
        std::shuffle(row.begin(), row.end(), random_bits);
        std::shuffle(column.begin(), column.end(), random_bits);
        for (size_t a = 0; a < 150; a++)
            for (size_t b = 0; b < 140; b++)
                p.table[static_cast<size_t>(row[a]) * 140 + static_cast<size_t>(column[b])] = c.table[a * 140 + b];
        for (int32_t& a : p.source) a = row[static_cast<size_t>(a)];
        for (int32_t& b : p.target) b = column[static_cast<size_t>(b)];
        pta::Arena arena;
        Steps first, second;
        for (const pta::KernelTable* kernels : targets) {
            int64_t x = answer(*kernels, arena, c, first), y = answer(*kernels, arena, p, second);
            check(x == y && first == second, std::string(kernels->isa) + " permuted ids");
        }
        verify(p, "permuted ids");
    }
}

// Two token sequences over the same text: most target tokens repeat a source token, some are inserted, dropped or doubled. Equal tokens cost 0, others
// 1 and more, so that most of the table is pruned.
Case<uint8_t> document(int n, int vocabulary, int change, int highest) {
    Case<uint8_t> c;
    c.rows = c.columns = vocabulary;
    c.stride = vocabulary + below(3);
    c.table.resize(static_cast<size_t>((c.rows - 1) * c.stride + c.columns));
    for (uint8_t& cost : c.table)
        cost = static_cast<uint8_t>(1 + below(highest));
    for (int a = 0; a < vocabulary; a++)
        c.table[static_cast<size_t>(a * c.stride + a)] = static_cast<uint8_t>(below(20) == 0);
    auto token = [&] { return below(2) == 0 ? below(8) : below(vocabulary); }; // a few are very frequent
    for (int i = 0; i < n; i++) {
        c.source.push_back(token());
        int dice = below(100);
        if (dice >= change)
            c.target.push_back(c.source.back());
        else if (dice % 3 == 1)
            c.target.push_back(token());
        else if (dice % 3 == 2)
            c.target.insert(c.target.end(), {token(), c.source.back(), token()});
    }
    if (c.target.empty())
        c.target.push_back(0);
    return c;
}

void documents() {
    for (int n : {130, 255, 512, 513, 575, 640, 1024, 1100, 1500, 2048}) {
        for (int change : {0, 5, 20, 45, 80}) {
            verify(document(n, 40 + below(400), change, 1 + below(8)), "document");
            verify(document(n, 70, change, 1), "document, many ties");
        }
    }
    verify(document(2000, 300, 10, 250), "document, costs to 251");
    verify(document(5000, 700, 15, 6), "long document");
}

// Inputs that lead the guide astray or leave nothing to prune.
void adversaries() {
    for (int trial = 0; trial < 8; trial++) {
        Case<uint8_t> moved = document(1300, 200, 10, 5);
        std::rotate(moved.target.begin(), moved.target.begin() + 200 + below(600), moved.target.end());
        verify(moved, "moved block");
        Case<uint8_t> inserted = document(700, 200, 10, 5);
        std::vector<int32_t> other(static_cast<size_t>(300 + below(600)));
        for (int32_t& b : other)
            b = below(200);
        auto& side = trial % 2 == 0 ? inserted.target : inserted.source;
        side.insert(side.begin() + below(static_cast<int>(side.size())), other.begin(), other.end());
        verify(inserted, "inserted block");
        Case<uint8_t> repeated = document(900, 300, 5, 4);
        for (size_t i = 0; i < repeated.source.size(); i++)
            repeated.source[i] = static_cast<int32_t>(i / 3 % 7);
        verify(repeated, "repeated source");
        for (size_t j = 0; j < repeated.target.size(); j++)
            repeated.target[j] = static_cast<int32_t>(j % 7);
        verify(repeated, "repeated texts");
        // A cheap detour far from the diagonal, next to a dear diagonal.
        Case<uint8_t> detour = random_case<uint8_t>(600 + below(700), 300 + below(900), 50, 60, 3, 6);
        for (size_t k = 0; k < 8; k++)
            detour.table[k * 60 + 7] = detour.table[7 * 60 + k] = 0;
        for (size_t i = 0; i < detour.source.size() / 2; i++)
            detour.source[i] = below(8);
        for (size_t j = detour.target.size() / 3; j < detour.target.size(); j++)
            detour.target[j] = below(8);
        verify(detour, "detour");
    }
    for (int high : {0, 1, 2, 255}) {
        verify(random_case<uint8_t>(1100, 900, 80, 90, 0, high), "random costs");
        verify(random_case<uint8_t>(1100, 900, 80, 90, high, high), "equal costs");
    }
    verify(random_case<uint8_t>(2000, 300, 80, 90, 20, 45), "pruned up to 16 bits");
    verify(random_case<uint8_t>(3000, 300, 80, 90, 20, 45), "bound over 16 bits");
    verify(random_case<uint8_t>(600, 3000, 80, 90, 20, 30), "sums over 16 bits");
}

// Unused rows and columns, more than positions.
void sparse_tables() {
    verify(random_case<uint8_t>(300, 280, 3000, 2000, 0, 9), "sparse table");
    verify(random_case<uint8_t>(600, 580, 700, 100, 0, 9), "sparse rows");
    verify(random_case<uint8_t>(600, 580, 100, 700, 0, 9), "sparse columns");
    verify(random_case<uint16_t>(30, 28, 300, 200, 0, 999), "sparse table, two-byte costs");
}

} // namespace

int main() {
    for (const char* isa : {"portable", "avx2", "avx512"}) {
        try {
            targets.push_back(&pta::kernels_for(isa));
        } catch (const std::exception&) {
        } catch (...) {
        }
    }
    small_shapes();
    strip_tails();
    table_widths();
    sums();
    permuted_ids();
    documents();
    adversaries();
    sparse_tables();
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
