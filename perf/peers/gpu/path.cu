// Peer of path.2048: dynamic time warping with two bits of direction per cell, a warp per document, 16 columns per lane in registers, lanes one row apart,
// 32-bit values 4 f whose lowest bits are the direction. What a careful CUDA programmer writes before packing two cells into a register.
#include "device.h"

#define COLUMNS 16

// costs: [documents, n, m] u8 by position, m a multiple of 512; border: [documents, n + 1] scratch; directions: [documents, m / 512, n + 31, 32] words.
// totals: [documents]. One warp per block.
KERNEL void fill(const u8* costs, u32* border, u32* directions, u32* totals, int n, int m) {
    const int document = BLOCK, lane = THREAD & 31, strips = m / (32 * COLUMNS);
    const u32 far = 1u << 30;
    costs += (long long)document * n * m;
    border += (long long)document * (n + 1);
    directions += (long long)document * strips * (n + 31) * 32;
    u32 last = 0;
    for (int strip = 0; strip < strips; strip++) {
        u32 value[COLUMNS];
#pragma unroll
        for (int c = 0; c < COLUMNS; c++)
            value[c] = far;
        u32 corner = strip == 0 && lane == 0 ? 0 : far;
        for (int step = 0; step < n + 31; step++) {
            const int row = step - lane;
            u32 left = SHUFFLE_UP(value[COLUMNS - 1]);
            if (lane == 0)
                left = strip == 0 || row >= n ? far : border[row];
            if (row < 0 || row >= n)
                continue;
            const u32* quads = (const u32*)(costs + (long long)row * m + (strip * 32 + lane) * COLUMNS);
            const u32 next_corner = left;
            u32 word = 0;
#pragma unroll
            for (int c = 0; c < COLUMNS; c++) {
                const u32 cost = (quads[c / 4] >> (8 * (c % 4))) & 255;
                u32 least = corner;
                least = value[c] + 1 < least ? value[c] + 1 : least;
                least = left + 2 < least ? left + 2 : least;
                word = word * 4 + (least & 3);
                corner = value[c];
                left = value[c] = (least & ~3u) + 4 * cost;
            }
            corner = next_corner;
            directions[((long long)strip * (n + 31) + step) * 32 + lane] = word;
            if (lane == 31)
                border[row] = left;
            last = left;
        }
        SYNC_WARP();
    }
    if (lane == 31)
        totals[document] = last >> 2;
}
