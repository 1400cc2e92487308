// Edit-distance kernels and cost matrices against the plain table, on every instruction set of this machine.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "host/tokens/edit_distance.h"
#include "kernels/kernel_table.h"

namespace {

using Token = std::vector<int32_t>;
long passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s\n", what.c_str());
}

// Wagner and Fischer's table. `wild` equals nothing.
int plain_distance(const Token& a, const Token& b, int32_t wild) {
    std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); i++) {
        for (size_t j = 0; j <= b.size(); j++) {
            if (i == 0 || j == 0) {
                d[i][j] = static_cast<int>(i + j);
                continue;
            }
            bool same = a[i - 1] == b[j - 1] && a[i - 1] != wild;
            d[i][j] = std::min({d[i - 1][j - 1] + (same ? 0 : 1), d[i - 1][j] + 1, d[i][j - 1] + 1});
        }
    }
    return d[a.size()][b.size()];
}

struct Codes {
    std::vector<std::unique_ptr<uint16_t[]>> memory; // one allocation per token: reads past its end are seen by AddressSanitizer
    std::vector<pta::TokenSpan> spans;

    explicit Codes(const std::vector<Token>& tokens) {
        for (const Token& token : tokens) {
            memory.emplace_back(new uint16_t[token.size()]);
            for (size_t p = 0; p < token.size(); p++)
                memory.back()[p] = static_cast<uint16_t>(token[p]);
            spans.push_back({memory.back().get(), static_cast<int32_t>(token.size())});
        }
    }
};

struct Source {
    std::mt19937 random{20240};
    int below(int n) { return static_cast<int>(random() % static_cast<uint32_t>(n)); }

    // Symbols lowest .. classes; half of the tokens are edits of one another, so that distances of all sizes occur.
    std::vector<Token> tokens(int count, int shortest, int longest, int classes, int lowest) {
        std::vector<Token> all;
        for (int t = 0; t < count; t++) {
            Token token;
            if (!all.empty() && below(2) == 0) {
                token = all[static_cast<size_t>(below(static_cast<int>(all.size())))];
                for (int edits = below(4); edits > 0; edits--) {
                    int at = below(static_cast<int>(token.size()) + 1), symbol = lowest + below(classes + 1 - lowest);
                    if (below(2) == 0 && static_cast<int>(token.size()) < longest)
                        token.insert(token.begin() + at, symbol);
                    else if (at < static_cast<int>(token.size()) && below(2) == 0 && static_cast<int>(token.size()) > shortest)
                        token.erase(token.begin() + at);
                    else if (at < static_cast<int>(token.size()))
                        token[static_cast<size_t>(at)] = symbol;
                }
            } else {
                for (int length = shortest + below(longest - shortest + 1); length > 0; length--)
                    token.push_back(lowest + below(classes + 1 - lowest));
            }
            all.push_back(token);
        }
        return all;
    }
};

template <class T>
bool call(const pta::KernelTable& kernels, pta::Arena& arena, const Codes& rows, const Codes& columns, int alphabet, T* out, int64_t stride) {
    auto n = static_cast<int64_t>(rows.spans.size()), m = static_cast<int64_t>(columns.spans.size());
    if constexpr (sizeof(T) == 1)
        return kernels.distances_u8(arena, rows.spans.data(), n, columns.spans.data(), m, alphabet, out, stride);
    else
        return kernels.distances_u16(arena, rows.spans.data(), n, columns.spans.data(), m, alphabet, out, stride);
}

template <class T>
void check_matrix(const pta::KernelTable& kernels, pta::Arena& arena, const std::vector<Token>& rows, const std::vector<Token>& columns,
                  const std::vector<int>& wanted, int alphabet, int gap, const std::string& what) {
    Codes row_codes(rows), column_codes(columns);
    size_t n = rows.size(), m = columns.size(), stride = m + static_cast<size_t>(gap);
    const int most = static_cast<T>(-1);
    std::vector<T> out(n * stride, T{77}), expected = out;
    bool range = false;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            range = range || wanted[i * m + j] >= most;
            expected[i * stride + j] = static_cast<T>(std::min(wanted[i * m + j], most));
        }
    }
    bool got = call(kernels, arena, row_codes, column_codes, alphabet, out.data(), static_cast<int64_t>(stride));
    check(out == expected, std::string(kernels.isa) + " u" + std::to_string(8 * sizeof(T)) + " " + what);
    check(got == range, std::string(kernels.isa) + " range, " + what);
}

