/*
 * PtaKernels: exact kernels of probabilistic token alignment on the CPU. The whole C ABI.
 *
 * Conventions
 *   - Every function that can fail returns a pta_status: 0 or positive is an answer, negative is an error whose text pta_last_error() holds
 *     for the calling thread. Nothing throws, aborts, prints or exits across this boundary.
 *   - The caller owns every buffer; a function writes only what its contract names. On an error outputs hold unspecified values.
 *   - Structs begin with struct_size, set by the caller to sizeof(the struct). A size that this library does not know is PTA_ERROR_STRUCT.
 *   - Tapes and vocabulary pairs are immutable and may be shared by threads. A workspace is scratch memory and an instruction set: use it from one
 *     thread at a time, keep it from call to call.
 *   - Matrices are row-major; strides count elements. Rows are the source, columns the target.
 *   - Results never depend on the instruction set beyond SPEC A4, on thread count, batch size or scheduling.
 */
#ifndef PTAKERNELS_H
#define PTAKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(PTA_BUILDING)
#define PTA_API __attribute__((visibility("default")))
#else
#define PTA_API
#endif

/* Raised when a struct or a function changes in a way that an older caller cannot use. */
#define PTA_ABI_VERSION 2

typedef int32_t pta_status;
enum {
    PTA_OK = 0,
    PTA_RANGE = 1,           /* a distance did not fit the destination; it holds the largest value of its type, all others are exact */
    PTA_ERROR_ARGUMENT = -1, /* null, negative, overlapping, misaligned or out of range; the text names the argument */
    PTA_ERROR_STRUCT = -2,   /* a struct_size or version that this library does not know */
    PTA_ERROR_MEMORY = -3,   /* out of memory; the handles involved stay usable */
    PTA_ERROR_ISA = -4,      /* an instruction set that is unknown or that this machine lacks */
    PTA_ERROR_DATA = -5,     /* a document that no alignment is defined for (SPEC A5) */
    PTA_ERROR_INTERNAL = -6  /* a defect of this library */
};

/* PTA_ABI_VERSION of the library in use. */
PTA_API uint32_t pta_abi_version(void);

/* Its release, for instance "0.1.0". Static storage. */
PTA_API const char* pta_version(void);

/* What the last failed call on this thread has to say: one sentence, UTF-8; valid until that thread's next failed call. Never null. */
PTA_API const char* pta_last_error(void);

/* ---- Instruction sets: "portable", "avx2" (AVX2, FMA, BMI2, POPCNT), "avx512" (F BW DQ VL VBMI VBMI2 VNNI BITALG VPOPCNTDQ: Ice Lake, Zen 4 and later). */

/* The instruction set that PTAKERNELS_ISA forces, or the best one that this machine has. PTA_ERROR_ISA when it forces one that is missing here. */
PTA_API pta_status pta_default_isa(const char** name);

/* PTA_OK if this machine can run the named instruction set, else PTA_ERROR_ISA with the reason. */
PTA_API pta_status pta_check_isa(const char* name);

/* ---- Workspaces */

typedef struct pta_workspace pta_workspace;

/* Makes a workspace for the named instruction set; null takes pta_default_isa. Grows on demand and keeps what it has. */
PTA_API pta_status pta_workspace_create(const char* isa, pta_workspace** workspace);
PTA_API void pta_workspace_destroy(pta_workspace* workspace); /* null is allowed */

/* The instruction set of a workspace. */
PTA_API const char* pta_workspace_isa(const pta_workspace* workspace);

/* ---- Tapes: the symbols of many tokens (SPEC A3.1) */

enum { /* roles of a token, or-ed */
    PTA_ROLE_NONE = 0,
    PTA_ROLE_SPECIAL = 1, /* compared by role and spelling: distance 0 to a special with a common role or equal symbols, else 64 */
    PTA_ROLE_BOS = 2,
    PTA_ROLE_EOS = 4,
    PTA_ROLE_PAD = 8,
    PTA_ROLE_UNK = 16,
    PTA_ROLE_HOLE = 128 /* an id without a token: never a nearest token */
};

typedef struct pta_tape pta_tape;

