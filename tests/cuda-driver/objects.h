// What is alive: contexts, memory, streams and modules, and the work that waits on streams.
#ifndef OBJECTS_H
#define OBJECTS_H

#include "stand_in.h"

enum { MOST_ARGUMENT_BYTES = 4096, DEVICE_PAGE = 4096 };

enum kind { CONTEXT, DEVICE, PINNED, STREAM, MODULE, KINDS };
extern const char *const kind_names[KINDS];

enum work { COPY, FILL, LAUNCH };

// Queued on a stream; done when something waits for it.
struct operation {
    enum work work;
    uint64_t to, from;
    size_t bytes;
    unsigned char value, *snapshot;
    uint64_t sum;
    struct object *module;
    unsigned char arguments[MOST_ARGUMENT_BYTES];
    struct operation *next;
};

// Anything that is created and destroyed. Its handle is its address, that of memory where it begins.
struct object {
    enum kind kind;
    struct object *context, *next;
    uint64_t start;
    size_t bytes;
    unsigned char *content;
    CUresult lasting;
    struct kernel kernel;
    struct operation *first, *last;
};


extern struct object *objects;
extern long long alive[KINDS];
// The context of this thread.
extern __thread struct object *current;

struct object *created(enum kind kind, struct object *context);
void destroyed(struct object *object);
struct object *handle(enum kind kind, uint64_t start);
struct object *containing(enum kind kind, uint64_t address);

// Device addresses are never touched by the program: reading one ends it, as with a real device. Returns 0 when there are none left.
uint64_t new_device_addresses(size_t bytes);
int has_device_addresses(void);
int is_device(uint64_t address);

// Whether `bytes` from `address` lie in living memory: of the device in one allocation, page-locked or ordinary on the host.
int is_range(const char *call, const char *role, uint64_t address, size_t bytes);
uint64_t sum_of(const unsigned char *bytes, size_t count);

// A stream of the current context; 0 is the one made with it.
struct object *stream_of(const char *call, uint64_t start);
struct operation *queued(struct object *stream, enum work work);
void finish(struct object *stream);
void finish_all(struct object *context);

// Every view among the arguments of a launch is an address and a number of elements: both must fit memory that is alive.
void check_views(const struct kernel *kernel, const unsigned char *arguments);

#endif
