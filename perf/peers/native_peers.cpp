// The compiled peers that `pta bench` is measured against: good plain C++ without intrinsics, and rapidfuzz-cpp where its headers can be had.
//
//     native_peers FOLDER
//
// FOLDER holds the work, one file of raw little-endian numbers per array. Lines on standard input are answered on standard output:
//
//     check CASE          "ok UNITS SUM", SUM a checksum of the answers that the caller knows too; or "wrong ..."
//     time CASE SECONDS   "UNITS SECONDS": passes over CASE for at least SECONDS, and the processor seconds they took
//
// CASE is edit (token pairs), map (queries), path (table cells) or transport (problems), whose arrays may lie in a folder within FOLDER: path.512/path.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#ifdef PTA_RAPIDFUZZ
#include <rapidfuzz/distance/Levenshtein.hpp>
#ifndef RAPIDFUZZ_AVX2
#error "rapidfuzz-cpp without its AVX2 path would be no fair peer; compile with -march=native on a machine that has AVX2"
#endif
#endif

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <typename T>
std::vector<T> read_array(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error(path + ": cannot be read");
    std::vector<T> values(static_cast<size_t>(file.tellg()) / sizeof(T));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
    return values;
}

struct Lap {
    double units, seconds;
};

class Case {
public:
    virtual ~Case() = default;
    virtual std::string check() = 0;
    virtual Lap run(double seconds) = 0;
};

// Whole passes of one function.
template <typename Pass>
Lap passes(double units, double seconds, Pass pass) {
    int count = 0;
    auto start = Clock::now();
    const double processor = processor_seconds();
    do {
        pass();
        count++;
    } while (seconds_since(start) < seconds);
    return {count * units, processor_seconds() - processor};
}

std::string ok(double units, uint64_t sum) {
    char text[64];
    std::snprintf(text, sizeof text, "ok %.0f %llu", units, static_cast<unsigned long long>(sum));
    return text;
}

// ---- Tokens as strings of code points.

using Text = std::u32string_view;

struct Tokens {
    std::vector<int32_t> symbols, offsets;

    explicit Tokens(const std::string& stem) : symbols(read_array<int32_t>(stem + ".symbols")), offsets(read_array<int32_t>(stem + ".offsets")) {}

    size_t size() const { return offsets.size() - 1; }

    Text operator[](size_t t) const {
        return {reinterpret_cast<const char32_t*>(symbols.data()) + offsets[t], static_cast<size_t>(offsets[t + 1] - offsets[t])};
    }
};

#ifdef PTA_RAPIDFUZZ
// The targets of at most MaxLen symbols and more than the next smaller class, one per lane.
template <int MaxLen>
struct LengthClass {
    std::vector<uint32_t> ids;
    std::unique_ptr<rapidfuzz::experimental::MultiLevenshtein<MaxLen>> scorer;
    std::vector<size_t> scores;

    void build(const Tokens& targets) {
        ids.clear();
        for (size_t t = 0; t < targets.size(); t++)
            if (size_t length = targets[t].size(); length <= MaxLen && (MaxLen == 8 || length > MaxLen / 2)) ids.push_back(static_cast<uint32_t>(t));
        scorer = std::make_unique<rapidfuzz::experimental::MultiLevenshtein<MaxLen>>(ids.size());
        for (uint32_t t : ids) scorer->insert(targets[t]);
        scores.resize(scorer->result_count());
    }

    template <typename Take>
    void distances(Text query, Take take) {
        if (ids.empty()) return;
        scorer->distance(scores.data(), scores.size(), query);
        take(ids, scores);
    }
};
#else
size_t plain_distance(Text a, Text b, std::vector<size_t>& row) {
    row.resize(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) row[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            size_t up = row[j];
            row[j] = std::min({diagonal + (a[i - 1] != b[j - 1]), up + 1, row[j - 1] + 1});
            diagonal = up;
        }
    }
    return row[b.size()];
}
#endif

// All distances of every source to every target; each row of scores is the library's own size_t and is thrown away.
class EditCase final : public Case {
public:
    explicit EditCase(const std::string& folder) : sources_(folder + "/edit.source"), targets_(folder + "/edit.target") {}

    std::string check() override {
        uint64_t sum = 0;
        pass([&](size_t i, size_t j, size_t distance) { sum += distance * (1 + (i * 1000003 + j) % 65521); });
        return ok(units(), sum);
    }

