// The entry points of the CUDA driver that ILGPU 1.5.3 calls, over ordinary memory. Kernels are checked, not run.
#define _GNU_SOURCE
#include "objects.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY __attribute__((visibility("default"))) CUresult

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long launches, copies, peak;
static int initialized;

// Takes the lock; what begins with ENTER ends with LEAVE.
static CUresult enter(const char *call, int needs_context)
{
    CUresult failure = planned_failure(call);
    pthread_mutex_lock(&lock);
    if (needs_context && !current)
        return fault("%s: no context is current on this thread", call), INVALID_CONTEXT;
    if (needs_context && current->lasting != SUCCESS)
        return current->lasting;
    if (current && is_lasting(failure))
        current->lasting = failure;
    return failure;
}

static CUresult leave(CUresult result)
{
    pthread_mutex_unlock(&lock);
    return result;
}

#define ENTER(needs_context) do { CUresult entered = enter(__func__, needs_context); if (entered != SUCCESS) return leave(entered); } while (0)

ENTRY cuInit(unsigned flags)
{
    (void)flags;
    ENTER(0);
    initialized = setting("CUDA_STAND_IN_DEVICES", 1) > 0;
    return leave(initialized ? SUCCESS : NO_DEVICE);
}

ENTRY cuDriverGetVersion(int *version)
{
    ENTER(0);
    *version = (int)setting("CUDA_STAND_IN_DRIVER", 12040);
    return leave(SUCCESS);
}

ENTRY cuDeviceGetCount(int *count)
{
    ENTER(0);
    *count = (int)setting("CUDA_STAND_IN_DEVICES", 1);
    return leave(initialized ? SUCCESS : NOT_INITIALIZED);
}

ENTRY cuDeviceGet(int *device, int ordinal)
{
    ENTER(0);
    *device = ordinal;
    return leave(ordinal >= 0 && ordinal < setting("CUDA_STAND_IN_DEVICES", 1) ? SUCCESS : INVALID_DEVICE);
}

ENTRY cuDeviceGetName(char *name, int length, int device)
{
    ENTER(0);
    snprintf(name, (size_t)length, "CUDA stand-in %d", device);
    return leave(SUCCESS);
}

static size_t total_memory(void) { return (size_t)setting("CUDA_STAND_IN_MEMORY", (long long)16 << 30); }

ENTRY cuDeviceTotalMem_v2(size_t *bytes, int device)
{
    (void)device;
    ENTER(0);
    *bytes = total_memory();
    return leave(SUCCESS);
}

ENTRY cuDeviceGetAttribute(int *value, int attribute, int device)
{
    // Of an H100, where a number matters; the compute capability is set from outside.
    static const int values[92] = {
        [1] = 1024, [2] = 1024, [3] = 1024, [4] = 64, [5] = 0x7FFFFFFF, [6] = 65535, [7] = 65535, [8] = LARGEST_SHARED, [9] = 65536, [10] = 32,
        [11] = 0x7FFFFFFF, [12] = 65536, [13] = 1755000, [16] = 132, [19] = 1, [31] = 1, [32] = 1, [36] = 2619000, [37] = 5120, [38] = 52428800,
        [39] = 2048, [40] = 3, [41] = 1, [78] = 1, [81] = 233472, [82] = 65536, [83] = 1, [90] = 1, [91] = 1};
    int capability = (int)setting("CUDA_STAND_IN_CAPABILITY", 90);
    (void)device;
    ENTER(0);
    *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : attribute > 0 && attribute < 92 ? values[attribute] : 0;
    return leave(SUCCESS);
}

ENTRY cuCtxCreate_v2(uint64_t *context, unsigned flags, int device)
{
    (void)flags;
    ENTER(0);
    if (!has_device_addresses())
        return leave(OUT_OF_MEMORY);
    current = created(CONTEXT, NULL);
    created(STREAM, current)->bytes = 1;
    alive[STREAM]--;
    *context = current->start;
    note("%s device %d", __func__, device);
    return leave(SUCCESS);
}

ENTRY cuCtxDestroy_v2(uint64_t start)
{
    ENTER(0);
    struct object *context = handle(CONTEXT, start);
    if (!context)
        return fault("%s: no such context", __func__), leave(INVALID_CONTEXT);
    finish_all(context);
    long long left[KINDS] = {0};
    for (struct object *object = objects, *next; object; object = next) {
        next = object->next;
        if (object->context != context)
            continue;
        if (object->kind == STREAM && object->bytes == 1)
            alive[STREAM]++;
        else
            left[object->kind]++;
        destroyed(object);
    }
    for (int kind = DEVICE; kind < KINDS; kind++)
        if (left[kind] != 0)
            note("left %s=%lld", kind_names[kind], left[kind]);
    note("%s", __func__);
    if (current == context)
        current = NULL;
    destroyed(context);
    return leave(SUCCESS);
}

ENTRY cuCtxSetCurrent(uint64_t start)
{
    ENTER(0);
    struct object *context = start ? handle(CONTEXT, start) : NULL;
    if (start && !context)
        return fault("%s: no such context", __func__), leave(INVALID_CONTEXT);
    current = context;
    return leave(SUCCESS);
}

