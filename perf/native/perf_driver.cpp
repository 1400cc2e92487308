// Fixed work per kernel through the C ABI of one or two libraries that are given by path.
//
//     perf_driver list                                           the kernels' names
//     perf_driver once LIBRARY KERNEL                            one pass after a first one; callgrind collects inside measured_pass only
//     perf_driver pairs BASE NEW KERNEL ROUNDS SECONDS SEED      passes of both in turn; a line for each round with BASE's and NEW's seconds
//
// Seconds are processor time. A round is BASE, NEW, NEW, BASE or the reverse, as the seed has it, so that a drift meets both alike; an odd seed loads NEW
// first, since what is loaded first lies elsewhere in memory.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "workloads.h"

extern "C" __attribute__((noinline)) void measured_pass(const perf::Pass* pass) {
    (*pass)();
    asm volatile("" ::: "memory");
}

namespace {

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

int pairs(const char* base_path, const char* new_path, const char* kernel, int rounds, double seconds, uint64_t seed) {
    const bool new_first = seed & 1;
    const Library first(new_first ? new_path : base_path), second(new_first ? base_path : new_path);
    for (const auto& [name, make] : perf::kernels()) {
        if (name != kernel) continue;
        const perf::Pass before = make(new_first ? second : first), after = make(new_first ? first : second);
        timed(before, 1);
        timed(after, 1);
        const double one = std::min(timed(before, 2), timed(after, 2)) / 2;
        const int passes = std::max(1, static_cast<int>(seconds / (4 * rounds) / std::max(one, 1e-6)));
        perf::Random random(seed);
        for (int round = 0; round < rounds; round++) {
            double old_time = 0, new_time = 0;
            const bool swapped = random.below(2);
            for (int turn = 0; turn < 4; turn++) {
                const bool is_new = (turn == 1 || turn == 2) != swapped;
                (is_new ? new_time : old_time) += timed(is_new ? after : before, passes);
            }
            std::printf("%.9f %.9f\n", old_time, new_time);
        }
        return 0;
    }
    std::fprintf(stderr, "kernel %s is unknown\n", kernel);
    return 2;
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
        if (argc == 8 && !std::strcmp(argv[1], "pairs"))
            return pairs(argv[2], argv[3], argv[4], std::max(1, std::atoi(argv[5])), std::strtod(argv[6], nullptr), std::strtoull(argv[7], nullptr, 10));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "perf_driver: %s\n", error.what());
        return 2;
    }
    std::fprintf(stderr, "usage: perf_driver list | once LIBRARY KERNEL | pairs BASE NEW KERNEL ROUNDS SECONDS SEED\n");
    return 2;
}