    Lap run(double seconds) override {
        return passes(units(), seconds, [&] { pass(nullptr); });
    }

private:
    double units() const { return static_cast<double>(sources_.size()) * static_cast<double>(targets_.size()); }

    // take(i, j, distance) sees every distance; nullptr sees none.
    template <typename Take>
    void pass(Take take) {
#ifdef PTA_RAPIDFUZZ
        upto8_.build(targets_);
        upto16_.build(targets_);
        upto32_.build(targets_);
        upto64_.build(targets_);
        for (size_t i = 0; i < sources_.size(); i++) {
            auto each = [&]([[maybe_unused]] const std::vector<uint32_t>& ids, [[maybe_unused]] const std::vector<size_t>& scores) {
                if constexpr (!std::is_same_v<Take, std::nullptr_t>)
                    for (size_t s = 0; s < ids.size(); s++) take(i, ids[s], scores[s]);
            };
            upto8_.distances(sources_[i], each);
            upto16_.distances(sources_[i], each);
            upto32_.distances(sources_[i], each);
            upto64_.distances(sources_[i], each);
        }
#else
        for (size_t i = 0; i < sources_.size(); i++)
            for (size_t j = 0; j < targets_.size(); j++) {
                size_t distance = plain_distance(sources_[i], targets_[j], row_);
                if constexpr (std::is_same_v<Take, std::nullptr_t>) kept_ = distance;
                else take(i, j, distance);
            }
#endif
    }

    Tokens sources_, targets_;
#ifdef PTA_RAPIDFUZZ
    LengthClass<8> upto8_;
    LengthClass<16> upto16_;
    LengthClass<32> upto32_;
    LengthClass<64> upto64_;
#else
    std::vector<size_t> row_;
    volatile size_t kept_ = 0;
#endif
};

// Nearest target of each source: exact hits by hash, then every target in order with the best distance so far as cutoff; the first minimum wins.
class MapCase final : public Case {
public:
    explicit MapCase(const std::string& folder) : sources_(folder + "/map.source"), targets_(folder + "/map.target") {}

    std::string check() override {
        build();
        uint64_t sum = 0, queries = 0;
        for (size_t slice = 0; slice < CheckedSlices; slice++)
            for (size_t q = slice; q < sources_.size(); q += Slices, queries++) {
                auto [nearest, distance] = find(sources_[q]);
                sum += (nearest + 1) * (1 + q % 65521) + distance * (1 + q % 257);
            }
        return ok(static_cast<double>(queries), sum);
    }

    // Slices of evenly spaced queries, since a whole pass takes long; each pays its share of the building.
    Lap run(double seconds) override {
        double queries = 0, unpaid = 0;
        auto start = Clock::now();
        const double processor = processor_seconds();
        do {
            const double before = processor_seconds();
            build();
            unpaid += (processor_seconds() - before) * (1 - 1.0 / Slices);
            for (size_t q = slice_; q < sources_.size(); q += Slices, queries++) kept_ = find(sources_[q]).second;
            slice_ = (slice_ + 1) % Slices;
        } while (seconds_since(start) < seconds);
        return {queries, processor_seconds() - processor - unpaid};
    }

private:
    static constexpr size_t Slices = 64, CheckedSlices = 8;

    void build() {
        exact_.clear();
        exact_.reserve(targets_.size());
        for (size_t t = 0; t < targets_.size(); t++) exact_.try_emplace(targets_[t], t);
    }

    std::pair<size_t, size_t> find(Text query) {
        if (auto hit = exact_.find(query); hit != exact_.end()) return {hit->second, 0};
        size_t nearest = 0, best = SIZE_MAX;
#ifdef PTA_RAPIDFUZZ
        rapidfuzz::CachedLevenshtein<char32_t> scorer(query);
        for (size_t t = 0; t < targets_.size() && best > 0; t++) {
            size_t distance = scorer.distance(targets_[t], best == SIZE_MAX ? SIZE_MAX : best - 1);
            if (distance < best) nearest = t, best = distance;
        }
#else
        for (size_t t = 0; t < targets_.size() && best > 0; t++) {
            size_t longer = std::max(query.size(), targets_[t].size()), shorter = std::min(query.size(), targets_[t].size());
            if (longer - shorter >= best) continue;
            size_t distance = plain_distance(query, targets_[t], row_);
            if (distance < best) nearest = t, best = distance;
        }
#endif
        return {nearest, best};
    }

