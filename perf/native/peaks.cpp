// What one thread of this machine can do at most: vector instructions a second by kind, and bytes a second by level of memory.
//   peaks avx512 | avx2        prints a line NAME RATE for each; status 1 where this processor lacks the instructions
// Every kind of instruction runs in twelve chains that do not wait for each other, written in assembly so that no compiler shortens them; rates are whole
// instructions of the set's width, by processor time, the best of several short windows that are spread over the run: neighbours only ever lower a rate.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

namespace {

#define PTA_TWELVE(line, v) line(v, "0") line(v, "1") line(v, "2") line(v, "3") line(v, "4") line(v, "5") line(v, "6") line(v, "7") line(v, "8") line(v, "9") line(v, "10") line(v, "11")
#define PTA_REGISTERS "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14"

#define PTA_LOADS "mov (%[from]), %%r8\n\tmov 8(%[from]), %%r9\n\tmov 16(%[from]), %%r10\n\tmov 24(%[from]), %%r11\n\t"

// Accumulators 0..11; operands 12 and 13 of the kind's own values, so that no number becomes denormal or infinite.
#define PTA_CHAINS(function, v, fill, line)                                                                                       \
    void function(int64_t rounds) {                                                                                               \
        const double start = 1.7, factor = 1.0000000001;                                                                          \
        const float start_single = 1.7F;                                                                                          \
        const void* wide = &start;                                                                                                \
        const void* narrow = &start_single;                                                                                       \
        asm volatile(PTA_TWELVE(fill, v) fill(v, "12") fill(v, "13") fill(v, "14")                                                \
                     "1:\n\t" PTA_TWELVE(line, v) PTA_TWELVE(line, v) "dec %[rounds]\n\tjnz 1b\n\tvzeroupper"                        \
                     : [rounds] "+r"(rounds)                                                                                      \
                     : [wide] "r"(wide), [narrow] "r"(narrow), [factor] "r"(&factor)                                              \
                     : "cc", "memory", PTA_REGISTERS);                                                                            \
    }

#define PTA_DOUBLES(v, r) "vbroadcastsd (%[wide]), %%" v r "\n\tvbroadcastsd (%[factor]), %%" v "13\n\t"
#define PTA_SINGLES(v, r) "vbroadcastss (%[narrow]), %%" v r "\n\t"

#define PTA_LOGIC3(v, r) "vpternlogq $0x96, %%" v "12, %%" v "13, %%" v r "\n\t"
#define PTA_LOGIC2(v, r) "vpxor %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_ADD8(v, r) "vpaddb %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_ADD16(v, r) "vpaddusw %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_MIN16(v, r) "vpminuw %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_MASK16(v, r) "vpcmpuw $2, %%" v "12, %%" v r ", %%k1\n\t"
#define PTA_EQUAL16(v, r) "vpcmpeqw %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_SHUFFLE(v, r) "vpunpcklbw %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_FMA64(v, r) "vfmadd231pd %%" v "12, %%" v "13, %%" v r "\n\t"
#define PTA_MUL64(v, r) "vmulpd %%" v "13, %%" v r ", %%" v r "\n\t"
#define PTA_PLUS64(v, r) "vaddpd %%" v "12, %%" v r ", %%" v r "\n\t"
#define PTA_DIV64(v, r) "vdivpd %%" v "13, %%" v r ", %%" v r "\n\t"
#define PTA_FMA32(v, r) "vfmadd231ps %%" v "12, %%" v "14, %%" v r "\n\t"

PTA_CHAINS(logic_512, "zmm", PTA_DOUBLES, PTA_LOGIC3)
PTA_CHAINS(add8_512, "zmm", PTA_DOUBLES, PTA_ADD8)
PTA_CHAINS(add16_512, "zmm", PTA_DOUBLES, PTA_ADD16)
PTA_CHAINS(min16_512, "zmm", PTA_DOUBLES, PTA_MIN16)
PTA_CHAINS(compare_512, "zmm", PTA_DOUBLES, PTA_MASK16)
PTA_CHAINS(shuffle_512, "zmm", PTA_DOUBLES, PTA_SHUFFLE)
PTA_CHAINS(fma64_512, "zmm", PTA_DOUBLES, PTA_FMA64)
PTA_CHAINS(mul64_512, "zmm", PTA_DOUBLES, PTA_MUL64)
PTA_CHAINS(plus64_512, "zmm", PTA_DOUBLES, PTA_PLUS64)
PTA_CHAINS(div64_512, "zmm", PTA_DOUBLES, PTA_DIV64)
PTA_CHAINS(fma32_512, "zmm", PTA_SINGLES, PTA_FMA32)
PTA_CHAINS(logic_256, "ymm", PTA_DOUBLES, PTA_LOGIC2)
PTA_CHAINS(add8_256, "ymm", PTA_DOUBLES, PTA_ADD8)
PTA_CHAINS(add16_256, "ymm", PTA_DOUBLES, PTA_ADD16)
PTA_CHAINS(min16_256, "ymm", PTA_DOUBLES, PTA_MIN16)
PTA_CHAINS(compare_256, "ymm", PTA_DOUBLES, PTA_EQUAL16)
PTA_CHAINS(shuffle_256, "ymm", PTA_DOUBLES, PTA_SHUFFLE)
PTA_CHAINS(fma64_256, "ymm", PTA_DOUBLES, PTA_FMA64)
PTA_CHAINS(mul64_256, "ymm", PTA_DOUBLES, PTA_MUL64)
PTA_CHAINS(plus64_256, "ymm", PTA_DOUBLES, PTA_PLUS64)
PTA_CHAINS(div64_256, "ymm", PTA_DOUBLES, PTA_DIV64)
PTA_CHAINS(fma32_256, "ymm", PTA_SINGLES, PTA_FMA32)

// Loads of eight bytes, each into a register of its own.
void scalar_loads(int64_t rounds) {
    const int64_t value[4] = {};
    asm volatile("1:\n\t"
                 PTA_LOADS PTA_LOADS PTA_LOADS PTA_LOADS PTA_LOADS PTA_LOADS "dec %[rounds]\n\tjnz 1b"
                 : [rounds] "+r"(rounds)
                 : [from] "r"(value)
                 : "cc", "memory", "r8", "r9", "r10", "r11");
}

struct Kind {
    const char* name;
    void (*run)(int64_t rounds);
};

constexpr int64_t kInstructionsPerRound = 24;

constexpr Kind kAvx512[] = {
    {"vector.logic", logic_512}, {"vector.add8", add8_512},       {"vector.add16", add16_512}, {"vector.min16", min16_512},
    {"vector.compare16", compare_512}, {"vector.shuffle", shuffle_512}, {"f64.fma", fma64_512},      {"f64.multiply", mul64_512},
    {"f64.add", plus64_512},     {"f64.divide", div64_512},       {"f32.fma", fma32_512}, {"scalar.load", scalar_loads},
};
constexpr Kind kAvx2[] = {
    {"vector.logic", logic_256}, {"vector.add8", add8_256},       {"vector.add16", add16_256}, {"vector.min16", min16_256},
    {"vector.compare16", compare_256}, {"vector.shuffle", shuffle_256}, {"f64.fma", fma64_256},      {"f64.multiply", mul64_256},
    {"f64.add", plus64_256},     {"f64.divide", div64_256},       {"f32.fma", fma32_256}, {"scalar.load", scalar_loads},
};

// Sweeps over memory, a whole number of rounds of 512 or 256 bytes: reads, and writes past the caches.
void read_512(uint8_t* from, int64_t bytes) {
    const uint8_t* end = from + bytes;
    asm volatile("1:\n\t"
                 "vmovdqu64 0(%[from]), %%zmm0\n\tvmovdqu64 64(%[from]), %%zmm1\n\tvmovdqu64 128(%[from]), %%zmm2\n\tvmovdqu64 192(%[from]), %%zmm3\n\t"
                 "vmovdqu64 256(%[from]), %%zmm4\n\tvmovdqu64 320(%[from]), %%zmm5\n\tvmovdqu64 384(%[from]), %%zmm6\n\tvmovdqu64 448(%[from]), %%zmm7\n\t"
                 "add $512, %[from]\n\tcmp %[end], %[from]\n\tjb 1b\n\tvzeroupper"
                 : [from] "+r"(from)
                 : [end] "r"(end)
                 : "cc", "memory", PTA_REGISTERS);
}

void write_512(uint8_t* from, int64_t bytes) {
    const uint8_t* end = from + bytes;
    asm volatile("vpxor %%xmm0, %%xmm0, %%xmm0\n1:\n\t"
                 "vmovntdq %%zmm0, 0(%[from])\n\tvmovntdq %%zmm0, 64(%[from])\n\tvmovntdq %%zmm0, 128(%[from])\n\tvmovntdq %%zmm0, 192(%[from])\n\t"
                 "vmovntdq %%zmm0, 256(%[from])\n\tvmovntdq %%zmm0, 320(%[from])\n\tvmovntdq %%zmm0, 384(%[from])\n\tvmovntdq %%zmm0, 448(%[from])\n\t"
                 "add $512, %[from]\n\tcmp %[end], %[from]\n\tjb 1b\n\tsfence\n\tvzeroupper"
                 : [from] "+r"(from)
                 : [end] "r"(end)
                 : "cc", "memory", PTA_REGISTERS);
}

void read_256(uint8_t* from, int64_t bytes) {
    const uint8_t* end = from + bytes;
    asm volatile("1:\n\t"
                 "vmovdqu 0(%[from]), %%ymm0\n\tvmovdqu 32(%[from]), %%ymm1\n\tvmovdqu 64(%[from]), %%ymm2\n\tvmovdqu 96(%[from]), %%ymm3\n\t"
                 "vmovdqu 128(%[from]), %%ymm4\n\tvmovdqu 160(%[from]), %%ymm5\n\tvmovdqu 192(%[from]), %%ymm6\n\tvmovdqu 224(%[from]), %%ymm7\n\t"
                 "add $256, %[from]\n\tcmp %[end], %[from]\n\tjb 1b\n\tvzeroupper"
                 : [from] "+r"(from)
                 : [end] "r"(end)
                 : "cc", "memory", PTA_REGISTERS);
}

void write_256(uint8_t* from, int64_t bytes) {
    const uint8_t* end = from + bytes;
    asm volatile("vpxor %%xmm0, %%xmm0, %%xmm0\n1:\n\t"
                 "vmovntdq %%ymm0, 0(%[from])\n\tvmovntdq %%ymm0, 32(%[from])\n\tvmovntdq %%ymm0, 64(%[from])\n\tvmovntdq %%ymm0, 96(%[from])\n\t"
                 "vmovntdq %%ymm0, 128(%[from])\n\tvmovntdq %%ymm0, 160(%[from])\n\tvmovntdq %%ymm0, 192(%[from])\n\tvmovntdq %%ymm0, 224(%[from])\n\t"
                 "add $256, %[from]\n\tcmp %[end], %[from]\n\tjb 1b\n\tsfence\n\tvzeroupper"
                 : [from] "+r"(from)
                 : [end] "r"(end)
                 : "cc", "memory", PTA_REGISTERS);
}

double processor_seconds() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Level {
    const char* name;
    int64_t bytes;
    void (*sweep)(uint8_t*, int64_t);
};

constexpr int kWindows = 12;
constexpr double kWindowSeconds = 0.008;

// Doubles the rounds until they fill a window, then returns the rate of that window.
template <class Run> double rate_of(Run run, double units_per_round, int64_t& rounds) {
    for (;;) {
        const double begin = processor_seconds();
        run(rounds);
        const double seconds = processor_seconds() - begin;
        if (seconds >= kWindowSeconds / 2) return units_per_round * static_cast<double>(rounds) / seconds;
        rounds *= 2;
    }
}

} // namespace

