#define _GNU_SOURCE
#include "objects.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const size_t device_addresses = (size_t)1 << 40;

const char *const kind_names[KINDS] = {"contexts", "allocations", "pinned", "streams", "modules"};

struct object *objects;
__thread struct object *current;
long long alive[KINDS];

static unsigned char *device_base;
static size_t device_next;
static int ran_nothing;

struct object *created(enum kind kind, struct object *context)
{
    struct object *object = calloc(1, sizeof *object);
    object->kind = kind;
    object->context = context;
    object->start = (uint64_t)(uintptr_t)object;
    object->next = objects;
    objects = object;
    alive[kind]++;
    return object;
}

void destroyed(struct object *object)
{
    struct object **link = &objects;
    while (*link != object)
        link = &(*link)->next;
    *link = object->next;
    alive[object->kind]--;
    free(object->content);
    free(object);
}

struct object *handle(enum kind kind, uint64_t start)
{
    struct object *object = objects;
    while (object && (object->kind != kind || object->start != start))
        object = object->next;
    return object;
}

struct object *containing(enum kind kind, uint64_t address)
{
    struct object *object = objects;
    while (object && (object->kind != kind || address < object->start || address >= object->start + object->bytes))
        object = object->next;
    return object;
}

int has_device_addresses(void)
{
    if (!device_base) {
        void *addresses = mmap(NULL, device_addresses, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        device_base = addresses == MAP_FAILED ? NULL : addresses;
    }
    return device_base != NULL;
}

uint64_t new_device_addresses(size_t bytes)
{
    if (bytes > device_addresses - 2 * DEVICE_PAGE || device_next > device_addresses - 2 * DEVICE_PAGE - bytes)
        return 0;
    // Never the same address twice, and a page that is nobody's between any two.
    unsigned char *start = device_base + device_next;
    device_next += (bytes + 2 * DEVICE_PAGE - 1) / DEVICE_PAGE * DEVICE_PAGE;
    return (uint64_t)(uintptr_t)start;
}

int is_device(uint64_t address) { return device_base && address - (uint64_t)(uintptr_t)device_base < device_addresses; }

static void *memory_at(uint64_t address)
{
    struct object *object = is_device(address) ? containing(DEVICE, address) : NULL;
    return object ? object->content + (address - object->start) : is_device(address) ? NULL : (void *)(uintptr_t)address;
}

int is_range(const char *call, const char *role, uint64_t address, size_t bytes)
{
    struct object *object = containing(is_device(address) ? DEVICE : PINNED, address);
    if (is_device(address) && !object)
        return fault("%s: the %s is device memory that is not allocated", call, role), 0;
    if (object && bytes > object->start + object->bytes - address)
        return fault("%s: the %s passes the end of its memory, %zu bytes of %zu", call, role, bytes, (size_t)(object->start + object->bytes - address)), 0;
    if (object && object->context != current && object->kind == DEVICE)
        return fault("%s: the %s belongs to another context", call, role), 0;
    return address != 0 || (fault("%s: the %s is null", call, role), 0);
}

uint64_t sum_of(const unsigned char *bytes, size_t count)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

static void run(struct operation *operation)
{
    const unsigned char *from = operation->snapshot ? operation->snapshot : memory_at(operation->from);
    if (operation->work == LAUNCH)
        ran_nothing |= !run_probe(&operation->module->kernel, operation->arguments, memory_at);
    else if (operation->work == FILL)
        memset(memory_at(operation->to), operation->value, operation->bytes);
    else {
        if (operation->sum && sum_of(from, operation->bytes) != operation->sum)
            fault("cuMemcpyAsync: page-locked memory was changed before its copy ran");
        // What a kernel that was not run would have written arrives as zeros, never as what its memory happened to hold.
        if (!is_device(operation->to) && ran_nothing)
            memset((void *)(uintptr_t)operation->to, 0, operation->bytes);
        else
            memmove(memory_at(operation->to), from, operation->bytes);
    }
}

void finish(struct object *stream)
{
    while (stream->first) {
        struct operation *operation = stream->first;
        stream->first = operation->next;
        run(operation);
        free(operation->snapshot);
        free(operation);
    }
    stream->last = NULL;
}

void finish_all(struct object *context)
{
    for (struct object *object = objects; object; object = object->next)
        if (object->kind == STREAM && object->context == context)
            finish(object);
}

struct operation *queued(struct object *stream, enum work work)
{
    struct operation *operation = calloc(1, sizeof *operation);
    operation->work = work;
    if (stream->last)
        stream->last->next = operation;
    else
        stream->first = operation;
    stream->last = operation;
    return operation;
}

struct object *stream_of(const char *call, uint64_t start)
{
    struct object *stream = objects;
    if (start == 0) {
        while (stream && (stream->kind != STREAM || stream->context != current || stream->bytes != 1))
            stream = stream->next;
        return stream;
    }
    stream = handle(STREAM, start);
    if (!stream || stream->context != current)
        fault("%s: the stream is not one of the current context", call);
    return stream && stream->context == current ? stream : NULL;
}

void check_views(const struct kernel *kernel, const unsigned char *arguments)
{
    for (size_t at = 0; at + 8 <= kernel->parameter_bytes; at += 8) {
        uint64_t address, elements;
        memcpy(&address, arguments + at, sizeof address);
        if (!is_device(address)) {
            if (address > 0xFFFFFFFF && containing(PINNED, address))
                fault("cuLaunchKernel: %s takes host memory at byte %zu", kernel->name, at);
            continue;
        }
        struct object *memory = containing(DEVICE, address);
        if (!memory || memory->context != current) {
            fault("cuLaunchKernel: %s takes memory at byte %zu that is not allocated", kernel->name, at);
            continue;
        }
        if (at + 16 <= kernel->parameter_bytes) {
            memcpy(&elements, arguments + at + 8, sizeof elements);
            if (elements > memory->start + memory->bytes - address)
                fault("cuLaunchKernel: %s takes %llu elements at byte %zu, and %llu bytes are left", kernel->name, (unsigned long long)elements, at,
                      (unsigned long long)(memory->start + memory->bytes - address));
        }
    }
}