typedef struct {
    uint32_t struct_size;
    int32_t count;          /* tokens, 0 or more */
    const int32_t* symbols; /* [offsets[count]]; any values; may be null when there are none */
    const int32_t* offsets; /* [count + 1], ascending from 0 */
    const uint8_t* roles;   /* [count], or null: every token is ordinary */
} pta_tape_view;

/* Copies a tape. */
PTA_API pta_status pta_tape_create(const pta_tape_view* view, pta_tape** tape);
PTA_API void pta_tape_destroy(pta_tape* tape); /* null is allowed; no call may be using it */

/* ---- Vocabularies (SPEC A3.1): what the token strings of a tokenizer mean */

typedef struct pta_vocabulary pta_vocabulary;

enum { /* how a string stands for its text */
    PTA_STYLE_SENTENCEPIECE = 0, /* the marker is a space, "<0xNN>" that byte, all else UTF-8 */
    PTA_STYLE_BYTE_LEVEL = 1     /* GPT-2's alphabet, a character for each byte; a string with other characters is special */
};

typedef struct {
    uint32_t struct_size;
    int32_t count;                 /* ids, holes included; 1 or more */
    const char* strings;           /* UTF-8 of all strings one after the other; a lone surrogate may stand as its three bytes */
    const int32_t* string_offsets; /* [count + 1], ascending from 0 */
    const uint8_t* roles;          /* [count], or null: every token is ordinary. Any role but PTA_ROLE_HOLE makes a token special: no text of its own */
    const uint8_t* texts;          /* decoded bytes of all tokens one after the other, or null: from the strings, by style */
    const int32_t* text_offsets;   /* [count + 1]; null exactly where texts is. What stands there for special tokens and holes is not read */
    const char* marker;            /* UTF-8, ends with 0: the word marker; null: U+2581 or U+0120, by style */
    int32_t style;
    int32_t adds_dummy_prefix;     /* 0 or 1: the encoder puts a space before the text */
} pta_token_strings;

/* Reads a vocabulary; everything is copied. PTA_ERROR_ARGUMENT where a string stands twice: the text names both ids. */
PTA_API pta_status pta_vocabulary_create(const pta_token_strings* tokens, pta_vocabulary** vocabulary);
PTA_API void pta_vocabulary_destroy(pta_vocabulary* vocabulary); /* null is allowed; pairs made of it stay usable, its tapes do not */

PTA_API int32_t pta_vocabulary_count(const pta_vocabulary* vocabulary);

/* *id of a string of so many bytes, or -1. */
PTA_API pta_status pta_vocabulary_find(const pta_vocabulary* vocabulary, const char* string, int32_t length, int32_t* id);

/* Decoded bytes and roles of an id; the bytes belong to the vocabulary. Each result may be null. */
PTA_API pta_status pta_vocabulary_token(const pta_vocabulary* vocabulary, int32_t id, const uint8_t** text, int32_t* length, uint8_t* roles);

/* Tapes that belong to the vocabulary: the decoded texts with roles, a special token's symbols being its string; and the strings as they are. */
PTA_API const pta_tape* pta_vocabulary_texts(const pta_vocabulary* vocabulary);
PTA_API pta_status pta_vocabulary_strings(const pta_vocabulary* vocabulary, const pta_tape** strings);

/* ---- Edit-distance cost matrices */

/* cost[i * row_stride + j] = distance(source_tokens[i], target_tokens[j]): Levenshtein with unit costs over symbols, specials as above.
   n, m >= 0; row_stride >= m. Distances over 254 (u8) or 65,534 (u16) become 255 or 65,535 and make the answer PTA_RANGE. */
PTA_API pta_status pta_cost_matrix_u8(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n, const pta_tape* target,
                                      const int32_t* target_tokens, int64_t m, uint8_t* cost, int64_t row_stride);
PTA_API pta_status pta_cost_matrix_u16(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n, const pta_tape* target,
                                       const int32_t* target_tokens, int64_t m, uint16_t* cost, int64_t row_stride);