void check_blocks(const pta::KernelTable& kernels, pta::Arena& arena, const std::vector<Token>& rows, const std::vector<Token>& columns,
                  const std::vector<int>& wanted, int alphabet, const std::string& what) {
    if (rows.size() > 64 || columns.size() > 64)
        return;
    Codes row_codes(rows), column_codes(columns);
    std::vector<uint8_t> out(rows.size() * columns.size()), expected;
    bool range = false;
    for (int distance : wanted) {
        range = range || distance >= 255;
        expected.push_back(static_cast<uint8_t>(std::min(distance, 255)));
    }
    // The block twice, around an empty one: blocks must not disturb each other.
    std::vector<uint8_t> second(out.size(), 3);
    auto n = static_cast<int32_t>(rows.size()), m = static_cast<int32_t>(columns.size());
    pta::CostBlock blocks[3] = {{row_codes.spans.data(), column_codes.spans.data(), out.data(), n, m, !range},
                                {row_codes.spans.data(), column_codes.spans.data(), nullptr, 0, m, true},
                                {row_codes.spans.data(), column_codes.spans.data(), second.data(), n, m, !range}};
    kernels.distance_blocks(arena, blocks, 3, alphabet);
    check(out == expected && second == expected, std::string(kernels.isa) + " blocks, " + what);
    check(blocks[0].range == range && !blocks[1].range && blocks[2].range == range, std::string(kernels.isa) + " range of blocks, " + what);
}

struct Shape {
    int n, m, shortest, longest, classes;
    int lowest_row = 0; // 0: rows have symbols that no column has
};

void check_shape(const std::vector<const pta::KernelTable*>& all, pta::Arena& arena, Source& source, const Shape& shape) {
    auto rows = source.tokens(shape.n, shape.shortest, shape.longest, shape.classes, shape.lowest_row);
    auto columns = source.tokens(shape.m, shape.shortest, shape.longest, shape.classes, 1);
    // Ties, repeats and near misses across the sides.
    for (auto& row : rows) {
        if (!columns.empty() && source.below(3) == 0) {
            row = columns[static_cast<size_t>(source.below(shape.m))];
            if (!row.empty() && source.below(2) == 0)
                row[static_cast<size_t>(source.below(static_cast<int>(row.size())))] = source.below(shape.classes + 1);
        }
    }
    std::vector<int> wanted;
    for (const Token& row : rows) {
        for (const Token& column : columns)
            wanted.push_back(plain_distance(row, column, 0));
    }
    std::string what = std::to_string(shape.n) + " x " + std::to_string(shape.m) + ", lengths " + std::to_string(shape.shortest) + "-" +
                       std::to_string(shape.longest) + ", " + std::to_string(shape.classes) + " classes";
    for (const pta::KernelTable* kernels : all) {
        int gap = source.below(3) == 0 ? source.below(40) : 0;
        check_matrix<uint8_t>(*kernels, arena, rows, columns, wanted, shape.classes + 1, gap, what);
        check_matrix<uint16_t>(*kernels, arena, rows, columns, wanted, shape.classes + 1, gap, what);
        check_blocks(*kernels, arena, rows, columns, wanted, shape.classes + 1, what);
    }
}

void check_kernels(const std::vector<const pta::KernelTable*>& all) {
    pta::Arena arena;
    Source source;
    for (int n = 0; n <= 70; n++)
        check_shape(all, arena, source, {n, source.below(71), 0, 9, 1 + source.below(30)});
    for (int m = 0; m <= 70; m++)
        check_shape(all, arena, source, {source.below(71), m, 0, 20, 1 + source.below(300)});
    for (int length = 0; length <= 130; length++) // every length against every other, near enough
        check_shape(all, arena, source, {9, 9, length, length + 3, 1 + source.below(6)});
    for (int longest = 0; longest <= 130; longest += 2)
        check_shape(all, arena, source, {10, 10, 0, longest, 2 + source.below(4)});
    for (int classes : {1, 2, 60, 250, 253, 254, 255, 256, 257, 600, 5000, 60000, 65535}) {
        check_shape(all, arena, source, {10, 10, 0, 8, classes});
        check_shape(all, arena, source, {64, 64, 0, 17, classes});
        check_shape(all, arena, source, {150, 40, 0, 12, classes, 1});
    }
    check_shape(all, arena, source, {300, 130, 0, 10, 40});   // several groups of rows
    check_shape(all, arena, source, {3, 5000, 0, 6, 8});      // several chunks of columns
    check_shape(all, arena, source, {30, 4200, 0, 6, 20});
    check_shape(all, arena, source, {600, 70, 0, 18, 26});
    check_shape(all, arena, source, {12, 11, 240, 270, 4});   // around 254 and 255
    check_shape(all, arena, source, {9, 9, 0, 600, 5});
    check_shape(all, arena, source, {40, 5, 60, 259, 3});
    check_shape(all, arena, source, {5, 40, 60, 259, 300});
    check_shape(all, arena, source, {2, 3, 3000, 4000, 6});
}

