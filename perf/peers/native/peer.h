// What every compiled peer has: its work as raw arrays, a clock, and the two things it is asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

inline double processor_seconds() {
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
    // "ok UNITS SUM", or "wrong ..." where the peer itself knows the right answer.
    virtual std::string check() = 0;
    virtual Lap run(double seconds) = 0;
};

// Passes of one function for at least some seconds; each returns its units.
template <typename Pass>
Lap passes(double seconds, Pass pass) {
    double units = 0;
    auto start = Clock::now();
    const double processor = processor_seconds();
    do {
        units += pass();
    } while (seconds_since(start) < seconds);
    return {units, processor_seconds() - processor};
}

inline std::string ok(double units, uint64_t sum) {
    char text[64];
    std::snprintf(text, sizeof text, "ok %.0f %llu", units, static_cast<unsigned long long>(sum));
    return text;
}

// Cases by the folder of their work. edlib's are null where it is missing.
std::unique_ptr<Case> make_edit(const std::string& folder);
std::unique_ptr<Case> make_map(const std::string& folder);
std::unique_ptr<Case> make_edlib_edit(const std::string& folder);
std::unique_ptr<Case> make_edlib_map(const std::string& folder);
std::unique_ptr<Case> make_path(const std::string& folder);
std::unique_ptr<Case> make_transport(const std::string& folder);
