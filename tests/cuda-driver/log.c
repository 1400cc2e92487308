#define _GNU_SOURCE
#include "stand_in.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int fault_count;

static void write_line(const char *start, const char *format, va_list values)
{
    const char *path = getenv("CUDA_STAND_IN_LOG");
    FILE *log = path && *path ? fopen(path, "a") : NULL;
    if (!log)
        return;
    fputs(start, log);
    vfprintf(log, format, values);
    fputc('\n', log);
    fclose(log);
}

void note(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    pthread_mutex_lock(&lock);
    write_line("", format, values);
    pthread_mutex_unlock(&lock);
    va_end(values);
}

void fault(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    pthread_mutex_lock(&lock);
    fault_count++;
    write_line("FAULT ", format, values);
    pthread_mutex_unlock(&lock);
    va_end(values);
}

int faults(void) { return fault_count; }

const char *text_setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

long long setting(const char *name, long long otherwise)
{
    const char *value = getenv(name);
    return value && *value ? atoll(value) : otherwise;
}

CUresult planned_failure(const char *call)
{
    static struct { char name[64]; long long count; } calls[64];
    static int known;
    int c = 0, result = SUCCESS;
    pthread_mutex_lock(&lock);
    while (c < known && strcmp(calls[c].name, call) != 0)
        c++;
    if (c == known && known < 64)
        snprintf(calls[known++].name, sizeof calls[0].name, "%s", call);
    long long number = c < 64 ? ++calls[c].count : 0;
    for (const char *plan = text_setting("CUDA_STAND_IN_FAIL", ""); *plan; plan = strchrnul(plan, ','), plan += *plan == ',') {
        char name[64];
        long long at;
        int error;
        if (sscanf(plan, "%63[^:]:%lld:%d", name, &at, &error) == 3 && strcmp(name, call) == 0 && (at == 0 || at == number))
            result = error;
    }
    pthread_mutex_unlock(&lock);
    if (result != SUCCESS)
        note("%s fails as asked: %d", call, result);
    return result;
}

// After these a context answers every call with the same error.
int is_lasting(CUresult error) { return error == 214 || error == 220 || error == 700 || error == 702 || error == 710 || (error >= 714 && error <= 719) || error == 999; }