ENTRY cuCtxSynchronize(void)
{
    ENTER(1);
    finish_all(current);
    return leave(SUCCESS);
}

ENTRY cuCtxGetCacheConfig(int *configuration) { return *configuration = 0, SUCCESS; }

ENTRY cuCtxGetSharedMemConfig(int *configuration) { return *configuration = 0, SUCCESS; }

static size_t used_memory(void)
{
    size_t used = 0;
    for (struct object *object = objects; object; object = object->next)
        used += object->kind == DEVICE ? object->bytes : 0;
    return used;
}

ENTRY cuMemGetInfo_v2(size_t *available, size_t *total)
{
    ENTER(1);
    *total = total_memory();
    *available = *total - used_memory();
    return leave(SUCCESS);
}

ENTRY cuMemAlloc_v2(uint64_t *address, size_t bytes)
{
    ENTER(1);
    if (bytes == 0)
        return leave(INVALID_VALUE);
    size_t used = used_memory();
    uint64_t start = used + bytes <= total_memory() ? new_device_addresses(bytes) : 0;
    unsigned char *content = start ? calloc(1, bytes) : NULL;
    if (!content) {
        note("%s bytes=%zu refused, used=%zu", __func__, bytes, used);
        return leave(OUT_OF_MEMORY);
    }
    struct object *memory = created(DEVICE, current);
    memory->start = *address = start;
    memory->bytes = bytes;
    memory->content = content;
    if (used + bytes > (size_t)peak)
        peak = (long long)(used + bytes);
    note("%s bytes=%zu", __func__, bytes);
    return leave(SUCCESS);
}

ENTRY cuMemFree_v2(uint64_t address)
{
    ENTER(1);
    struct object *memory = handle(DEVICE, address);
    if (!memory) // ILGPU frees memory that was refused, at the address 0
        return address ? fault("%s: not the start of living device memory", __func__) : (void)0, leave(INVALID_VALUE);
    // The driver waits for the device.
    finish_all(memory->context);
    note("%s bytes=%zu", __func__, memory->bytes);
    destroyed(memory);
    return leave(SUCCESS);
}

ENTRY cuMemHostRegister_v2(uint64_t start, size_t bytes, unsigned flags)
{
    (void)flags;
    ENTER(1);
    for (struct object *object = objects; object; object = object->next)
        if (object->kind == PINNED && start < object->start + object->bytes && object->start < start + bytes)
            return fault("%s: page-locked already", __func__), leave(HOST_MEMORY_ALREADY_REGISTERED);
    struct object *pinned = created(PINNED, current);
    pinned->start = start;
    pinned->bytes = bytes;
    note("%s bytes=%zu", __func__, bytes);
    return leave(SUCCESS);
}

ENTRY cuMemHostUnregister(uint64_t start)
{
    ENTER(1);
    struct object *pinned = handle(PINNED, start);
    if (!pinned)
        return fault("%s: not page-locked", __func__), leave(HOST_MEMORY_NOT_REGISTERED);
    for (struct object *stream = objects; stream; stream = stream->next)
        for (struct operation *operation = stream->kind == STREAM ? stream->first : NULL; operation; operation = operation->next)
            if (operation->work == COPY && (containing(PINNED, operation->to) == pinned || containing(PINNED, operation->from) == pinned))
                fault("%s: a copy still needs it", __func__);
    finish_all(pinned->context);
    destroyed(pinned);
    return leave(SUCCESS);
}

ENTRY cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes, uint64_t stream_start)
{
    ENTER(1);
    struct object *stream = stream_of(__func__, stream_start);
    if (!stream || !is_range(__func__, "destination", to, bytes) || !is_range(__func__, "source", from, bytes))
        return leave(INVALID_VALUE);
    if (!is_device(to) && !is_device(from))
        fault("%s: neither end is on the device", __func__);
    copies++;
    struct operation *operation = queued(stream, COPY);
    operation->to = to;
    operation->from = from;
    operation->bytes = bytes;
    // Ordinary host memory may change as soon as this returns; page-locked memory may not, and what arrives in it shows only after a wait.
    if (!is_device(from) && containing(PINNED, from))
        operation->sum = sum_of((const unsigned char *)(uintptr_t)from, bytes);
    else if (!is_device(from))
        operation->snapshot = memcpy(malloc(bytes + 1), (const void *)(uintptr_t)from, bytes);
    if (!is_device(to) && !containing(PINNED, to))
        finish(stream);
    else if (!is_device(to))
        memset((void *)(uintptr_t)to, 0xCD, bytes);
    return leave(SUCCESS);
}

ENTRY cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, uint64_t stream_start)
{
    ENTER(1);
    struct object *stream = stream_of(__func__, stream_start);
    if (!stream || !is_range(__func__, "destination", to, bytes))
        return leave(INVALID_VALUE);
    struct operation *operation = queued(stream, FILL);
    operation->to = to;
    operation->value = value;
    operation->bytes = bytes;
    return leave(SUCCESS);
}

