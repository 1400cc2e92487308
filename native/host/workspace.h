// One thread's scratch and instruction set.
#pragma once
#include "host/arena.h"
#include "host/transport/stable_exp.h"
#include "kernels/kernel_table.h"

struct pta_workspace {
    explicit pta_workspace(const pta::KernelTable& kernels) : kernels(kernels) {}
    const pta::KernelTable& kernels;
    pta::Arena arena;
    pta::ExpTable exp_of_lambda;  // official transport
    pta::ExpTable exp_of_epsilon; // semi-relaxed transport
};

namespace pta {
using Workspace = ::pta_workspace;
} // namespace pta