    Tokens sources_, targets_;
    std::unordered_map<Text, size_t> exact_;
    size_t slice_ = 0;
    volatile size_t kept_ = 0;
#ifndef PTA_RAPIDFUZZ
    std::vector<size_t> row_;
#endif
};

// ---- Alignment paths: the full table over a ready matrix of byte costs, directions kept, then traced from the end.

class PathCase final : public Case {
public:
    explicit PathCase(const std::string& folder) {
        auto shapes = read_array<int64_t>(folder + "/path.shapes");
        auto rows = read_array<int32_t>(folder + "/path.rows"), columns = read_array<int32_t>(folder + "/path.columns");
        auto costs = read_array<uint8_t>(folder + "/path.costs");
        size_t row = 0, column = 0, cost = 0;
        for (size_t d = 0; d < shapes.size(); d += 4) {
            size_t n = shapes[d], m = shapes[d + 1], width = shapes[d + 3];
            Table table{n, m, std::vector<uint8_t>(n * m)};
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < m; j++) table.cost[i * m + j] = costs[cost + rows[row + i] * width + columns[column + j]];
            tables_.push_back(std::move(table));
            row += n, column += m, cost += shapes[d + 2] * width;
            units_ += static_cast<double>(n) * static_cast<double>(m);
        }
    }

    std::string check() override {
        uint64_t sum = 0;
        for (const Table& table : tables_) {
            sum = sum * 31 + find(table);
            for (auto [i, j] : steps_) sum = sum * 31 + i * 65536 + j;
        }
        return ok(units_, sum);
    }

    Lap run(double seconds) override {
        return passes(units_, seconds, [&] {
            for (const Table& table : tables_) kept_ = find(table);
        });
    }

private:
    struct Table {
        size_t n, m;
        std::vector<uint8_t> cost;
    };

    enum : uint8_t { Diagonal, Up, Left };

    // One row of sums and a byte of direction per cell; ties prefer diagonal, then up, then left. Steps are left in order from the end.
    uint32_t find(const Table& table) {
        const size_t n = table.n, m = table.m;
        directions_.resize(n * m);
        sums_.resize(m);
        const uint8_t* cost = table.cost.data();
        uint32_t* sums = sums_.data();
        sums[0] = cost[0];
        for (size_t j = 1; j < m; j++) sums[j] = sums[j - 1] + cost[j], directions_[j] = Left;
        for (size_t i = 1; i < n; i++) {
            const uint8_t* c = cost + i * m;
            uint8_t* direction = directions_.data() + i * m;
            uint32_t diagonal = sums[0], left = sums[0] + c[0];
            direction[0] = Up;
            sums[0] = left;
            for (size_t j = 1; j < m; j++) {
                const uint32_t up = sums[j];
                uint32_t best = diagonal;
                uint8_t from = Diagonal;
                if (up < best) best = up, from = Up;
                if (left < best) best = left, from = Left;
                left = best + c[j];
                sums[j] = left;
                direction[j] = from;
                diagonal = up;
            }
        }
        steps_.clear();
        size_t i = n - 1, j = m - 1;
        steps_.emplace_back(i, j);
        while (i > 0 || j > 0) {
            uint8_t from = directions_[i * m + j];
            i -= from != Left, j -= from != Up;
            steps_.emplace_back(i, j);
        }
        return sums[m - 1];
    }

    std::vector<Table> tables_;
    std::vector<uint8_t> directions_;
    std::vector<uint32_t> sums_;
    std::vector<std::pair<uint64_t, uint64_t>> steps_;
    double units_ = 0;
    volatile uint32_t kept_ = 0;
};

// ---- Transports: the published loop on one 10 x 10 plan, in NumPy's order of summation.

class TransportCase final : public Case {
public:
    explicit TransportCase(const std::string& folder)
        : cost_(read_array<uint8_t>(folder + "/transport.cost")), r_(read_array<double>(folder + "/transport.r")), c_(read_array<double>(folder + "/transport.c")),
          lambda_(read_array<double>(folder + "/transport.lambda")), tolerance_(read_array<double>(folder + "/transport.tolerance")),
          expected_(read_array<double>(folder + "/transport.plan")), iterations_(read_array<int32_t>(folder + "/transport.iterations")),
          plan_(cost_.size()), exp_(256 * lambda_.size()) {
        for (size_t p = 0; p < lambda_.size(); p++)
            for (size_t v = 0; v < 256; v++) exp_[p * 256 + v] = std::exp(-lambda_[p] * static_cast<double>(v));
    }

