// find_nearest against a full scan with the textbook table, on random vocabularies, for every instruction set of this machine.
#include <cstdio>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "host/error.h"
#include "host/tokens/nearest.h"
#include "host/tokens/nearest_index.h"

namespace {

using Symbols = std::vector<int32_t>;

int passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    ok ? passed++ : failed++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s\n", what.c_str());
}

struct Vocabulary {
    std::vector<Symbols> tokens;
    std::vector<uint8_t> roles;

    int32_t add(Symbols symbols, int role = PTA_ROLE_NONE) {
        tokens.push_back(std::move(symbols));
        roles.push_back(static_cast<uint8_t>(role));
        return static_cast<int32_t>(tokens.size()) - 1;
    }
    int32_t count() const { return static_cast<int32_t>(tokens.size()); }
};

struct Packed {
    Symbols symbols, offsets{0};
    pta_tape_view view{};

    Packed(const Vocabulary& vocabulary, bool with_roles) {
        for (const Symbols& token : vocabulary.tokens) {
            symbols.insert(symbols.end(), token.begin(), token.end());
            offsets.push_back(static_cast<int32_t>(symbols.size()));
        }
        view = {sizeof(pta_tape_view), vocabulary.count(), symbols.data(), offsets.data(), with_roles ? vocabulary.roles.data() : nullptr};
    }
};

int32_t table_distance(const Symbols& x, const Symbols& y) {
    std::vector<Symbols> table(x.size() + 1, Symbols(y.size() + 1));
    for (size_t i = 0; i <= x.size(); i++)
        for (size_t j = 0; j <= y.size(); j++) {
            if (i == 0 || j == 0) {
                table[i][j] = static_cast<int32_t>(i + j);
                continue;
            }
            int32_t change = table[i - 1][j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1);
            int32_t edit = 1 + (table[i - 1][j] < table[i][j - 1] ? table[i - 1][j] : table[i][j - 1]);
            table[i][j] = change < edit ? change : edit;
        }
    return table[x.size()][y.size()];
}

struct Answer {
    int32_t token, distance;
    bool operator==(const Answer&) const = default;
};

Answer scan(const Vocabulary& source, int32_t query, const Vocabulary& target) {
    const uint8_t role = source.roles[static_cast<size_t>(query)];
    const Symbols& symbols = source.tokens[static_cast<size_t>(query)];
    Answer best{-1, 0};
    if (role & PTA_ROLE_HOLE)
        return best;
    for (int32_t t = 0; t < target.count(); t++) {
        const uint8_t other = target.roles[static_cast<size_t>(t)];
        const Symbols& candidate = target.tokens[static_cast<size_t>(t)];
        if ((other & PTA_ROLE_HOLE) || (role & PTA_ROLE_SPECIAL) != (other & PTA_ROLE_SPECIAL))
            continue;
        if (role & PTA_ROLE_SPECIAL) {
            if ((role & other & ~PTA_ROLE_SPECIAL) != 0 || symbols == candidate)
                return {t, 0};
            continue;
        }
        const int32_t apart = static_cast<int32_t>(symbols.size()) - static_cast<int32_t>(candidate.size());
        if (best.token >= 0 && (apart < 0 ? -apart : apart) >= best.distance)
            continue; // not nearer, and ids ascend
        int32_t distance = table_distance(symbols, candidate);
        if (best.token < 0 || distance < best.distance)
            best = {t, distance};
    }
    return best;
}

std::vector<const char*> instruction_sets() {
    std::vector<const char*> names;
    for (const char* name : {"portable", "avx2", "avx512"}) {
        try {
            pta::kernels_for(name);
            names.push_back(name);
        } catch (const pta::Error&) {
        }
    }
    return names;
}

std::vector<Answer> find(pta::Workspace& workspace, const pta::Tape& source, const std::vector<int32_t>& ids, const pta::Tape& target) {
    std::vector<int32_t> nearest(ids.size() + 1, -77), distance(ids.size() + 1, -77);
    pta::find_nearest(workspace, source, ids.data(), static_cast<int64_t>(ids.size()), target, nearest.data(), distance.data());
    check(nearest.back() == -77 && distance.back() == -77, "nothing is written past the results");
    std::vector<Answer> answers;
    for (size_t i = 0; i < ids.size(); i++)
        answers.push_back({nearest[i], distance[i]});
    return answers;
}

