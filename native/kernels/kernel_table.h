// What a target offers to host code: one function per kernel. Plain pointers in, no ownership, no allocation but from the arena.
#pragma once
#include <cstddef>
#include <cstdint>

#include "host/arena.h"
#include "ptakernels.h"

namespace pta {

// The symbols of an ordinary token as classes of the TARGET tape's alphabet (Tape::alphabet): 1.. for symbols that the target tape has, 0 for a
// source symbol that it lacks. 0 equals nothing, another 0 least of all; target tokens hold no 0.
struct TokenSpan {
    const uint16_t* codes;
    int32_t length;
};

// One small cost matrix: rows [n], columns [m], out [n * m].
struct CostBlock {
    const TokenSpan* rows;
    const TokenSpan* columns;
    uint8_t* out;
    int32_t n, m;
    bool range; // out: a distance was over 254
};

// The vectors of one vocabulary's tokens; each stands on whole cache lines.
struct EmbeddingTable {
    const int8_t* vectors; // [tokens, dimensions]
    const int32_t* sums;   // [tokens] of each vector's numbers; kNone: the token has no vector

    static constexpr int32_t kNone = INT32_MIN;
};

struct EmbeddingTables {
    EmbeddingTable source, target;
    int32_t dimensions; // a multiple of 64
};

// One small matrix of costs between embedded tokens.
struct EmbeddingBlock {
    static constexpr int32_t kMost = 64;     // n and m
    static constexpr uint8_t kNoVector = 255;
    static constexpr int32_t kLongest = 8192; // symbols of a text: the quotients of longer ones may round the wrong way

    const int32_t* rows;    // [n] source tokens, -1 without a vector; null: none has one
    const int32_t* columns; // [m] target tokens
    // Null: cost receives cosine distances in hundredths, or kNoVector. Else it holds edits, and becomes costs of them and of these texts' lengths.
    const TokenSpan* row_texts;
    const TokenSpan* column_texts;
    uint8_t* cost; // [n, m], stride apart
    int64_t stride;
    int32_t n, m;
};

template <class T> struct PathProblem {
    const int32_t* source; // [n] rows of cost
    const int32_t* target; // [m] columns of cost
    const T* cost;         // [rows, columns], stride elements apart
    int64_t n, m, rows, columns, stride;
    int32_t* steps;        // [n + m - 1][2], filled from the end backwards
    int64_t first;         // out: index of the first step
};

// A batch of transports of one shape; see ptakernels.h. Costs are u8 (integer) or f64.
struct TransportOutcome {
    double marginal_error;
    int32_t status;
    int32_t iterations;
};

template <class T> struct TransportBatch {
    const T* cost;           // [batch, n, m]
    const double* a;         // [batch, n]
    const double* b;         // [batch, m]
    double* plan;            // [batch, n, m]
    double* f;               // [batch, n] or null
    double* g;               // [batch, m] or null
    TransportOutcome* outcomes; // [batch]
    int64_t batch;
    int32_t n, m;
    double epsilon, tolerance, rho;
    int32_t max_iterations;
    int32_t solver; // PTA_SOLVER_*, of the host: a kernel has its own
};

struct NearestIndex; // host/tokens/nearest_index.h

// An ordinary source token that looks for its nearest target token.
struct NearestQuery {
    TokenSpan span;
    int32_t least;    // no target token is nearer than this
    int32_t token;    // in and out: the best one so far, -1 if none
    int32_t distance; // in and out: its distance, INT32_MAX if none
};

// Ranges of sorted tokens that begin the bytes of candidates. Whole vectors are read: what lies behind count holds nothing.
struct ByteRanges {
    static constexpr int32_t kMost = 64;
    alignas(64) uint32_t start[kMost], last[kMost]; // first place, and places behind it; kEmpty and 0 hold no place
    alignas(64) uint32_t least_length[kMost];       // bytes that a token must have
    int32_t count;

    static constexpr uint32_t kEmpty = 0x7fffffff;
};

struct KernelTable {
    const char* isa;
    int32_t vector_bytes;

    // Distances of all pairs, out[i * stride + j]; alphabet = largest class + 1. True if a distance was out of range.
    bool (*distances_u8)(Arena&, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, uint8_t* out, int64_t stride);
    bool (*distances_u16)(Arena&, const TokenSpan* rows, int64_t n, const TokenSpan* columns, int64_t m, int32_t alphabet, uint16_t* out, int64_t stride);
    void (*distance_blocks)(Arena&, CostBlock* blocks, int64_t count, int32_t alphabet);

    // Distances or costs of embedded tokens, in hundredths (SemanticCosts); share 0..100 of the distance in a cost.
    void (*embedding_costs)(Arena&, const EmbeddingTables& tables, int32_t share, const EmbeddingBlock* blocks, int64_t count);

    // Nearest ordinary target token: smallest distance, then smallest id; a query's best one stays if none is better. Queries come by ascending
    // length; neighbours that begin with the same classes share that work.
    void (*nearest)(Arena&, const NearestIndex& index, NearestQuery* queries, int64_t n);

    int64_t (*path_u8)(Arena&, PathProblem<uint8_t>&); // returns the path's cost
    int64_t (*path_u16)(Arena&, PathProblem<uint16_t>&);

    // Official loop. kernel(cost) = exp(-lambda * cost) comes from the host: table [256] for u8 costs, or matrix [batch, n, m] for f64 costs.
    void (*official)(Arena&, const double* kernel_table, const TransportBatch<uint8_t>&);
    void (*official_real)(Arena&, const double* kernel_matrix, const TransportBatch<double>&);

    // Balanced at integer costs. Problems that it cannot certify get status PTA_TRANSPORT_ITERATION_LIMIT and are solved again by the host.
    void (*balanced)(Arena&, const TransportBatch<uint8_t>&);

    // Unbalanced at integer costs, likewise.
    void (*unbalanced)(Arena&, const TransportBatch<uint8_t>&);

    // Semi-relaxed at integer costs; table [256] = exp(-c / epsilon).
    void (*semi_relaxed)(Arena&, const double* kernel_table, const TransportBatch<uint8_t>&);

    // exp of each value with the bits of stable_exp (host/transport/stable_exp.h); result does not overlap x.
    void (*exponentials)(const double* x, double* result, int64_t n);

    // First column of each plan row within tie of the row's largest entry, and whether a later positive one lies within tie of it; plan [rows, m], m 1..64.
    void (*top1)(const double* plan, int64_t rows, int32_t m, double tie, int32_t* column, uint8_t* tied);

    // Of each cost row [rows, stride] with m columns, 1..64: the smallest cost, and one bit per column of that cost and of the next one. 64 bytes from each
    // row's start are readable.
    void (*cheapest_columns)(const uint8_t* cost, int64_t rows, int32_t m, int64_t stride, uint8_t* least, uint64_t* equal, uint64_t* next);

    // One bit per range that holds a place, 2^32 - 1 being in none, and takes tokens of that length.
    uint64_t (*byte_takers)(const ByteRanges& ranges, uint32_t place, uint32_t length);
};

// dispatch.cpp: the only place that looks at the CPU.
const KernelTable* portable_kernels();
const KernelTable* avx2_kernels();   // null where this build has none
const KernelTable* avx512_kernels(); // null where this build has none
const KernelTable& kernels_for(const char* isa); // null = PTAKERNELS_ISA or the best; throws IsaError

} // namespace pta
