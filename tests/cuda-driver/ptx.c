#define _GNU_SOURCE
#include "stand_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t size_of(const char *type)
{
    return strncmp(type, ".b8", 3) == 0 || strncmp(type, ".u8", 3) == 0 || strncmp(type, ".s8", 3) == 0 ? 1
        : strstr(type, "16") ? 2 : strstr(type, "32") ? 4 : strstr(type, "64") ? 8 : 0;
}

// One declaration, ".param .align 8 .b8 name[88]": its bytes, and the offset after it when it follows others. 0 if it makes no sense.
static size_t declared_bytes(const char *text, const char *end, size_t *offset)
{
    size_t alignment = 0, element = 0, count = 1;
    char copy[256], *rest = copy, *word;
    snprintf(copy, sizeof copy, "%.*s", (int)(end - text), text);
    char *bracket = strchr(copy, '[');
    if (bracket) {
        count = strtoull(bracket + 1, NULL, 10);
        *bracket = 0;
    }
    while ((word = strsep(&rest, " \t\r\n"))) {
        if (strcmp(word, ".align") == 0)
            alignment = strtoull(strsep(&rest, " \t"), NULL, 10);
        else if (word[0] == '.' && size_of(word) != 0)
            element = size_of(word);
    }
    if (alignment == 0)
        alignment = element;
    if (element == 0 || count == 0 || alignment == 0)
        return 0;
    *offset = (*offset + alignment - 1) / alignment * alignment + element * count;
    return element * count;
}

const char *read_kernel(const char *ptx, struct kernel *kernel)
{
    memset(kernel, 0, sizeof *kernel);
    const char *at = ptx;
    for (at += strspn(at, " \t\r\n"); strncmp(at, "//", 2) == 0; at += strspn(at, " \t\r\n"))
        at += strcspn(at, "\n");
    if (sscanf(at, ".version %15s .target %15s", kernel->version, kernel->target) != 2)
        return "does not start with .version and .target";
    if (sscanf(kernel->target, "sm_%d", &kernel->architecture) != 1)
        return "has a .target that is no sm_NN";
    const char *entry = strstr(at, ".entry ");
    if (!entry)
        return "has no .entry";
    if (strstr(entry + 1, ".entry "))
        return "has more than one .entry";
    const char *open = strchr(entry, '('), *close = open ? strchr(open, ')') : NULL, *body = close ? strchr(close, '{') : NULL;
    if (!body || sscanf(entry, ".entry %127[A-Za-z0-9_$]", kernel->name) != 1)
        return "has an .entry without a name, parameters or a body";
    for (const char *parameter = memmem(open, close - open, ".param", 6); parameter;) {
        const char *next = memmem(parameter + 6, close - parameter - 6, ".param", 6);
        if (declared_bytes(parameter + 6, next ? next : close, &kernel->parameter_bytes) == 0)
            return "declares a .param that cannot be read";
        kernel->parameters++;
        parameter = next;
    }
    const char *limit = memmem(close, body - close, ".maxntid", 8);
    unsigned x = 0, y = 1, z = 1;
    if (limit && sscanf(limit, ".maxntid %u, %u, %u", &x, &y, &z) < 1)
        return "has a .maxntid that cannot be read";
    kernel->most_threads = limit ? x * y * z : 1024;
    for (const char *shared = strstr(body, "\t.shared ."); shared; shared = strstr(shared + 1, "\t.shared ."))
        if (declared_bytes(shared + 9, strchrnul(shared, ';'), &kernel->shared_bytes) == 0)
            return "declares shared memory that cannot be read";
    return kernel->shared_bytes > LARGEST_SHARED ? "takes more than 48 KB of shared memory" : NULL;
}
