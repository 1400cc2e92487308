// The only CPUID. PTAKERNELS_ISA forces an instruction set; one that is missing is refused, never replaced.
#include <cstdlib>
#include <cstring>

#include "host/error.h"
#include "kernels/kernel_table.h"
#include "ptakernels.h"

namespace pta {

#if !defined(PTA_HAS_X86_TARGETS)
const KernelTable* avx2_kernels() { return nullptr; }
const KernelTable* avx512_kernels() { return nullptr; }
#endif

namespace {

bool cpu_has_avx2() {
#if defined(PTA_HAS_X86_TARGETS)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

bool cpu_has_avx512() {
#if defined(PTA_HAS_X86_TARGETS)
    return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("avx512vpopcntdq");
#else
    return false;
#endif
}

struct Target {
    const char* name;
    const KernelTable* (*kernels)();
    bool (*runs_here)();
};

// Best first.
constexpr Target kTargets[] = {
    {"avx512", avx512_kernels, cpu_has_avx512},
    {"avx2", avx2_kernels, cpu_has_avx2},
    {"portable", portable_kernels, [] { return true; }},
};

} // namespace

const KernelTable& kernels_for(const char* isa) {
    const char* asked = isa;
    const char* origin = "";
    if (asked == nullptr || *asked == 0) {
        asked = std::getenv("PTAKERNELS_ISA");
        origin = "PTAKERNELS_ISA: ";
    }
    bool any = asked == nullptr || *asked == 0;
    for (const Target& target : kTargets) {
        if (!any && std::strcmp(asked, target.name) != 0)
            continue;
        const KernelTable* kernels = target.kernels();
        if (kernels != nullptr && target.runs_here())
            return *kernels;
        if (!any)
            throw_error(PTA_ERROR_ISA, "%sthis machine cannot run the instruction set %s; use portable, or leave it unset for the best one.", origin, asked);
    }
    throw_error(PTA_ERROR_ISA, "%sthe instruction set '%s' is unknown; use portable, avx2 or avx512.", origin, any ? "" : asked);
}

} // namespace pta