// Over 4 M cells, written past the caches: every cell against the same kernels on pieces that are not.
void check_large(const std::vector<const pta::KernelTable*>& all) {
    pta::Arena arena;
    Source source;
    auto rows = source.tokens(1030, 0, 18, 12, 0), columns = source.tokens(4100, 0, 12, 12, 1);
    Codes row_codes(rows), column_codes(columns);
    size_t stride = columns.size() + 3;
    std::vector<uint8_t> out(rows.size() * stride), pieces(rows.size() * stride);
    for (const pta::KernelTable* kernels : all) {
        call(*kernels, arena, row_codes, column_codes, 13, out.data(), static_cast<int64_t>(stride));
        for (size_t i = 0; i < rows.size(); i += 100) {
            auto n = static_cast<int64_t>(std::min<size_t>(100, rows.size() - i));
            kernels->distances_u8(arena, row_codes.spans.data() + i, n, column_codes.spans.data(), static_cast<int64_t>(columns.size()), 13,
                                  pieces.data() + i * stride, static_cast<int64_t>(stride));
        }
        check(out == pieces, std::string(kernels->isa) + " large matrix");
        bool same = true;
        for (int k = 0; k < 2000; k++) {
            auto i = static_cast<size_t>(source.below(1030)), j = static_cast<size_t>(source.below(4100));
            same = same && out[i * stride + j] == plain_distance(rows[i], columns[j], 0);
        }
        check(same, std::string(kernels->isa) + " large matrix, samples");
    }
}

// u16 saturates too: one token of 65,600 symbols against short ones.
void check_u16_saturation(const std::vector<const pta::KernelTable*>& all) {
    pta::Arena arena;
    std::vector<Token> rows{Token(65534, 1), Token(65535, 1), Token(65600, 1)}, columns{{}, {2}, {1}, Token(65600, 1)};
    for (const pta::KernelTable* kernels : all) {
        Codes row_codes(rows), column_codes(columns);
        std::vector<uint16_t> out(12);
        check(call(*kernels, arena, row_codes, column_codes, 3, out.data(), 4), "65,600: range");
        check(out == std::vector<uint16_t>{65534, 65534, 65533, 66, 65535, 65535, 65534, 65, 65535, 65535, 65535, 0}, "65,600 symbols");
    }
}

std::unique_ptr<pta_tape> make_tape(const std::vector<Token>& tokens, const std::vector<uint8_t>& roles) {
    std::vector<int32_t> symbols, offsets{0};
    for (const Token& token : tokens) {
        symbols.insert(symbols.end(), token.begin(), token.end());
        offsets.push_back(static_cast<int32_t>(symbols.size()));
    }
    pta_tape_view view{sizeof(pta_tape_view), static_cast<int32_t>(tokens.size()), symbols.data(), offsets.data(), roles.empty() ? nullptr : roles.data()};
    return std::make_unique<pta_tape>(view);
}

int tape_distance(const std::vector<Token>& a, const std::vector<uint8_t>& a_roles, int i, const std::vector<Token>& b, const std::vector<uint8_t>& b_roles,
                  int j) {
    int x = a_roles.empty() ? 0 : a_roles[static_cast<size_t>(i)], y = b_roles.empty() ? 0 : b_roles[static_cast<size_t>(j)];
    const Token &s = a[static_cast<size_t>(i)], &t = b[static_cast<size_t>(j)];
    if (((x | y) & PTA_ROLE_SPECIAL) == 0)
        return plain_distance(s, t, INT32_MIN);
    bool both = (x & y & PTA_ROLE_SPECIAL) != 0;
    return both && ((x & y & (PTA_ROLE_BOS | PTA_ROLE_EOS | PTA_ROLE_PAD | PTA_ROLE_UNK)) != 0 || s == t) ? 0 : 64;
}

