/* Maps a vocabulary: the nearest target token of every source token, as the official vocabulary mapping finds it. Files hold one token string per line, by id.
     cc map.c $(pkg-config --cflags --libs ptakernels) -o map && ./map source.txt target.txt */
#include <ptakernels.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(int holds, const char* what) {
    if (!holds) {
        fprintf(stderr, "map: %s\n", what);
        exit(1);
    }
}

/* A file of lines as a vocabulary; the first line with a U+0120 in it says that the tokenizer works on bytes. */
static pta_vocabulary* read_vocabulary(const char* path, char** strings, int32_t** offsets) {
    FILE* file = fopen(path, "rb");
    require(file != NULL, "a file cannot be opened; name two files of token strings.");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    *strings = malloc((size_t)size + 1);
    *offsets = malloc(((size_t)size + 2) * sizeof **offsets);
    require(*strings != NULL && *offsets != NULL && fread(*strings, 1, (size_t)size, file) == (size_t)size, "a file cannot be read.");
    fclose(file);
    (*strings)[size] = 0;

    pta_token_strings tokens = {0};
    tokens.struct_size = sizeof tokens;
    tokens.style = strstr(*strings, "\xC4\xA0") != NULL ? PTA_STYLE_BYTE_LEVEL : PTA_STYLE_SENTENCEPIECE;
    int32_t length = 0;
    (*offsets)[0] = 0;
    for (long i = 0; i < size; i++) { /* the strings move together as the ends of lines go */
        if ((*strings)[i] == '\n')
            (*offsets)[++tokens.count] = length;
        else
            (*strings)[length++] = (*strings)[i];
    }
    tokens.strings = *strings;
    tokens.string_offsets = *offsets;
    pta_vocabulary* vocabulary = NULL;
    require(pta_vocabulary_create(&tokens, &vocabulary) >= 0, pta_last_error());
    return vocabulary;
}

int main(int count, char** arguments) {
    require(count == 3, "name two files of token strings, the source's and the target's.");
    char* strings[2];
    int32_t* offsets[2];
    pta_vocabulary* source = read_vocabulary(arguments[1], &strings[0], &offsets[0]);
    pta_vocabulary* target = read_vocabulary(arguments[2], &strings[1], &offsets[1]);
    int32_t n = pta_vocabulary_count(source);
    int32_t* arrays = malloc(3 * (size_t)n * sizeof *arrays);
    require(arrays != NULL, "out of memory.");
    int32_t *tokens = arrays, *nearest = arrays + n, *distance = arrays + 2 * n;
    for (int32_t id = 0; id < n; id++)
        tokens[id] = id;

    pta_workspace* workspace = NULL;
    require(pta_workspace_create(NULL, &workspace) >= 0, pta_last_error());
    require(pta_find_official_map(workspace, source, target, tokens, n, nearest, distance) >= 0, pta_last_error());
    for (int32_t id = 0; id < n; id++) {
        int32_t to = nearest[id];
        printf("%.*s\t%.*s\t%d\n", offsets[0][id + 1] - offsets[0][id], strings[0] + offsets[0][id], offsets[1][to + 1] - offsets[1][to],
               strings[1] + offsets[1][to], distance[id]);
    }
    pta_workspace_destroy(workspace);
    pta_vocabulary_destroy(source);
    pta_vocabulary_destroy(target);
    for (int i = 0; i < 2; i++) {
        free(strings[i]);
        free(offsets[i]);
    }
    free(arrays);
    return 0;
}
