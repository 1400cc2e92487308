// Peer of edit.all-pairs: Myers' bit-vector recurrence, one pair per thread, the row token's masks in shared memory by symbol, u8 out. Symbols are bytes and
// rows have at most 32 of them, which is kinder than what our kernels take.
#include "device.h"

// source, target: tokens one after the other with [count + 1] offsets; cost: [rows, columns]. A block per row.
KERNEL void all_pairs(const u8* source, const int* source_offsets, const u8* target, const int* target_offsets, int columns, u8* cost) {
    SHARED u32 masks[256];
    const int row = BLOCK, first = source_offsets[row], m = source_offsets[row + 1] - first;
    for (int c = THREAD; c < 256; c += THREADS) {
        u32 mask = 0;
        for (int i = 0; i < m; i++)
            mask |= (u32)(source[first + i] == c) << i;
        masks[c] = mask;
    }
    SYNC_BLOCK();
    const u32 rows = m == 32 ? ~0u : (1u << m) - 1;
    for (int column = THREAD; column < columns; column += THREADS) {
        const int from = target_offsets[column], n = target_offsets[column + 1] - from;
        u32 positive = ~0u, negative = 0;
        for (int j = 0; j < n; j++) {
            const u32 equal = masks[target[from + j]];
            const u32 diagonal = (((equal & positive) + positive) ^ positive) | equal | negative;
            const u32 right = ((negative | ~(diagonal | positive)) << 1) | 1, left = (positive & diagonal) << 1;
            positive = left | ~(diagonal | right);
            negative = right & diagonal;
        }
        cost[(long long)row * columns + column] = (u8)(n + POPCOUNT(positive & rows) - POPCOUNT(negative & rows));
    }
}
