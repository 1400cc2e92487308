/* Aligns two tokenizations of "the cats sat": a source model's candidates become a distribution over the target's tokens.
     cc align.c $(pkg-config --cflags --libs ptakernels) -o align && ./align */
#include <ptakernels.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define K 3

/* Token strings by id; "_" is the word marker of this sketch. The source cuts words where the target does not. */
static const char* const source_tokens[] = {"</s>", "the", "_cat", "s", "_sat", "_dog", "_cats", "_ran", "_on"};
static const char* const target_tokens[] = {"</s>", "the", "_cats", "_sat", "_dogs", "_cat", "_on", "_ran", "s"};

static void require(int holds) {
    if (!holds) {
        fprintf(stderr, "align: %s\n", pta_last_error());
        exit(1);
    }
}

static pta_vocabulary* vocabulary_of(const char* const* tokens, int32_t count) {
    char strings[128] = "";
    int32_t offsets[16] = {0};
    uint8_t roles[16] = {PTA_ROLE_EOS};
    for (int32_t id = 0; id < count; id++) {
        strcat(strings, tokens[id]);
        offsets[id + 1] = (int32_t)strlen(strings);
    }
    pta_token_strings view = {sizeof view, count, strings, offsets, roles, NULL, NULL, "_", PTA_STYLE_SENTENCEPIECE, 0};
    pta_vocabulary* vocabulary = NULL;
    require(pta_vocabulary_create(&view, &vocabulary) >= 0);
    return vocabulary;
}

int main(void) {
    pta_vocabulary *source = vocabulary_of(source_tokens, 9), *target = vocabulary_of(target_tokens, 9);
    pta_vocabulary_pair* pair = NULL;
    require(pta_vocabulary_pair_join(source, target, 0, NULL, &pair) >= 0);

    /* Row t holds the candidates for the token after position t, best first, as logits with their log-sum-exp. */
    const int32_t source_ids[] = {1, 2, 3, 4, 0}, target_ids[] = {1, 2, 3, 0};
    const int32_t source_indices[][K] = {{2, 5, 6}, {3, 4, 7}, {4, 7, 8}, {8, 0, 3}, {0, 1, 2}};
    const double source_values[][K] = {{2, 1, 0}, {2, 0, -1}, {3, 1, 0}, {1, 1, 0}, {1, 0, 0}}, source_lse[] = {2.7, 2.4, 3.4, 2.1, 2};
    const int32_t target_indices[][K] = {{5, 4, 2}, {3, 7, 6}, {6, 0, 3}, {0, 1, 2}};
    const double target_values[][K] = {{1, 1, 0}, {2, 1, 0}, {1, 0, 0}, {1, 0, 0}}, target_lse[] = {2, 2.6, 2, 2};

    /* Preset fusion: byte boundaries, true probabilities, and the target tokens that begin a candidate's bytes. */
    pta_align_options options = {0};
    options.struct_size = sizeof options;
    options.preset = PTA_PRESET_FUSION;
    options.mass = PTA_MASS_TAIL;
    options.threads = 1;
    options.epsilon = 1.0 / 30;
    options.temperature = 1;
    options.projection = PTA_PROJECTION_BYTE;
    options.byte_tail = 2;

    int64_t capacity = pta_align_capacity(&options, 4, K, K);
    int32_t starts[5], *tokens = malloc((size_t)capacity * sizeof *tokens);
    double* values = malloc((size_t)capacity * sizeof *values);
    pta_row rows[4];
    pta_document document = {0};
    document.source = (pta_tokenized_document){source_ids, source_indices[0], source_values[0], source_lse, NULL, 5, K};
    document.target = (pta_tokenized_document){target_ids, target_indices[0], target_values[0], target_lse, NULL, 4, K};
    document.capacity = capacity;
    document.starts = starts;
    document.tokens = tokens;
    document.values = values;
    document.rows = rows;

    pta_workspace* workspace = NULL;
    require(pta_workspace_create(NULL, &workspace) >= 0);
    require(pta_align_batch(workspace, pair, &options, &document, 1) >= 0);
    for (int t = 0; t < 4; t++) {
        printf("after %-6s", target_tokens[target_ids[t]]);
        for (int32_t i = starts[t]; i < starts[t + 1]; i++)
            printf("  %s %.3f", target_tokens[tokens[i]], values[i]);
        printf(starts[t] == starts[t + 1] ? "  no row of the source reaches here\n" : "  (missing %.3f, source row %d)\n", rows[t].missing, rows[t].source_row);
    }
    free(tokens);
    free(values);
    pta_workspace_destroy(workspace);
    pta_vocabulary_pair_destroy(pair);
    pta_vocabulary_destroy(source);
    pta_vocabulary_destroy(target);
    return 0;
}