/* Many small matrices of one shape: source_tokens [batch, rows], target_tokens [batch, columns], cost [batch, rows, columns]. */
PTA_API pta_status pta_cost_matrices_u8(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, const pta_tape* target,
                                        const int32_t* target_tokens, int64_t batch, int32_t rows, int32_t columns, uint8_t* cost);

/* ---- Cosine distances of embedded tokens (costs embedding and hybrid) */

typedef struct pta_embeddings pta_embeddings;

typedef struct {
    uint32_t struct_size;
    int32_t dimensions;    /* a multiple of 64, up to 4,096; what a space has less is zeros */
    int32_t source_count;
    int32_t target_count;
    const int8_t* source;  /* [source_count, dimensions]: unit vectors times 128, rounded, in the common space; all zeros: the token has no vector */
    const int8_t* target;  /* [target_count, dimensions] */
} pta_embeddings_view;

/* Copies the tables. */
PTA_API pta_status pta_embeddings_create(const pta_embeddings_view* view, pta_embeddings** embeddings);
PTA_API void pta_embeddings_destroy(pta_embeddings* embeddings); /* null is allowed; pairs that were given them keep what they need */

/* cost[i * row_stride + j] = the cosine distance in hundredths, (100 * (16384 - dot) + 8192) >> 14 held to 0..200; 255 where a token is -1 or has no vector.
   n, m >= 0; row_stride >= m. Tokens are -1 or in their tables. */
PTA_API pta_status pta_embedding_costs_u8(pta_workspace* workspace, const pta_embeddings* embeddings, const int32_t* source_tokens, int64_t n,
                                          const int32_t* target_tokens, int64_t m, uint8_t* cost, int64_t row_stride);

/* ---- Nearest tokens (SPEC B 3a, A3.1) */

/* nearest[i]: an exact hit, else the smallest distance; ties by smallest target id. Specials match specials only, holes nothing: -1, distance 0. */
PTA_API pta_status pta_find_nearest_tokens(pta_workspace* workspace, const pta_tape* source, const int32_t* source_tokens, int64_t n,
                                           const pta_tape* target, int32_t* nearest, int32_t* distance);

/* The same by the official code's rule (SPEC B 3a): source strings with the marker replaced by the target's, searched among the target's strings. */
PTA_API pta_status pta_find_official_map(pta_workspace* workspace, const pta_vocabulary* source, const pta_vocabulary* target, const int32_t* source_tokens,
                                         int64_t n, int32_t* nearest, int32_t* distance);

/* ---- Alignment path (paper Eq 1, SPEC B 3b.1) */

/* Dynamic time warping over cost(i, j) = cost[source[i] * row_stride + target[j]], source [n] in 0..rows-1, target [m] in 0..columns-1, n, m >= 1.
   steps [capacity][2] receives (source, target) positions in ascending order, capacity >= n + m - 1; *count how many, *total their summed cost.
   Ties prefer diagonal, then up (i - 1), then left (j - 1), traced from the end. */
PTA_API pta_status pta_find_alignment_path_u8(pta_workspace* workspace, const int32_t* source, int64_t n, const int32_t* target, int64_t m,
                                              const uint8_t* cost, int64_t rows, int64_t columns, int64_t row_stride, int32_t* steps, int64_t capacity,
                                              int64_t* count, int64_t* total);
PTA_API pta_status pta_find_alignment_path_u16(pta_workspace* workspace, const int32_t* source, int64_t n, const int32_t* target, int64_t m,
                                               const uint16_t* cost, int64_t rows, int64_t columns, int64_t row_stride, int32_t* steps, int64_t capacity,
                                               int64_t* count, int64_t* total);

/* ---- Transports (paper Eq 2-4, SPEC A3.4) */

enum { /* coupling; the numbers are AlignmentOptions' */
    PTA_TRANSPORT_NONE = 0,
    PTA_TRANSPORT_OFFICIAL = 1,     /* the published loop to its own stop, float64 in NumPy's order */
    PTA_TRANSPORT_BALANCED = 2,     /* argmin <P, C> - epsilon H(P), both marginals, certified by f and g */
    PTA_TRANSPORT_SEMI_RELAXED = 3, /* P_ij = a_i softmax_j(-C_ij / epsilon) */
    PTA_TRANSPORT_UNBALANCED = 4,   /* source exact, target with penalty rho KL(P'1 | b) */
    PTA_TRANSPORT_EXACT = 5         /* argmin <P, C>, integer duals for integer costs */
};

