// The kernels of the self-test, so that a program which compares the device's arithmetic with the host's before it relies on it gets through that test.
// CUDA_STAND_IN_ARITHMETIC=contracted rounds x * x + x once, =cells spoils the packed minimum, =twin the plain one. Compiled with -ffp-contract=off.
#include "stand_in.h"

#include <math.h>
#include <string.h>

enum { PROBE_BYTES = 88 }; // a count and five views

static double stable_exp(double x, const double *powers)
{
    const double sixteen_over_ln2 = 16 * 1.4426950408889634;
    if (!(fabs(x) < 707.7032713517042))
        return x < 0 ? 0 : x > 0 ? INFINITY : x;
    double k = floor(x * sixteen_over_ln2), rest = fma(x, sixteen_over_ln2, -k);
    k += rest < 0 ? -1 : rest >= 1 ? 1 : 0;
    double n = k / 16, r = fma(-n, 2.3190468138462996e-17, fma(-n, 0.6931471805599453, x)), r2 = r * r;
    double high = fma(r, 0.0014149452874381984, 0.008332058899382488), middle = fma(r, 0.041666695348322125, 0.16666666637508337);
    double p = fma(fma(high, r2, middle), r2 * r, fma(r2, 0.5000000000010838, r)), power = powers[(int)k & 15];
    return ldexp(fma(p, power, power), (int)floor(n));
}

static uint32_t least16(uint32_t a, uint32_t b) { return a < b ? a : b; }

static void run_cells(int count, uint32_t *const *views, uint32_t spoiled)
{
    for (int i = 0; i < count; i++) {
        uint32_t diagonal = views[0][i], up = views[1][i], left = views[2][i], least = 0, held = 0;
        for (int half = 0; half < 32; half += 16) {
            least |= least16(least16(((up >> half) + 1) & 0xFFFF, (diagonal >> half) & 0xFFFF), ((left >> half) + 2) & 0xFFFF) << half;
            held |= least16((diagonal >> half) & 0xFFFF, 0xE000) << half;
        }
        views[3][i] = least ^ spoiled;
        views[4][i] = held;
    }
}

int run_probe(const struct kernel *kernel, const unsigned char *arguments, void *(*memory)(uint64_t address))
{
    void *views[5];
    int count;
    if (kernel->parameter_bytes != PROBE_BYTES)
        return 0;
    memcpy(&count, arguments, sizeof count);
    int exponentials = strcmp(kernel->name, "Kernel_Exponentials") == 0, packed = strcmp(kernel->name, "Kernel_Packed") == 0;
    if (!exponentials && !packed && strcmp(kernel->name, "Kernel_Twin") != 0)
        return 0;
    for (int v = 0; v < 5; v++) {
        uint64_t address;
        memcpy(&address, arguments + 8 + 16 * v, sizeof address);
        if (!(views[v] = memory(address)))
            return 0;
    }
    const char *arithmetic = text_setting("CUDA_STAND_IN_ARITHMETIC", "exact");
    if (!exponentials) {
        run_cells(count, (uint32_t *const *)views, strcmp(arithmetic, packed ? "cells" : "twin") == 0);
        return 1;
    }
    const double *powers = views[0], *inputs = views[1];
    double *stable = views[2], *plain = views[3], *rounded = views[4];
    for (int i = 0; i < count; i++) {
        double x = inputs[i];
        stable[i] = stable_exp(x, powers);
        plain[i] = exp(x);
        rounded[i] = strcmp(arithmetic, "contracted") == 0 ? fma(x, x, x) : x * x + x;
    }
    return 1;
}
