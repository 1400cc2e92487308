// Fixed work per kernel through the C ABI of one or two libraries that are given by path.
//
//     perf_driver list                        the kernels' names
//     perf_driver once LIBRARY KERNEL         one pass after a first one; callgrind collects inside measured_pass only
//     perf_driver compare BASE NEW SECONDS    passes of both in turn; per kernel "NAME ratio low high", NEW's time over BASE's
//
// Exit status of compare: 1 when the lower bound of a ratio is above 1.10, so that noise alone does not fail it.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "workloads.h"

extern "C" __attribute__((noinline)) void measured_pass(const perf::Pass* pass) {
    (*pass)();
    asm volatile("" ::: "memory");
}

namespace {

constexpr double Allowed = 1.10;

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double timed(const perf::Pass& pass, int passes) {
    const double start = processor_seconds();
    for (int p = 0; p < passes; p++) measured_pass(&pass);
    return processor_seconds() - start;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

struct Interval {
    double middle, low, high;
};

// The median of the rounds' ratios with its 98 % bootstrap interval.
Interval bootstrap(const std::vector<double>& ratios) {
    constexpr int Samples = 2000;
    perf::Random random(1);
    std::vector<double> medians, sample(ratios.size());
    for (int s = 0; s < Samples; s++) {
        for (double& value : sample) value = ratios[random.below(static_cast<int>(ratios.size()))];
        medians.push_back(median(sample));
    }
    std::sort(medians.begin(), medians.end());
    return {median(ratios), medians[Samples / 100], medians[Samples - 1 - Samples / 100]};
}

int compare(const char* base_path, const char* new_path, double seconds) {
    constexpr int Rounds = 31;
    const Library base(base_path), current(new_path);
    bool slower = false;
    std::printf("%-22s %7s  %s\n", "kernel", "ratio", "98 % interval");
    for (const auto& [name, make] : perf::kernels()) {
        const perf::Pass before = make(base), after = make(current);
        timed(before, 1);
        timed(after, 1);
        const double one = std::min(timed(before, 2), timed(after, 2)) / 2;
        const int passes = std::max(1, static_cast<int>(seconds / (2 * Rounds) / std::max(one, 1e-6)));
        std::vector<double> ratios;
        for (int round = 0; round < Rounds; round++) {
            double old_time = 0, new_time = 0;
            if (round % 2) old_time = timed(before, passes);
            new_time = timed(after, passes);
            if (round % 2 == 0) old_time = timed(before, passes);
            ratios.push_back(new_time / old_time);
        }
        const Interval interval = bootstrap(ratios);
        const bool fails = interval.low > Allowed;
        slower |= fails;
        std::printf("%-22s %7.3f  %.3f..%.3f%s\n", name.c_str(), interval.middle, interval.low, interval.high, fails ? "  SLOWER" : "");
        std::fflush(stdout);
    }
    return slower;
}

int once(const char* path, const char* kernel) {
    const Library library(path);
    for (const auto& [name, make] : perf::kernels()) {
        if (name != kernel) continue;
        const perf::Pass pass = make(library);
        pass();
        measured_pass(&pass);
        std::printf("%s\n", library.workspace_isa(library.workspace));
        return 0;
    }
    std::fprintf(stderr, "kernel %s is unknown\n", kernel);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 2 && !std::strcmp(argv[1], "list")) {
            for (const auto& kernel : perf::kernels()) std::printf("%s\n", kernel.first.c_str());
            return 0;
        }
        if (argc == 4 && !std::strcmp(argv[1], "once")) return once(argv[2], argv[3]);
        if (argc == 5 && !std::strcmp(argv[1], "compare")) return compare(argv[2], argv[3], std::strtod(argv[4], nullptr));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "perf_driver: %s\n", error.what());
        return 2;
    }
    std::fprintf(stderr, "usage: perf_driver list | once LIBRARY KERNEL | compare BASE NEW SECONDS\n");
    return 2;
}