enum { /* how a balanced plan is found; both are certified, and one answer */
    PTA_SOLVER_NEWTON = 0,
    PTA_SOLVER_GREENKHORN = 1 /* greedy Sinkhorn updates, finished by Newton */
};

enum { /* how one problem ended */
    PTA_TRANSPORT_CONVERGED = 0,
    PTA_TRANSPORT_EXACT_FALLBACK = 1, /* no certificate could be reached; plan and potentials are those of the exact optimum */
    PTA_TRANSPORT_ITERATION_LIMIT = 2,
    PTA_TRANSPORT_NOT_FINITE = 3
};

typedef struct {
    uint32_t struct_size;
    int32_t kind;
    double epsilon;        /* > 0, in edits; the official lambda is 1 / epsilon */
    double tolerance;      /* > 0: the official loop's stop */
    double rho;            /* > 0: the unbalanced penalty, in edits */
    int32_t max_iterations; /* >= 0: the official loop's limit */
    int32_t solver;        /* PTA_SOLVER_*: of the balanced transport; else 0 */
} pta_transport_options;

typedef struct {
    double marginal_error; /* of the certificate's G; of the plan where there are no potentials; NaN when not finite */
    int32_t status;
    int32_t iterations;
} pta_transport_outcome;

/* cost [batch, n, m] non-negative, a [batch, n], b [batch, m] (null for semi-relaxed); plan [batch, n, m]; f [batch, n] and g [batch, m] or null;
   outcomes [batch]; n and m 1..64. For balanced and exact the sums of a and b agree to 1e-15. */
PTA_API pta_status pta_solve_transport_u8(pta_workspace* workspace, const pta_transport_options* options, int64_t batch, int32_t n, int32_t m,
                                          const uint8_t* cost, const double* a, const double* b, double* plan, double* f, double* g,
                                          pta_transport_outcome* outcomes);
PTA_API pta_status pta_solve_transport_f64(pta_workspace* workspace, const pta_transport_options* options, int64_t batch, int32_t n, int32_t m,
                                           const double* cost, const double* a, const double* b, double* plan, double* f, double* g,
                                           pta_transport_outcome* outcomes);

/* ---- Whole documents (SPEC A2): presets reference, paper and fusion, fused */

typedef struct {
    uint32_t struct_size;
    int32_t count;               /* ids, holes included */
    const pta_tape* texts;       /* [count] symbols of decoded texts with roles; a special token's symbols are its string */
    const uint8_t* bytes;        /* decoded bytes of all tokens one after the other */
    const int32_t* byte_offsets; /* [count + 1] */
    int32_t adds_dummy_prefix;   /* 0 or 1: the encoder puts a space before the text */
    int32_t reserved;            /* 0 */
} pta_vocabulary_view;

typedef struct { /* the official code's view of two vocabularies (SPEC B 3a, 3b), by id; needed for preset reference only */
    uint32_t struct_size;
    uint32_t reserved;                           /* 0 */
    const pta_tape* keys;                        /* source strings, source marker replaced by the target's: what the map searches for */
    const pta_tape* target_strings;              /* target strings as they are: what it searches in */
    const pta_tape* source_stripped;             /* source strings without the source marker: rows of the pairing cost */
    const pta_tape* target_stripped;             /* target strings without the target marker: columns of the pairing and candidate cost */
    const pta_tape* target_without_source_marker; /* target strings without the SOURCE marker: rows of the candidate cost (O3) */
    const int32_t* same_string;                  /* [source] the target id with the source token's key as its string, or -1 */
    const int32_t* prefixed_same_string;         /* [source] the same at the first position, where a byte-level source gets the target's prefix */
    const int32_t* prefixed_key_owner;           /* [source] the source id that owns that prefixed key, or -1 */
    const uint8_t* target_starts_with_marker;    /* [target] */
    const int32_t* map;                          /* [source] a complete map, or null: found on demand. -1: no entry; -3: an entry that the target lacks */
} pta_official_view;

