// One loaded libptakernels.so: several may live in one process, each behind its own table of functions.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>

#include "ptakernels.h"

// name, without its prefix
#define PTA_PERF_FUNCTIONS(X)                                                                                                                       \
    X(abi_version) X(last_error) X(workspace_create) X(workspace_destroy) X(workspace_isa) X(tape_create) X(tape_destroy) X(cost_matrix_u8)          \
    X(cost_matrices_u8) X(find_nearest_tokens) X(find_alignment_path_u8) X(solve_transport_u8) X(vocabulary_pair_create)                             \
    X(vocabulary_pair_set_encoder) X(vocabulary_pair_destroy) X(align_capacity) X(align_batch)

struct Library {
#define X(name) decltype(&pta_##name) name;
    PTA_PERF_FUNCTIONS(X)
#undef X
    pta_workspace* workspace = nullptr;

    explicit Library(const std::string& path) {
        // Local: the two libraries of a comparison have the same names in them.
        void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!handle) throw std::runtime_error(dlerror());
#define X(name)                                                                 \
    name = reinterpret_cast<decltype(&pta_##name)>(dlsym(handle, "pta_" #name)); \
    if (!name) throw std::runtime_error(path + " has no pta_" #name);
        PTA_PERF_FUNCTIONS(X)
#undef X
        if (abi_version() != PTA_ABI_VERSION) throw std::runtime_error(path + " has another ABI version");
        require(workspace_create(nullptr, &workspace));
    }

    void require(pta_status status) const {
        if (status < 0) throw std::runtime_error(last_error());
    }
};
