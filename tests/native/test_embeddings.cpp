// The distances and costs of embedded tokens against plain loops over whole numbers, for every instruction set of this machine; and whole documents that read them:
// the same bits on every instruction set.
#include <cstdio>
#include <cstring>

#include "host/error.h"
#include "host/tokens/embeddings.h"
#include "small_vocabularies.h"

namespace {

long passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s\n", what.c_str());
}

std::vector<const char*> instruction_sets() {
    std::vector<const char*> names;
    for (const char* isa : {"portable", "avx2", "avx512"}) {
        try {
            pta::kernels_for(isa);
            names.push_back(isa);
        } catch (const pta::Error&) { // not on this machine
        }
    }
    return names;
}

// Vectors of one side; some have none.
std::vector<int8_t> draw_vectors(std::mt19937& random, int32_t count, int32_t dimensions, uint32_t kind) {
    std::vector<int8_t> vectors;
    for (int32_t token = 0; token < count; token++) {
        bool none = random() % 9 == 0, alike = random() % 4 == 0;
        for (int32_t d = 0; d < dimensions; d++) {
            int drawn = kind == 0 ? static_cast<int>(random() % 255) - 127 : kind == 1 ? (random() % 2 == 0 ? 127 : -127) : static_cast<int>(random() % 33) - 16;
            int same = kind == 1 ? 127 : 128 * 8 / dimensions;
            vectors.push_back(static_cast<int8_t>(none ? 0 : alike ? same : drawn));
        }
    }
    return vectors;
}

struct Tables {
    int32_t dimensions, source_count, target_count;
    std::vector<int8_t> source, target;
    pta::Embeddings embeddings;

    Tables(std::mt19937& random, int32_t dimensions, int32_t source_count, int32_t target_count, uint32_t kind)
        : dimensions(dimensions), source_count(source_count), target_count(target_count), source(draw_vectors(random, source_count, dimensions, kind)),
          target(draw_vectors(random, target_count, dimensions, kind)), embeddings(view()) {}

    pta_embeddings_view view() const { return {sizeof(pta_embeddings_view), dimensions, source_count, target_count, source.data(), target.data()}; }

    int distance(int32_t s, int32_t t) const {
        if (s < 0 || t < 0)
            return 255;
        const int8_t *x = source.data() + s * dimensions, *y = target.data() + t * dimensions;
        long dot = 0, x_squares = 0, y_squares = 0;
        for (int32_t d = 0; d < dimensions; d++) {
            dot += x[d] * y[d];
            x_squares += x[d] * x[d];
            y_squares += y[d] * y[d];
        }
        if (x_squares == 0 || y_squares == 0)
            return 255;
        return static_cast<int>(std::clamp((100 * (16384 - dot) + 8192) >> 14, 0L, 200L));
    }
};

std::vector<int32_t> draw_tokens(std::mt19937& random, int64_t n, int32_t count) {
    std::vector<int32_t> tokens(static_cast<size_t>(n));
    for (int32_t& token : tokens)
        token = static_cast<int32_t>(random() % static_cast<uint32_t>(count + 1)) - 1;
    return tokens;
}

void test_distances(const char* isa) {
    std::mt19937 random{41};
    pta_workspace workspace(pta::kernels_for(isa));
    for (int round = 0; round < 120; round++) {
        Tables tables(random, 64 * (1 + static_cast<int32_t>(random() % 8)), 40, 50, random() % 3);
        int64_t n = random() % 71, m = random() % 151, stride = m + random() % 4;
        std::vector<int32_t> rows = draw_tokens(random, n, 40), columns = draw_tokens(random, m, 50);
        std::vector<uint8_t> cost(static_cast<size_t>(n * stride) + 8, 77), expected = cost;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < m; j++)
                expected[static_cast<size_t>(i * stride + j)] = static_cast<uint8_t>(tables.distance(rows[static_cast<size_t>(i)], columns[static_cast<size_t>(j)]));
        pta::embedding_distances(workspace, tables.embeddings, rows.data(), n, columns.data(), m, cost.data(), stride);
        check(cost == expected, std::string(isa) + ": distances of " + std::to_string(tables.dimensions) + " dimensions, nothing else written");
    }
}

// One block as it enters the kernel.
struct Block {
    std::vector<int32_t> rows, columns;
    std::vector<pta::TokenSpan> row_texts, column_texts;
    std::vector<uint8_t> cost, expected;
    int64_t stride;
    bool rests;