typedef struct pta_vocabulary_pair pta_vocabulary_pair;

/* Joins two vocabularies. Arrays are copied, tapes are borrowed and must outlive the pair. official may be null. Nearest tokens are found on demand
   and kept. */
PTA_API pta_status pta_vocabulary_pair_create(const pta_vocabulary_view* source, const pta_vocabulary_view* target, const pta_official_view* official,
                                              pta_vocabulary_pair** pair);
PTA_API void pta_vocabulary_pair_destroy(pta_vocabulary_pair* pair); /* null is allowed; no call may be using it */

/* The same of two vocabularies, which the pair keeps. official: 1 with the official view, which is derived from the strings, else 0; map: as in
   pta_official_view, only with official. The longest ordinary token that begins a text (of several the lowest id) stands for the target's encoder until
   pta_vocabulary_pair_set_encoder names one. */
PTA_API pta_status pta_vocabulary_pair_join(const pta_vocabulary* source, const pta_vocabulary* target, int32_t official, const int32_t* map,
                                            pta_vocabulary_pair** pair);

/* The target's encoder: the first token of the tokenization of some text from inside of a document (no space is put before it, none removed), or -1 where
   the encoder leaves nothing of it. The text is bytes [length], length >= 1, and may begin or end in the middle of a character. Any number of threads may
   call it at once; an answer is remembered and must not depend on anything but the text. Another negative number fails the call that asked. */
typedef int32_t (*pta_first_token)(void* user, const uint8_t* text, int32_t length);

/* Gives a pair the target's encoder, which PTA_PROJECTION_BYTE needs; null: the longest ordinary token that begins a text. Once, before the first call that
   needs it and while no call uses the pair; user is handed to the encoder as it is. */
PTA_API pta_status pta_vocabulary_pair_set_encoder(pta_vocabulary_pair* pair, pta_first_token encoder, void* user);

/* Gives a pair the vectors of its tokens, which costs embedding and hybrid need: as many as its vocabularies have ids. Null takes them away. Not while a call
   uses the pair. */
PTA_API pta_status pta_vocabulary_pair_set_embeddings(pta_vocabulary_pair* pair, const pta_embeddings* embeddings);

enum { PTA_PRESET_REFERENCE = 0, PTA_PRESET_PAPER = 1, PTA_PRESET_FUSION = 2 };
enum { PTA_MASS_RENORMALISED = 1, PTA_MASS_TAIL = 2 };
enum { PTA_PROJECTION_TOP1 = 0, PTA_PROJECTION_BYTE = 1, PTA_PROJECTION_TOPK = 2, PTA_PROJECTION_BARYCENTRIC = 3 };
enum { PTA_TRANSFER_PREFIX = 0, PTA_TRANSFER_BOUNDARY = 1 };

enum { /* what costs of presets paper and fusion count */
    PTA_COST_TEXTS = 0,     /* edits between the texts */
    PTA_COST_EMBEDDING = 1, /* hundredths: 0 for the same text, else the cosine distance, at least 1; edits per symbol of the longer text where a token has no vector;
                               200 for a special token and one that it does not match. epsilon and rho are in hundredths too */
    PTA_COST_HYBRID = 2     /* the same of a mean: embedding_share of the cosine distance and the rest of the edits per symbol */
};