void check_tapes(const std::vector<const pta::KernelTable*>& all) {
    Source source;
    for (int round = 0; round < 30; round++) {
        bool huge = round == 29;
        int longest = round % 5 == 4 ? 300 : 14;
        auto a = source.tokens(60, 0, longest, 200, -3), b = source.tokens(70, 0, longest, 260, 5);
        if (huge) { // more distinct symbols than kernels have classes
            Token many(70000);
            for (size_t p = 0; p < many.size(); p++)
                many[p] = 1000 + static_cast<int32_t>(p);
            b.push_back(many);
        }
        std::vector<uint8_t> a_roles, b_roles;
        const uint8_t kinds[] = {0, 0, 0, 0, PTA_ROLE_HOLE, PTA_ROLE_SPECIAL, PTA_ROLE_SPECIAL | PTA_ROLE_BOS, PTA_ROLE_SPECIAL | PTA_ROLE_EOS | PTA_ROLE_PAD,
                                 PTA_ROLE_SPECIAL | PTA_ROLE_PAD, PTA_ROLE_SPECIAL | PTA_ROLE_UNK};
        auto give_roles = [&](std::vector<Token>& tokens, std::vector<uint8_t>& roles) {
            for (Token& token : tokens) {
                roles.push_back(kinds[source.below(10)]);
                if (roles.back() == PTA_ROLE_HOLE)
                    token.clear();
            }
        };
        if (round % 3 != 0)
            give_roles(a, a_roles);
        if (round % 3 != 1)
            give_roles(b, b_roles);
        auto source_tape = make_tape(a, a_roles), target_tape = make_tape(b, b_roles);
        int batch = 1 + source.below(5), n = 1 + source.below(20), m = 1 + source.below(20);
        std::vector<int32_t> rows, columns;
        for (int i = 0; i < batch * n; i++)
            rows.push_back(source.below(60));
        for (int j = 0; j < batch * m; j++)
            columns.push_back(source.below(70));
        std::vector<int> wanted;
        for (int i = 0; i < batch * n; i++) {
            for (int j = 0; j < batch * m; j++)
                wanted.push_back(tape_distance(a, a_roles, rows[static_cast<size_t>(i)], b, b_roles, columns[static_cast<size_t>(j)]));
        }
        size_t width = static_cast<size_t>(batch * m);
        std::vector<uint8_t> expected8, blocks8(static_cast<size_t>(batch * n * m));
        std::vector<uint16_t> expected16;
        bool range = false, block_range = false;
        for (int distance : wanted) {
            range = range || distance > 254;
            expected8.push_back(static_cast<uint8_t>(std::min(distance, 255)));
            expected16.push_back(static_cast<uint16_t>(distance));
        }
        for (int p = 0, at = 0; p < batch; p++) {
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < m; j++) {
                    uint8_t value = expected8[static_cast<size_t>(p * n + i) * width + static_cast<size_t>(p * m + j)];
                    blocks8[static_cast<size_t>(at++)] = value;
                    block_range = block_range || value == 255;
                }
            }
        }
        for (const pta::KernelTable* kernels : all) {
            pta::Workspace workspace(*kernels);
            std::string what = std::string(kernels->isa) + " tapes, round " + std::to_string(round);
            std::vector<uint8_t> out8(expected8.size()), out_blocks(blocks8.size());
            std::vector<uint16_t> out16(expected16.size());
            int64_t height = batch * n;
            bool got = pta::cost_matrix(workspace, *source_tape, rows.data(), height, *target_tape, columns.data(), batch * m, out8.data(), batch * m);
            check(out8 == expected8 && got == range, what + ", u8");
            got = pta::cost_matrix(workspace, *source_tape, rows.data(), height, *target_tape, columns.data(), batch * m, out16.data(), batch * m);
            check(out16 == expected16 && !got, what + ", u16");
            got = pta::cost_matrices(workspace, *source_tape, rows.data(), *target_tape, columns.data(), batch, n, m, out_blocks.data());
            check(out_blocks == blocks8 && got == block_range, what + ", blocks");
        }
    }
}

} // namespace

int main() {
    std::vector<const pta::KernelTable*> all;
    for (const char* isa : {"portable", "avx2", "avx512"}) {
        try {
            all.push_back(&pta::kernels_for(isa));
        } catch (...) {
            std::printf("%s: not on this machine\n", isa);
        }
    }
    check_kernels(all);
    check_large(all);
    check_u16_saturation(all);
    check_tapes(all);
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
