// The boundary: the only catch, the last error, versions, instruction sets, workspaces and tapes. Kernels have their entry points in c_api_*.cpp.
#include "c_api.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <new>

#include "host/tokens/tape.h"
#include "host/workspace.h"
#include "kernels/kernel_table.h"

namespace pta {

namespace {
// Plain memory: nothing is destroyed when a thread ends, so no handler has to be registered with a glibc that may lack it.
thread_local char last_error[640] = "No call has failed on this thread.";
} // namespace

void set_last_error(const char* text) noexcept {
    size_t length = strnlen(text, sizeof last_error - 1);
    // A sentence that was cut, here or where it was made, does not end within a character.
    size_t last = length;
    while (last > 0 && (static_cast<unsigned char>(text[last - 1]) & 0xC0) == 0x80)
        last--;
    if (last > 0) {
        unsigned char lead = static_cast<unsigned char>(text[last - 1]);
        size_t needed = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (length - (last - 1) < needed)
            length = last - 1;
    }
    std::memcpy(last_error, text, length);
    last_error[length] = 0;
}

pta_status run_guarded(pta_status (*body)(void*), void* context) noexcept {
    try {
        return body(context);
    } catch (const Error& error) {
        set_last_error(error.what());
        return error.status;
    } catch (const std::bad_alloc&) {
        set_last_error("The library ran out of memory; free some, or give it smaller pieces.");
        return PTA_ERROR_MEMORY;
    } catch (const std::exception& error) {
        char text[320];
        std::snprintf(text, sizeof text, "A defect of this library: %s.", error.what());
        set_last_error(text);
        return PTA_ERROR_INTERNAL;
    } catch (...) {
        set_last_error("A defect of this library: an exception of unknown kind.");
        return PTA_ERROR_INTERNAL;
    }
}

void require(bool holds, const char* sentence) {
    if (!holds)
        throw_argument("%s", sentence);
}

void require_not_null(const void* pointer, const char* name) {
    if (pointer == nullptr)
        throw_argument("%s is null.", name);
}

void require_size(uint32_t given, size_t expected, const char* name) {
    if (given != expected)
        throw_error(PTA_ERROR_STRUCT, "%s.struct_size is %u; version %d of this library's interface knows %zu.", name, given, PTA_ABI_VERSION, expected);
}

void require_range(int64_t value, int64_t low, int64_t high, const char* name) {
    if (value >= low && value <= high)
        return;
    if (high == INT64_MAX)
        throw_argument("%s is %lld; it must be at least %lld.", name, static_cast<long long>(value), static_cast<long long>(low));
    throw_argument("%s is %lld; it must be %lld..%lld.", name, static_cast<long long>(value), static_cast<long long>(low), static_cast<long long>(high));
}

void require_positive(double value, const char* name) {
    if (std::isnan(value))
        throw_argument("%s is NaN; it must be a finite number over 0.", name);
    if (!(std::isfinite(value) && value > 0))
        throw_argument("%s is %g; it must be a finite number over 0.", name, value);
}

int64_t require_product(int64_t rows, int64_t columns, size_t element, const char* name) {
    int64_t count = 0, bytes = 0;
    if (__builtin_mul_overflow(rows, columns, &count) || __builtin_mul_overflow(count, static_cast<int64_t>(element), &bytes))
        throw_argument("%s: %lld x %lld elements do not fit the address space.", name, static_cast<long long>(rows), static_cast<long long>(columns));
    return count;
}

void require_array(const void* pointer, int64_t count, size_t element, size_t alignment, const char* name) {
    if (count == 0)
        return;
    if (pointer == nullptr)
        throw_argument("%s is null; it needs %lld elements.", name, static_cast<long long>(count));
    if (reinterpret_cast<uintptr_t>(pointer) % alignment != 0)
        throw_argument("%s is misaligned; its elements begin at multiples of %zu bytes.", name, alignment);
    int64_t bytes = 0;
    uintptr_t end = 0;
    if (__builtin_mul_overflow(count, static_cast<int64_t>(element), &bytes) ||
        __builtin_add_overflow(reinterpret_cast<uintptr_t>(pointer), static_cast<uintptr_t>(bytes), &end))
        throw_argument("%s: %lld elements do not fit the address space.", name, static_cast<long long>(count));
}

void require_apart(const Extent& written, const Extent& other) {
    uintptr_t a = reinterpret_cast<uintptr_t>(written.memory), b = reinterpret_cast<uintptr_t>(other.memory);
    if (written.bytes > 0 && other.bytes > 0 && a < b + static_cast<uintptr_t>(other.bytes) && b < a + static_cast<uintptr_t>(written.bytes))
        throw_argument("%s and %s overlap; give them memory of their own.", written.name, other.name);
}

int64_t first_outside(const int32_t* ids, int64_t count, int64_t limit) {
    constexpr int64_t kBlock = 256;
    uint32_t bound = static_cast<uint32_t>(limit < 0 ? 0 : limit > INT32_MAX ? INT64_C(0x80000000) : limit);
    for (int64_t start = 0; start < count; start += kBlock) {
        int64_t end = start + kBlock < count ? start + kBlock : count;
        uint32_t outside = 0;
        for (int64_t i = start; i < end; i++)
            outside |= static_cast<uint32_t>(static_cast<uint32_t>(ids[i]) >= bound);
        for (int64_t i = start; outside != 0 && i < end; i++) {
            if (static_cast<uint32_t>(ids[i]) >= bound)
                return i;
        }
    }
    return -1;
}

void require_ids(const int32_t* ids, int64_t count, int64_t limit, const char* name, const char* of_what) {
    int64_t at = first_outside(ids, count, limit);
    if (at >= 0)
        throw_argument("%s[%lld] is %d; %s has %lld.", name, static_cast<long long>(at), ids[at], of_what, static_cast<long long>(limit));
}

void require_offsets(const int32_t* offsets, int32_t count, const char* name) {
    require_array(offsets, int64_t{count} + 1, name);
    if (offsets[0] != 0)
        throw_argument("%s[0] is %d; offsets begin at 0.", name, offsets[0]);
    for (int32_t t = 0; t < count; t++) {
        if (offsets[t + 1] < offsets[t])
            throw_argument("%s[%d] is %d after %d; offsets ascend.", name, t + 1, offsets[t + 1], offsets[t]);
    }
}

namespace {

void check_tape_view(const pta_tape_view& view) {
    require_size(view.struct_size, sizeof(pta_tape_view), "view");
    require_range(view.count, 0, INT32_MAX - 1, "view.count");
    require_offsets(view.offsets, view.count, "view.offsets");
    require_array(view.symbols, view.offsets[view.count], "view.symbols");
    constexpr int known = PTA_ROLE_SPECIAL | PTA_ROLE_BOS | PTA_ROLE_EOS | PTA_ROLE_PAD | PTA_ROLE_UNK | PTA_ROLE_HOLE;
    for (int32_t t = 0; view.roles != nullptr && t < view.count; t++) {
        if ((view.roles[t] & ~known) != 0)
            throw_argument("view.roles[%d] is %d; roles are sums of 1, 2, 4, 8, 16 and 128.", t, view.roles[t]);
    }
}

} // namespace
} // namespace pta