typedef struct {
    uint32_t struct_size;
    int32_t preset;         /* PTA_PRESET_*: decides pairing, transfer, cost, columns, transport, projection and unit but for what stands below */
    int32_t mass;           /* PTA_MASS_*: fusion only; reference has its own, paper is renormalised */
    int32_t window;         /* leading candidates used on each side; 0 = all given */
    int32_t fused_k;        /* heaviest tokens kept in a row; 0 = the target's k; not for reference, which keeps all */
    int32_t measure_signal; /* 0 or 1 */
    int32_t max_iterations; /* of the official loop */
    int32_t threads;        /* 1 = the caller's; 0 = one per core */
    double epsilon;
    double tolerance;
    double temperature;
    int32_t projection; /* PTA_PROJECTION_*: top1 alone for reference; byte for fusion only, where it stands for costs and transport (SPEC A3.3) */
    int32_t transfer;   /* PTA_TRANSFER_*: fusion only: rules (a) and (b) of SPEC A3.2, or (a) alone */
    double byte_tail;   /* projection byte: 0..64 bits that each byte beyond the candidate takes from a token that is not among the target's own; else 0 */
    /* A struct_size that ends here is known too, and what follows is then 0. */
    int32_t transport;          /* PTA_TRANSPORT_NONE: the preset's own; PTA_TRANSPORT_UNBALANCED for fusion, but for projection byte */
    int32_t projection_columns; /* PTA_PROJECTION_TOPK: 1..64 columns; else 0 */
    double rho;                 /* > 0: the unbalanced penalty, in the unit of the costs; else 0 */
    int32_t solver;             /* PTA_SOLVER_*: of preset paper's transport; else 0 */
    int32_t cost;               /* PTA_COST_*: other than texts for paper, and for fusion without projection byte */
    int32_t embedding_share;    /* cost hybrid: hundredths, 0..100; else not read */
    int32_t reserved;           /* 0 */
} pta_align_options;

typedef struct { /* one model's view of a document */
    const int32_t* ids;      /* [length] */
    const int32_t* indices;  /* [length, k] candidate ids, best first */
    const double* values;    /* [length, k] their logits */
    const double* lse;       /* [length] log-sum-exp, or null */
    const int32_t* spans;    /* [length][2] byte spans from the encoder, or null */
    int32_t length;          /* >= 1 */
    int32_t k;               /* 1..64 */
} pta_tokenized_document;

typedef struct { /* row t of the target: what was transferred and where it came from */
    int32_t rule;             /* RowRule's number; 0 = nothing was transferred and the row is empty */
    int32_t source_row;       /* or -1 */
    int32_t transport_status; /* PTA_TRANSPORT_*, or -1 where none ran */
    int32_t iterations;
    double missing;           /* missing mass s */
    double kappa;             /* kept share of rule (b); 1 otherwise */
    double signal;            /* teacher signal kept, NaN when not measured */
    double marginal_error;
} pta_row;

typedef struct {
    pta_tokenized_document source;
    pta_tokenized_document target;
    /* preset paper, from the second source on: D_(s-1), whose rows replace the target's top-k as columns; else null */
    const int32_t* prior_starts;  /* [target.length + 1] */
    const int32_t* prior_tokens;  /* [prior_starts[target.length]] */
    const double* prior_values;
    /* results, the caller's memory */
    int64_t capacity;   /* entries of tokens and values; pta_align_capacity says how many are always enough */
    int32_t* starts;    /* [target.length + 1] */
    int32_t* tokens;    /* [capacity] */
    double* values;     /* [capacity] */
    pta_row* rows;      /* [target.length] */
    /* set by the call */
    int32_t status;     /* PTA_OK, or PTA_ERROR_DATA: this document is bad input and its results are unspecified; others are not affected */
    int32_t repaired;   /* 1 if the decoded texts differed and were byte-aligned first */
    int64_t ties;       /* choices of a heaviest column that only the tie rule decided */
    double seconds[5];  /* pairing, mapping, candidates, transport, projection */
} pta_document;

/* Entries that the results of a document of this target length can need at most. */
PTA_API int64_t pta_align_capacity(const pta_align_options* options, int32_t target_length, int32_t source_k, int32_t target_k);

/* Aligns documents [count]. workspace gives the instruction set and this thread's scratch; with threads != 1 more threads take part, longest documents
   first. Rows that nothing was transferred to are empty (reference: rules X and M), and the caller fills in its fallback.
   PTA_OK when every document was aligned, PTA_ERROR_DATA when one was refused; pta_last_error() then speaks of the first refused one. */
PTA_API pta_status pta_align_batch(pta_workspace* workspace, pta_vocabulary_pair* pair, const pta_align_options* options, pta_document* documents,
                                   int64_t count);

#ifdef __cplusplus
}
#endif

#endif