void compare(const std::string& name, const Vocabulary& source, const Vocabulary& target, bool with_roles = true) {
    Packed packed_source(source, with_roles), packed_target(target, with_roles);
    pta::Tape source_tape(packed_source.view);
    std::vector<int32_t> ids;
    std::vector<Answer> expected;
    for (int32_t q = 0; q < source.count(); q++) {
        ids.push_back((q * 7 + 3) % source.count()); // not in id order; some repeat where 7 divides the count
        expected.push_back(scan(source, ids.back(), target));
    }
    for (const char* isa : instruction_sets()) {
        pta::Tape target_tape(packed_target.view);
        pta::Workspace workspace(pta::kernels_for(isa));
        std::vector<Answer> answers = find(workspace, source_tape, ids, target_tape);
        for (size_t i = 0; i < ids.size(); i++)
            check(answers[i] == expected[i], name + ", " + isa + ", query " + std::to_string(ids[i]) + ": " + std::to_string(answers[i].token) + " at " +
                                                 std::to_string(answers[i].distance) + ", not " + std::to_string(expected[i].token) + " at " +
                                                 std::to_string(expected[i].distance));
        for (size_t begin = 0; begin < ids.size(); begin += 37) { // single queries and small batches
            size_t count = begin % 2 == 0 ? 1 : std::min<size_t>(5, ids.size() - begin);
            std::vector<int32_t> some(ids.begin() + static_cast<long>(begin), ids.begin() + static_cast<long>(begin + count));
            answers = find(workspace, source_tape, some, target_tape);
            for (size_t i = 0; i < count; i++)
                check(answers[i] == expected[begin + i], name + ", " + isa + ", batch of " + std::to_string(count));
        }
    }
}

struct Random {
    std::mt19937 engine;
    explicit Random(uint32_t seed) : engine(seed) {}
    int32_t below(int32_t end) { return static_cast<int32_t>(engine() % static_cast<uint32_t>(end)); }

    Symbols string(int32_t length, int32_t alphabet, int32_t first = 97) {
        Symbols symbols;
        for (int32_t i = 0; i < length; i++)
            symbols.push_back(first + below(alphabet));
        return symbols;
    }

    // A few edits away.
    Symbols near(Symbols symbols, int32_t edits, int32_t alphabet) {
        for (; edits > 0; edits--) {
            long at = below(static_cast<int32_t>(symbols.size()) + 1);
            int32_t symbol = 97 + below(alphabet), kind = below(3);
            if (kind == 0 || symbols.empty())
                symbols.insert(symbols.begin() + at, symbol);
            else if (at == static_cast<long>(symbols.size()))
                symbols.pop_back();
            else if (kind == 1)
                symbols.erase(symbols.begin() + at);
            else
                symbols[static_cast<size_t>(at)] = symbol;
        }
        return symbols;
    }
};

// Lengths 0..longest, neighbours planted, some strings twice, holes and specials between.
void random_vocabularies(uint32_t seed, int32_t longest, int32_t targets, int32_t queries, int32_t alphabet, bool roles) {
    Random random(seed);
    Vocabulary source, target;
    auto role = [&] {
        int32_t draw = roles ? random.below(20) : 19;
        return draw == 0 ? PTA_ROLE_HOLE : draw == 1 ? PTA_ROLE_SPECIAL : draw == 2 ? PTA_ROLE_SPECIAL | (PTA_ROLE_BOS << random.below(4)) : PTA_ROLE_NONE;
    };
    for (int32_t t = 0; t < targets; t++) {
        int32_t kind = random.below(8);
        if (t > 0 && kind == 0)
            target.add(target.tokens[static_cast<size_t>(random.below(t))], role());
        else if (t > 0 && kind < 3)
            target.add(random.near(target.tokens[static_cast<size_t>(random.below(t))], 1 + random.below(3), alphabet), role());
        else
            target.add(random.string(random.below(longest + 1), alphabet), role());
    }
    for (int32_t q = 0; q < queries; q++) {
        if (targets > 0 && random.below(3) > 0)
            source.add(random.near(target.tokens[static_cast<size_t>(random.below(targets))], random.below(6), alphabet + 1), role());
        else
            source.add(random.string(random.below(longest + 8), alphabet + 2), role());
    }
    compare("seed " + std::to_string(seed) + ", lengths to " + std::to_string(longest) + ", alphabet " + std::to_string(alphabet), source, target, roles);
}

void edges() {
    Random random(5);
    Vocabulary queries, empty, one, holes;
    for (int32_t length : {0, 1, 2, 7, 8, 9, 23, 24, 25, 63, 64, 65, 130, 400})
        queries.add(random.string(length, 3));
    queries.add({}, PTA_ROLE_SPECIAL | PTA_ROLE_EOS);
    queries.add({1, 2}, PTA_ROLE_HOLE);
    compare("empty tape", queries, empty);
    compare("empty tape without roles", queries, empty, false);
    for (int32_t length : {0, 1, 8, 9, 16, 17, 32, 33, 64, 65, 128, 129, 1000}) {
        one = {};
        one.add(random.string(length, 3));
        compare("one token of " + std::to_string(length), queries, one);
    }
    holes.add({97}, PTA_ROLE_HOLE);
    holes.add({97}, PTA_ROLE_SPECIAL);
    compare("no ordinary token", queries, holes);

    Vocabulary foreign, words;
    for (int32_t length = 0; length < 90; length++)
        foreign.add(random.string(length, 50, 900000)); // none of these on the target
    for (int32_t t = 0; t < 300; t++)
        words.add(random.string(1 + random.below(80), 20));
    compare("absent symbols", foreign, words);
    Vocabulary odd; // any value is a symbol
    for (int32_t t = 0; t < 200; t++)
        odd.add({INT32_MIN + random.below(3), -random.below(3), INT32_MAX - random.below(2)});
    compare("extreme symbols", odd, odd);

    Vocabulary huge_source, huge_target; // distances far beyond a byte
    for (int32_t length : {3000, 1200, 257, 66})
        huge_target.add(random.string(length, 4));
    for (int32_t length : {0, 5, 300, 2500, 4000})
        huge_source.add(random.string(length, 4));
    huge_source.add(random.near(huge_target.tokens[0], 40, 4));
    huge_source.add(random.string(700, 4, 5000));
    compare("thousands of symbols", huge_source, huge_target);
    Vocabulary short_target;
    short_target.add(random.string(3, 2));
    short_target.add(random.string(12, 2));
    compare("thousands of symbols against short tokens", huge_source, short_target);
}