using namespace pta;

uint32_t pta_abi_version(void) { return PTA_ABI_VERSION; }
const char* pta_version(void) { return PTA_RELEASE; }
const char* pta_last_error(void) { return last_error; }

pta_status pta_default_isa(const char** name) {
    return guarded([&] {
        require_array(name, 1, "name");
        *name = kernels_for(nullptr).isa;
        return PTA_OK;
    });
}

pta_status pta_check_isa(const char* name) {
    return guarded([&] {
        require_not_null(name, "name");
        if (*name == 0)
            throw_error(PTA_ERROR_ISA, "name is empty; use portable, avx2 or avx512.");
        kernels_for(name);
        return PTA_OK;
    });
}

pta_status pta_workspace_create(const char* isa, pta_workspace** workspace) {
    return guarded([&] {
        require_array(workspace, 1, "workspace");
        *workspace = nullptr;
        *workspace = new pta_workspace(kernels_for(isa));
        return PTA_OK;
    });
}

void pta_workspace_destroy(pta_workspace* workspace) { delete workspace; }

const char* pta_workspace_isa(const pta_workspace* workspace) { return workspace == nullptr ? "" : workspace->kernels.isa; }

pta_status pta_tape_create(const pta_tape_view* view, pta_tape** tape) {
    return guarded([&] {
        require_array(tape, 1, "tape");
        *tape = nullptr;
        require_array(view, 1, "view");
        check_tape_view(*view);
        *tape = new pta_tape(*view);
        return PTA_OK;
    });
}

void pta_tape_destroy(pta_tape* tape) { delete tape; }