    Block(std::mt19937& random, const Tables& tables, int share) {
        int32_t n = static_cast<int32_t>(random() % 65), m = static_cast<int32_t>(random() % 65);
        stride = m + random() % 17;
        rests = random() % 5 == 0;
        rows = draw_tokens(random, n, tables.source_count);
        columns = draw_tokens(random, m, tables.target_count);
        auto length = [&] { return static_cast<int32_t>(random() % 30 == 0 ? random() % (pta::EmbeddingBlock::kLongest + 1) : random() % 20); };
        for (int32_t i = 0; i < n; i++)
            row_texts.push_back({nullptr, length()});
        for (int32_t j = 0; j < m; j++)
            column_texts.push_back({nullptr, length()});
        cost.assign(static_cast<size_t>(n * stride) + 8, 3);
        expected = cost;
        for (int32_t i = 0; i < n; i++) {
            for (int32_t j = 0; j < m; j++) {
                size_t at = static_cast<size_t>(i * stride + j), row = static_cast<size_t>(i), column = static_cast<size_t>(j);
                int longer = std::max(row_texts[row].length, column_texts[column].length);
                int edits = static_cast<int>(random() % static_cast<uint32_t>(std::min(longer, 254) + 1));
                int distance = tables.distance(rests ? -1 : rows[row], columns[column]);
                int text = edits == 0 ? 0 : (200 * edits + longer) / (2 * longer);
                int mean = distance == 255 ? text : ((100 - share) * text + share * distance + 50) / 100;
                cost[at] = static_cast<uint8_t>(edits);
                expected[at] = static_cast<uint8_t>(edits == 0 ? 0 : std::max(1, mean));
            }
        }
    }

    pta::EmbeddingBlock view() {
        return {rests ? nullptr : rows.data(), columns.data(), row_texts.data(), column_texts.data(), cost.data(), stride, static_cast<int32_t>(rows.size()),
                static_cast<int32_t>(columns.size())};
    }
};

void test_costs(const char* isa) {
    std::mt19937 random{42};
    pta_workspace workspace(pta::kernels_for(isa));
    for (int round = 0; round < 120; round++) {
        Tables tables(random, 64 * (1 + static_cast<int32_t>(random() % 4)), 40, 50, random() % 3);
        int share = round % 3 == 0 ? 100 : static_cast<int>(random() % 101);
        std::vector<Block> blocks;
        for (int b = 0; b < 4; b++)
            blocks.emplace_back(random, tables, share);
        std::vector<pta::EmbeddingBlock> views;
        for (Block& block : blocks)
            views.push_back(block.view());
        workspace.kernels.embedding_costs(workspace.arena, tables.embeddings.tables(), share, views.data(), static_cast<int64_t>(views.size()));
        for (const Block& block : blocks)
            check(block.cost == block.expected, std::string(isa) + ": costs of share " + std::to_string(share) + ", nothing else written");
    }
}

// Every edit count and length that the quotient in float lanes is good for, at both ends.
void test_quotients(const char* isa) {
    pta_workspace workspace(pta::kernels_for(isa));
    pta::EmbeddingTables none{{nullptr, nullptr}, {nullptr, nullptr}, 64};
    std::vector<int32_t> columns(64, -1);
    long wrong = 0;
    for (int longer = 1; longer <= pta::EmbeddingBlock::kLongest; longer += longer < 300 ? 1 : 37) {
        for (int first = 1; first <= std::min(longer, 254); first += 64) {
            int32_t count = std::min(64, std::min(longer, 254) - first + 1);
            std::vector<uint8_t> cost;
            for (int32_t j = 0; j < count; j++)
                cost.push_back(static_cast<uint8_t>(first + j));
            std::vector<pta::TokenSpan> row{{nullptr, longer}}, others(64, {nullptr, 1});
            pta::EmbeddingBlock block{nullptr, columns.data(), row.data(), others.data(), cost.data(), count, 1, count};
            workspace.kernels.embedding_costs(workspace.arena, none, 40, &block, 1);
            for (int32_t j = 0; j < count; j++)
                wrong += cost[static_cast<size_t>(j)] != std::max(1, (200 * (first + j) + longer) / (2 * longer));
        }
    }
    check(wrong == 0, std::string(isa) + ": edits per symbol, rounded half up: " + std::to_string(wrong) + " are wrong");
}

SmallPair make_pair() {
    std::vector<std::string> tokens{"<s>", "</s>", " "};
    for (char c = 'a'; c <= 'z'; c++)
        tokens.push_back(std::string(1, c));
    std::vector<std::string> source = tokens, target = tokens;
    source.insert(source.end(), {" the", " cat", "cats", " on", "er", "ing", "abc"});
    target.insert(target.end(), {" t", "he", " cat", "at", " o", "ning", "ab"});
    return SmallPair(SmallVocabulary(source, false), SmallVocabulary(target, true));
}