// Every token of one length at the same distance: the smallest id wins across lanes, vectors, blocks and length classes.
void planted_ties() {
    Random random(6);
    for (int32_t length : {1, 3, 8, 9, 16, 17, 32, 40, 64, 65}) {
        Vocabulary source, target;
        for (int32_t t = 0; t < 700; t++) {
            Symbols symbols = random.string(length, 5);
            symbols[static_cast<size_t>(random.below(length))] = 5000 + t; // other scripts, so that lanes are not in id order
            target.add(std::move(symbols), t % 11 == 0 ? PTA_ROLE_HOLE : PTA_ROLE_NONE);
        }
        for (int32_t q = 0; q < 40; q++)
            source.add(random.string(length + random.below(3), 5));
        for (int32_t q = 0; q < 40; q++)
            source.add(random.near(target.tokens[static_cast<size_t>(random.below(700))], 2, 5));
        compare("ties at length " + std::to_string(length), source, target);
    }
}

void overflowing_alphabet() {
    Random random(7);
    Vocabulary source, target;
    for (int32_t t = 0; t < 400; t++) {
        Symbols symbols;
        for (int32_t p = 0; p < 170; p++)
            symbols.push_back(100000 + t * 170 + p);
        target.add(std::move(symbols));
    }
    for (int32_t t = 0; t < 300; t++)
        target.add(random.string(random.below(12), 4), t % 20 == 0 ? PTA_ROLE_HOLE : t % 33 == 0 ? PTA_ROLE_SPECIAL : PTA_ROLE_NONE);
    for (int32_t q = 0; q < 80; q++)
        source.add(q % 4 == 0 ? random.near(target.tokens[static_cast<size_t>(random.below(400))], 3, 4) : random.string(random.below(16), 5));
    Packed packed(target, true);
    check(pta::Tape(packed.view).alphabet.overflow(), "the alphabet overflows");
    compare("overflowing alphabet", source, target);
}

// First searches of one tape from several threads at once: one index, the same answers.
void shared_tape() {
    Random random(8);
    Vocabulary source, target;
    for (int32_t t = 0; t < 3000; t++)
        target.add(random.string(1 + random.below(9), 6));
    for (int32_t q = 0; q < 200; q++)
        source.add(random.string(1 + random.below(10), 7));
    Packed packed_source(source, false), packed_target(target, false);
    pta::Tape source_tape(packed_source.view), target_tape(packed_target.view);
    std::vector<int32_t> ids;
    for (int32_t q = 0; q < source.count(); q++)
        ids.push_back(q);
    std::vector<std::vector<Answer>> answers(4);
    std::vector<const void*> indexes(4);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < answers.size(); t++)
        threads.emplace_back([&, t] {
            pta::Workspace workspace(pta::kernels_for("portable"));
            std::vector<int32_t> nearest(ids.size()), distance(ids.size());
            pta::find_nearest(workspace, source_tape, ids.data(), static_cast<int64_t>(ids.size()), target_tape, nearest.data(), distance.data());
            indexes[t] = &target_tape.nearest_index();
            for (size_t i = 0; i < ids.size(); i++)
                answers[t].push_back({nearest[i], distance[i]});
        });
    for (std::thread& thread : threads)
        thread.join();
    for (size_t t = 1; t < answers.size(); t++)
        check(answers[t] == answers[0] && indexes[t] == indexes[0], "threads share one index and agree");
    check(answers[0][17] == scan(source, 17, target), "threads are right");
}

} // namespace

int main() {
    edges();
    planted_ties();
    overflowing_alphabet();
    shared_tape();
    uint32_t seed = 100;
    for (int32_t alphabet : {1, 2, 4, 26, 400, 20000})
        for (int32_t longest : {4, 9, 20, 40, 70, 130}) {
            seed++;
            random_vocabularies(seed, longest, longest > 20 ? 400 : 1500, 120, alphabet, seed % 2 == 0);
        }
    for (int32_t targets : {1, 2, 15, 16, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 513})
        random_vocabularies(seed++, 12, targets, 30, 8, false);
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