    std::string check() override {
        uint64_t sum = 0;
        for (size_t p = 0; p < lambda_.size(); p++) {
            int iterations = solve(p);
            if (iterations != iterations_[p]) return "wrong problem " + std::to_string(p) + " took " + std::to_string(iterations) + " iterations";
            for (size_t e = 0; e < Entries; e++)
                if (!(std::fabs(plan_[p * Entries + e] - expected_[p * Entries + e]) <= 1e-12)) return "wrong plan of problem " + std::to_string(p);
            sum += static_cast<uint64_t>(iterations);
        }
        return ok(static_cast<double>(lambda_.size()), sum);
    }

    Lap run(double seconds) override {
        return passes(static_cast<double>(lambda_.size()), seconds, [&] {
            for (size_t p = 0; p < lambda_.size(); p++) solve(p);
        });
    }

private:
    static constexpr size_t N = 10, Entries = N * N;

    static double sum_of_row(const double* x) { return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7])) + x[8] + x[9]; }

    int solve(size_t p) {
        const uint8_t* cost = cost_.data() + p * Entries;
        const double *r = r_.data() + p * N, *c = c_.data() + p * N, *table = exp_.data() + p * 256;
        double plan[Entries], sums[8] = {}, row[N], previous[N] = {};
        for (size_t e = 0; e < Entries; e++) plan[e] = table[cost[e]];
        for (size_t e = 0; e < 96; e++) sums[e % 8] += plan[e];
        double total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
        for (size_t e = 96; e < Entries; e++) total += plan[e];
        for (double& v : plan) v /= total;
        for (size_t i = 0; i < N; i++) row[i] = sum_of_row(plan + i * N);
        int iterations = 0;
        while (true) {
            double change = 0;
            for (size_t i = 0; i < N; i++) change = std::max(change, std::fabs(previous[i] - row[i]));
            if (!(change > tolerance_[p])) break;
            double column[N] = {};
            for (size_t i = 0; i < N; i++) {
                previous[i] = std::max(row[i], 1e-10);
                const double scale = r[i] / previous[i];
                for (size_t j = 0; j < N; j++) column[j] += plan[i * N + j] *= scale;
            }
            for (size_t j = 0; j < N; j++) column[j] = c[j] / std::max(column[j], 1e-10);
            for (size_t i = 0; i < N; i++) {
                for (size_t j = 0; j < N; j++) plan[i * N + j] *= column[j];
                row[i] = sum_of_row(plan + i * N);
            }
            iterations++;
        }
        std::copy(plan, plan + Entries, plan_.data() + p * Entries);
        return iterations;
    }

    std::vector<uint8_t> cost_;
    std::vector<double> r_, c_, lambda_, tolerance_, expected_;
    std::vector<int32_t> iterations_;
    std::vector<double> plan_, exp_;
};

std::unique_ptr<Case> make(const std::string& name, const std::string& folder) {
    if (const size_t slash = name.rfind('/'); slash != std::string::npos) return make(name.substr(slash + 1), folder + '/' + name.substr(0, slash));
    if (name == "edit") return std::make_unique<EditCase>(folder);
    if (name == "map") return std::make_unique<MapCase>(folder);
    if (name == "path") return std::make_unique<PathCase>(folder);
    if (name == "transport") return std::make_unique<TransportCase>(folder);
    throw std::runtime_error("case " + name + " is unknown");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: native_peers FOLDER\n");
        return 2;
    }
#ifdef PTA_RAPIDFUZZ
    const char* rapidfuzz = PTA_RAPIDFUZZ;
#else
    const char* rapidfuzz = "-";
#endif
    std::cout << "ready " << __VERSION__ << ' ' << rapidfuzz << std::endl;
    std::unordered_map<std::string, std::unique_ptr<Case>> cases;
    std::string verb, name;
    try {
        while (std::cin >> verb >> name) {
            std::unique_ptr<Case>& one = cases[name];
            if (!one) one = make(name, argv[1]);
            if (verb == "check") {
                std::cout << one->check() << std::endl;
                continue;
            }
            double seconds = 0;
            std::cin >> seconds;
            Lap lap = one->run(seconds);
            std::printf("%.0f %.9f\n", lap.units, lap.seconds);
            std::fflush(stdout);
        }
    } catch (const std::exception& error) {
        std::cout << "wrong " << error.what() << std::endl;
        return 1;
    }
    return 0;
}
