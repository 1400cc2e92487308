// What the files of the stand-in share. See README.md for what it checks and how it is steered.
#ifndef STAND_IN_H
#define STAND_IN_H

#include <stddef.h>
#include <stdint.h>

typedef int CUresult;

enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_CONTEXT = 201,
    NO_BINARY_FOR_GPU = 209,
    INVALID_PTX = 218,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    HOST_MEMORY_ALREADY_REGISTERED = 712,
    HOST_MEMORY_NOT_REGISTERED = 713
};

// Static shared memory that a block may have without asking for more.
enum { LARGEST_SHARED = 48 * 1024 };

// The head of a kernel, as its PTX declares it.
struct kernel {
    char name[128];
    char target[16];
    char version[16];
    int architecture;
    int parameters;
    size_t parameter_bytes;
    unsigned most_threads;
    size_t shared_bytes;
};

// log.c: one line per event in the file that CUDA_STAND_IN_LOG names.
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
// What a program must never do; tests look for it.
void fault(const char *format, ...) __attribute__((format(printf, 1, 2)));
int faults(void);
const char *text_setting(const char *name, const char *otherwise);
long long setting(const char *name, long long otherwise);
// The result that CUDA_STAND_IN_FAIL ("CALL:NUMBER:RESULT", several separated by commas, number 0 for all) asks of this call.
CUresult planned_failure(const char *call);
int is_lasting(CUresult error);

// ptx.c: reads the one kernel of a module. Null, or what is wrong.
const char *read_kernel(const char *ptx, struct kernel *kernel);

// probes.c: computes what the kernels of the self-test compute; others do nothing, and it returns 0. `memory` finds the content of a device address.
int run_probe(const struct kernel *kernel, const unsigned char *arguments, void *(*memory)(uint64_t address));

#endif