pta_align_options options_of(int preset, int cost) {
    pta_align_options options{};
    options.struct_size = sizeof options;
    options.preset = preset;
    options.mass = PTA_MASS_RENORMALISED;
    options.measure_signal = 1;
    options.threads = 1;
    options.epsilon = cost == PTA_COST_TEXTS ? 1.0 / 30 : 100.0 / 30;
    options.temperature = 1;
    options.cost = cost;
    options.embedding_share = cost == PTA_COST_HYBRID ? 40 : 0;
    return options;
}

std::string aligned(const char* isa, const Tables& tables, const pta_align_options& options) {
    SmallPair pair = make_pair();
    pta_embeddings handle{std::make_shared<const pta::Embeddings>(tables.view())};
    check(pta_vocabulary_pair_set_embeddings(pair.pair.get(), &handle) == PTA_OK, "embeddings are taken");
    pta_workspace workspace(pta::kernels_for(isa));
    std::mt19937 random{9};
    std::string all;
    for (const char* text : {"the cat on the cats", "a zq cat runing", "abcabc the on", "the"}) {
        SmallDocument document(pair, text, text, 10, 9, random);
        pta_document view = document.view(options);
        check(pta_align_batch(&workspace, pair.pair.get(), &options, &view, 1) == PTA_OK, pta_last_error());
        for (int32_t i = 0; i < document.starts.back(); i++) {
            char entry[64];
            std::snprintf(entry, sizeof entry, "%d:%.9f ", document.tokens[static_cast<size_t>(i)], document.values[static_cast<size_t>(i)]);
            all += entry;
        }
    }
    return all;
}

void test_documents(const std::vector<const char*>& isas) {
    std::mt19937 random{7};
    SmallPair pair = make_pair();
    Tables tables(random, 128, static_cast<int32_t>(pair.source.tokens.size()), static_cast<int32_t>(pair.target.tokens.size()), 2);
    for (int preset : {PTA_PRESET_PAPER, PTA_PRESET_FUSION}) {
        std::string by_texts = aligned(isas[0], tables, options_of(preset, PTA_COST_TEXTS));
        for (int cost : {PTA_COST_EMBEDDING, PTA_COST_HYBRID}) {
            std::string expected = aligned(isas[0], tables, options_of(preset, cost));
            check(expected != by_texts, "costs say something else than edits");
            for (const char* isa : isas)
                check(aligned(isa, tables, options_of(preset, cost)) == expected, std::string(isa) + ": documents as on " + isas[0]);
        }
    }
}

void test_refusals() {
    SmallPair pair = make_pair();
    pta_workspace workspace(pta::kernels_for(nullptr));
    std::mt19937 random{3};
    Tables few(random, 64, 2, 2, 0);
    pta_embeddings handle{std::make_shared<const pta::Embeddings>(few.view())};
    auto refused = [&](pta_status status, const std::string& beginning) {
        check(status == PTA_ERROR_ARGUMENT && std::string(pta_last_error()).rfind(beginning, 0) == 0, beginning + ": " + pta_last_error());
    };
    refused(pta_vocabulary_pair_set_embeddings(pair.pair.get(), &handle), "embeddings has vectors for 2 source and 2 target tokens");
    pta_align_options options = options_of(PTA_PRESET_FUSION, PTA_COST_EMBEDDING);
    refused(pta_align_batch(&workspace, pair.pair.get(), &options, nullptr, 0), "pair has no embeddings");
    options.preset = PTA_PRESET_REFERENCE;
    options.tolerance = 1e-5;
    refused(pta_align_batch(&workspace, pair.pair.get(), &options, nullptr, 0), "options.cost is 1; it must be 0..0");
    options = options_of(PTA_PRESET_FUSION, PTA_COST_HYBRID);
    options.embedding_share = 101;
    refused(pta_align_batch(&workspace, pair.pair.get(), &options, nullptr, 0), "options.embedding_share is 101");
    options = options_of(PTA_PRESET_FUSION, PTA_COST_EMBEDDING);
    options.struct_size = offsetof(pta_align_options, transport); // an older caller's struct: what lies behind it is not read
    check(pta_align_batch(&workspace, pair.pair.get(), &options, nullptr, 0) == PTA_OK, "a shorter struct is understood");
    pta_embeddings* made = nullptr;
    pta_embeddings_view view = few.view();
    view.dimensions = 96;
    refused(pta_embeddings_create(&view, &made), "view.dimensions is 96");
    view = few.view();
    view.target = nullptr;
    refused(pta_embeddings_create(&view, &made), "view.target");
    int32_t bad = 2;
    uint8_t cost = 0;
    refused(pta_embedding_costs_u8(&workspace, &handle, &bad, 1, &bad, 1, &cost, 1), "source_tokens[0] is 2; it must be -1..1");
}

} // namespace

int main() {
    std::vector<const char*> isas = instruction_sets();
    for (const char* isa : isas) {
        test_distances(isa);
        test_costs(isa);
        test_quotients(isa);
    }
    test_documents(isas);
    test_refusals();
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
