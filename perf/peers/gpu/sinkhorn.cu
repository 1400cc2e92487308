// Peer of ot.official: the published loop on 10 x 10 problems in float64 without contraction, three problems per warp of 10 lanes each. Lane i holds row i and
// column i of the kernel; the scalings travel through shared memory. A group that is done takes the next problem from a counter.
#include "device.h"

#define N 10
#define GROUPS 3

DEVICE double sum_in_order(const double* x) {
    const double head = ADD(ADD(ADD(x[0], x[1]), ADD(x[2], x[3])), ADD(ADD(x[4], x[5]), ADD(x[6], x[7])));
    return ADD(ADD(head, x[8]), x[9]);
}

// cost [batch, 10, 10]; table [256] exp(-30 c); a, b [batch, 10]; plan [batch, 10, 10]; iterations [batch]; next [1] = 0. Blocks of 128 threads.
KERNEL void official(const u8* cost, const double* table, const double* a, const double* b, double* plan, int* iterations, int* next, int batch) {
    SHARED double shared[4 * GROUPS][3][N + 2];
    SHARED int claimed[4 * GROUPS];
    const int lane = THREAD & 31, warp = THREAD / 32, group = lane / N, i = lane % N;
    const bool active = group < GROUPS;
    double(*mine)[N + 2] = shared[warp * GROUPS + (active ? group : 0)];
    int* slot = &claimed[warp * GROUPS + (active ? group : 0)];
    double row[N], column[N], u = 1, v = 1, previous = 0, ai = 0, bi = 0;
    int problem = -1, count = 0;
    bool finished = !active;
    for (;;) {
        if (!finished && problem < 0) {
            if (i == 0)
                *slot = FETCH_ADD(next, 1);
        }
        SYNC_WARP();
        if (!finished && problem < 0) {
            problem = *slot;
            finished = problem >= batch;
            if (!finished) {
                double total = 0;
                for (int c = 0; c < N * N; c++)
                    total = ADD(total, table[cost[(long long)problem * N * N + c]]);
                for (int j = 0; j < N; j++) {
                    row[j] = table[cost[((long long)problem * N + i) * N + j]] / total;
                    column[j] = table[cost[((long long)problem * N + j) * N + i]] / total;
                }
                ai = a[(long long)problem * N + i];
                bi = b[(long long)problem * N + i];
                u = v = 1;
                previous = 0;
                count = 0;
                mine[1][i] = v;
            }
        }
        SYNC_WARP();
        double sum = 0;
        if (!finished) {
            double terms[N];
#pragma unroll
            for (int j = 0; j < N; j++)
                terms[j] = MULTIPLY(row[j], mine[1][j]);
            sum = MULTIPLY(u, sum_in_order(terms));
            const double change = previous - sum;
            mine[2][i] = change < 0 ? -change : change;
        }
        SYNC_WARP();
        bool stop = false;
        if (!finished) {
            double largest = 0;
#pragma unroll
            for (int j = 0; j < N; j++)
                largest = mine[2][j] > largest ? mine[2][j] : largest;
            stop = largest <= 1e-5;
            if (stop) {
                for (int j = 0; j < N; j++)
                    plan[((long long)problem * N + i) * N + j] = MULTIPLY(MULTIPLY(u, row[j]), mine[1][j]);
                if (i == 0)
                    iterations[problem] = count;
            } else {
                previous = sum < 1e-10 ? 1e-10 : sum;
                u = MULTIPLY(u, ai / previous);
                mine[0][i] = u;
            }
        }
        SYNC_WARP();
        if (!finished && !stop) {
            double total = 0;
#pragma unroll
            for (int j = 0; j < N; j++)
                total = ADD(total, MULTIPLY(column[j], mine[0][j]));
            total = MULTIPLY(total, v);
            v = MULTIPLY(v, bi / (total < 1e-10 ? 1e-10 : total));
            mine[1][i] = v;
            count++;
        }
        if (stop)
            problem = -1;
        SYNC_WARP();
        if (ALL(finished))
            return;
    }
}