ENTRY cuStreamCreate(uint64_t *stream, unsigned flags)
{
    (void)flags;
    ENTER(1);
    *stream = created(STREAM, current)->start;
    return leave(SUCCESS);
}

ENTRY cuStreamDestroy_v2(uint64_t start)
{
    ENTER(1);
    struct object *stream = stream_of(__func__, start);
    if (!stream)
        return leave(INVALID_HANDLE);
    finish(stream);
    destroyed(stream);
    return leave(SUCCESS);
}

ENTRY cuStreamSynchronize(uint64_t start)
{
    ENTER(1);
    struct object *stream = stream_of(__func__, start);
    if (!stream)
        return leave(INVALID_HANDLE);
    finish(stream);
    return leave(SUCCESS);
}

ENTRY cuGetErrorString(CUresult error, const char **text)
{
    (void)error;
    return *text = "as the stand-in was asked to say", SUCCESS;
}

ENTRY cuModuleLoadDataEx(uint64_t *module, const char *ptx, unsigned options, int *names, void **values)
{
    (void)options, (void)names, (void)values;
    ENTER(1);
    struct kernel kernel;
    const char *problem = read_kernel(ptx, &kernel);
    if (problem)
        return fault("%s: the PTX %s", __func__, problem), leave(INVALID_PTX);
    if (kernel.architecture > setting("CUDA_STAND_IN_CAPABILITY", 90))
        return fault("%s: %s is for a newer device", __func__, kernel.target), leave(NO_BINARY_FOR_GPU);
    struct object *loaded = created(MODULE, current);
    loaded->kernel = kernel;
    *module = loaded->start;
    note("%s %s version=%s target=%s arguments=%zu threads=%u shared=%zu", __func__, kernel.name, kernel.version, kernel.target, kernel.parameter_bytes, kernel.most_threads, kernel.shared_bytes);
    return leave(SUCCESS);
}

ENTRY cuModuleUnload(uint64_t start)
{
    ENTER(1);
    struct object *module = handle(MODULE, start);
    if (!module) // ILGPU unloads a module that was refused, by the handle 0
        return start ? fault("%s: no such module", __func__) : (void)0, leave(INVALID_HANDLE);
    finish_all(module->context);
    destroyed(module);
    return leave(SUCCESS);
}

ENTRY cuModuleGetFunction(uint64_t *function, uint64_t start, const char *name)
{
    ENTER(1);
    struct object *module = handle(MODULE, start);
    if (!module || strcmp(module->kernel.name, name) != 0)
        return fault("%s: the module has no %s", __func__, name), leave(NOT_FOUND);
    *function = start;
    return leave(SUCCESS);
}

ENTRY cuLaunchKernel(
    uint64_t function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
    uint64_t stream_start, void **parameters, void **extra)
{
    ENTER(1);
    struct object *module = handle(MODULE, function), *stream = stream_of(__func__, stream_start);
    if (!module || module->context != current || !stream)
        return fault("%s: no such function of this context", __func__), leave(INVALID_HANDLE);
    const struct kernel *kernel = &module->kernel;
    unsigned long long threads = (unsigned long long)block_x * block_y * block_z;
    if (grid_x - 1 >= 0x7FFFFFFF || grid_y - 1 >= 65535 || grid_z - 1 >= 65535 || threads == 0 || threads > kernel->most_threads)
        fault("%s: %s in %u x %u x %u blocks of %llu threads", __func__, kernel->name, grid_x, grid_y, grid_z, threads);
    if (kernel->shared_bytes + shared > LARGEST_SHARED)
        fault("%s: %s takes %zu bytes of shared memory", __func__, kernel->name, kernel->shared_bytes + shared);
    // ILGPU hands over one buffer: { 1, buffer, 2, &size, 0 }.
    if (parameters || !extra || extra[0] != (void *)1 || extra[2] != (void *)2 || extra[4])
        return fault("%s: %s is given its arguments in another form than one buffer", __func__, kernel->name), leave(INVALID_VALUE);
    size_t size = *(const size_t *)extra[3];
    if (size != kernel->parameter_bytes || size > MOST_ARGUMENT_BYTES)
        return fault("%s: %s takes %zu bytes of arguments and is given %zu", __func__, kernel->name, kernel->parameter_bytes, size), leave(INVALID_VALUE);
    check_views(kernel, extra[1]);
    struct operation *operation = queued(stream, LAUNCH);
    operation->module = module;
    memcpy(operation->arguments, extra[1], size);
    launches++;
    note("%s %s target=%s grid=%u block=%llu", __func__, kernel->name, kernel->target, grid_x, threads);
    return leave(SUCCESS);
}

__attribute__((destructor)) static void end(void)
{
    note("end contexts=%lld allocations=%lld pinned=%lld streams=%lld modules=%lld launches=%lld copies=%lld peak=%lld faults=%d", alive[CONTEXT], alive[DEVICE],
         alive[PINNED], alive[STREAM], alive[MODULE], launches, copies, peak, faults());
}
