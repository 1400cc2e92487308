// What every entry point of ptakernels.h shares: the guard that no exception passes, and the checks of its arguments. Each check that fails throws a
// sentence that begins with the argument's name as the header has it.
#pragma once
#include <cstddef>
#include <cstdint>

#include "host/error.h"
#include "ptakernels.h"

namespace pta {

// Runs a body and turns what it throws into a status and this thread's last error.
pta_status run_guarded(pta_status (*body)(void*), void* context) noexcept;

template <class Body> pta_status guarded(Body body) noexcept {
    return run_guarded([](void* context) -> pta_status { return (*static_cast<Body*>(context))(); }, &body);
}

// This thread's last error, cut to its buffer.
void set_last_error(const char* text) noexcept;

void require(bool holds, const char* sentence);
void require_not_null(const void* pointer, const char* name);
void require_size(uint32_t given, size_t expected, const char* name);
void require_range(int64_t value, int64_t low, int64_t high, const char* name);
void require_positive(double value, const char* name); // finite and over 0

// Elements of an array of the given sides; throws where their bytes do not fit the address space. Sides are not negative.
int64_t require_product(int64_t rows, int64_t columns, size_t element, const char* name);

// An array of count elements: may be null only if it is empty.
void require_array(const void* pointer, int64_t count, size_t element, size_t alignment, const char* name);
template <class T> void require_array(const T* pointer, int64_t count, const char* name) {
    require_array(pointer, count, sizeof(T), alignof(T), name);
}

// A result and an input, or two results, share no byte.
struct Extent {
    const void* memory;
    int64_t bytes;
    const char* name;
};
void require_apart(const Extent& written, const Extent& other);
template <class T> Extent extent_of(const T* memory, int64_t count, const char* name) { return {memory, count * static_cast<int64_t>(sizeof(T)), name}; }

// Every id lies in 0..limit-1.
void require_ids(const int32_t* ids, int64_t count, int64_t limit, const char* name, const char* of_what);

// Offsets [count + 1] that ascend from 0.
void require_offsets(const int32_t* offsets, int32_t count, const char* name);

// Room for n nearest tokens and their distances, apart from one another and from the tokens asked for.
void require_nearest(const int32_t* source_tokens, int64_t n, const int32_t* nearest, const int32_t* distance);

// A complete official map, or null: ids of the target, -1 (no entry) or -3 (an entry that the target lacks).
void check_official_map(const int32_t* map, int32_t source, int32_t target, const char* name);

// The first place whose id lies outside 0..limit-1, or -1. 64-bit sums of the comparison keep the common case free of branches.
int64_t first_outside(const int32_t* ids, int64_t count, int64_t limit);

} // namespace pta