int main(int argc, char** argv) {
    const bool is_512 = argc == 2 && std::strcmp(argv[1], "avx512") == 0;
    if (!is_512 && !(argc == 2 && std::strcmp(argv[1], "avx2") == 0)) {
        std::fputs("peaks: expected avx512 or avx2.\n", stderr);
        return 2;
    }
    __builtin_cpu_init();
    if (is_512 ? !(__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma")) : !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) {
        std::fprintf(stderr, "peaks: this processor does not have %s.\n", argv[1]);
        return 1;
    }

    constexpr int kinds = static_cast<int>(std::size(kAvx512));
    static_assert(kinds == static_cast<int>(std::size(kAvx2)));
    const Kind* kind = is_512 ? kAvx512 : kAvx2;
    const auto read = is_512 ? read_512 : read_256;
    constexpr int64_t memory = 192 << 20; // over any cache
    const Level levels[] = {
        {"level1.read", 16 << 10, read}, {"level2.read", 256 << 10, read}, {"memory.read", memory, read}, {"memory.write", memory, is_512 ? write_512 : write_256},
    };
    auto* buffer = static_cast<uint8_t*>(std::aligned_alloc(4096, memory));
    if (buffer == nullptr) {
        std::fputs("peaks: there is no room for 192 MB.\n", stderr);
        return 1;
    }
    std::memset(buffer, 1, memory);

    double best[kinds] = {}, best_level[std::size(levels)] = {};
    std::vector<int64_t> rounds(kinds, 1 << 12), sweeps(std::size(levels), 1);
    for (int window = 0; window < kWindows; window++) {
        for (int k = 0; k < kinds; k++)
            best[k] = std::max(best[k], rate_of(kind[k].run, kInstructionsPerRound, rounds[static_cast<size_t>(k)]));
        for (size_t l = 0; l < std::size(levels); l++) {
            const auto sweep = [&](int64_t times) {
                for (int64_t t = 0; t < times; t++) levels[l].sweep(buffer, levels[l].bytes);
            };
            best_level[l] = std::max(best_level[l], rate_of(sweep, static_cast<double>(levels[l].bytes), sweeps[l]));
        }
    }
    for (int k = 0; k < kinds; k++) std::printf("%s %.6g\n", kind[k].name, best[k]);
    for (size_t l = 0; l < std::size(levels); l++) std::printf("%s %.6g\n", levels[l].name, best_level[l]);
    std::free(buffer);
    return 0;
}
