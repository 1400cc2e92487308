// pta_vocabulary_pair_create, pta_align_batch: documented statuses, results inside their capacity, rows that are distributions, and the same bytes
// from two threads.
#include "fuzz.h"

#include <cmath>
#include <cstddef>

namespace {

constexpr int32_t kTokens = 24;

// A vocabulary over a small byte alphabet; token 0 is special.
struct Vocabulary {
    explicit Vocabulary(fuzz::Input& input) {
        static const char letters[] = "ab \xC3\xA9\xFFq";
        std::vector<int32_t> symbols, offsets{0};
        std::vector<uint8_t> roles;
        byte_offsets.push_back(0);
        for (int32_t t = 0; t < kTokens; t++) {
            bool special = t == 0, hole = t == kTokens - 1 && input.chance();
            int32_t length = special || hole ? 0 : 1 + input.below(3);
            for (int32_t s = 0; s < length; s++) {
                uint8_t letter = static_cast<uint8_t>(letters[input.byte() % 7]);
                bytes.push_back(letter);
                symbols.push_back(letter < 128 ? letter : 0xDC00 + letter);
            }
            if (special)
                symbols.push_back('<');
            roles.push_back(special ? PTA_ROLE_SPECIAL | PTA_ROLE_EOS : hole ? PTA_ROLE_HOLE : 0);
            offsets.push_back(static_cast<int32_t>(symbols.size()));
            byte_offsets.push_back(static_cast<int32_t>(bytes.size()));
        }
        pta_tape_view tape_view{sizeof(pta_tape_view), kTokens, symbols.data(), offsets.data(), roles.data()};
        pta_tape* made = nullptr;
        REQUIRE(pta_tape_create(&tape_view, &made) == PTA_OK);
        texts.reset(made);
        for (int32_t t = 0; t < kTokens; t++) {
            same.push_back(input.chance() ? -1 : t);
            owner.push_back(input.chance() ? -1 : t);
            marker.push_back(input.byte() & 1);
        }
        view = {sizeof(pta_vocabulary_view), kTokens, texts.get(), bytes.data(), byte_offsets.data(), input.byte() & 1, 0};
    }

    fuzz::Handle<pta_tape> texts;
    std::vector<uint8_t> bytes, marker;
    std::vector<int32_t> byte_offsets, same, owner;
    pta_vocabulary_view view{};
};

struct Side {
    std::vector<int32_t> ids, indices;
    std::vector<double> values, lse;
    int32_t k = 1;

    pta_tokenized_document view(bool with_lse) const {
        return {ids.data(), indices.data(), values.data(), with_lse ? lse.data() : nullptr, nullptr, static_cast<int32_t>(ids.size()), k};
    }
};

Side side(fuzz::Input& input, const std::vector<int32_t>& ids) {
    Side s;
    s.ids = ids;
    s.k = 1 + input.below(5);
    for (size_t t = 0; t < ids.size(); t++) {
        double logit = 2;
        for (int32_t c = 0; c < s.k; c++) {
            s.indices.push_back(input.below(kTokens - 1));
            s.values.push_back(logit);
            logit -= input.byte() / 64.0;
        }
        s.lse.push_back(3 + input.byte() / 32.0);
    }
    if (input.chance())
        s.indices[0] = input.below(400) - 200;
    if (input.chance())
        s.values[0] = input.real();
    return s;
}

// Any token or none, and now and then what is no token: of the text's bytes alone.
int32_t first_token(void*, const uint8_t* text, int32_t length) { return (text[0] * 7 + text[length - 1] + length) % (kTokens + 3) - 2; }

// One copy for the life of the process.
const pta_embeddings* vectors() {
    static const fuzz::Handle<pta_embeddings> made = [] {
        std::vector<int8_t> numbers(64 * kTokens);
        for (size_t i = 0; i < numbers.size(); i++)
            numbers[i] = static_cast<int8_t>(i / 64 % 5 == 0 ? 0 : static_cast<int>(i * i % 65) - 32);
        pta_embeddings_view view{sizeof view, 64, kTokens, kTokens, numbers.data(), numbers.data()};
        pta_embeddings* embeddings = nullptr;
        fuzz::answered(pta_embeddings_create(&view, &embeddings));
        return fuzz::Handle<pta_embeddings>(embeddings);
    }();
    return made.get();
}

struct Result {
    std::vector<int32_t> starts, tokens;
    std::vector<double> values;
    std::vector<pta_row> rows;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0)
        return 0;
    // What decides the path comes first, where a short input reaches it.
    fuzz::Input input(data, size);
    input.never_ends();
    pta_align_options options{};
    options.struct_size = sizeof options;
    options.preset = input.below(2);
    options.mass = 1 + input.below(1);
    options.window = input.below(4);
    options.fused_k = input.below(4);
    options.measure_signal = input.byte() & 1;
    options.max_iterations = 1 + input.below(500);
    options.threads = 1;
    options.epsilon = 1.0 / 30;
    options.tolerance = 1e-5;
    options.temperature = 1;
    if (input.coin()) {
        options.preset = PTA_PRESET_FUSION;
        options.projection = PTA_PROJECTION_BYTE;
        options.transfer = input.byte() & 1;
        options.byte_tail = input.chance() ? input.real() : input.below(8) / 2.0;
    }
    if (input.coin()) { // the plans and projections beside the presets' own
        options.preset = 1 + input.below(1);
        options.byte_tail = 0;
        options.projection = input.below(3);
        options.projection_columns = options.projection == PTA_PROJECTION_TOPK ? 1 + input.below(6) : 0;
        options.transport = options.preset == PTA_PRESET_FUSION && input.coin() ? PTA_TRANSPORT_UNBALANCED : PTA_TRANSPORT_NONE;
        options.rho = options.transport == PTA_TRANSPORT_NONE ? 0 : input.chance() ? input.real() : 0.05;
        options.solver = options.preset == PTA_PRESET_PAPER ? input.below(1) : 0;
    }
    if (input.chance()) // the older struct
        options.struct_size = offsetof(pta_align_options, transport);
    if (input.chance())
        options.preset = input.below(8) - 2;
    if (input.chance())
        options.temperature = input.real();
    const bool semantic = options.preset != PTA_PRESET_REFERENCE && options.projection != PTA_PROJECTION_BYTE && input.coin();
    if (semantic) {
        options.cost = input.chance() ? input.below(8) - 2 : 1 + input.below(1);
        options.embedding_share = input.chance() ? input.below(120) - 10 : input.below(100);
    }

    pta_workspace* workspace = fuzz::workspace(input);
    Vocabulary source(input), target(input);
    pta_official_view official{sizeof(pta_official_view), 0, source.texts.get(), target.texts.get(), source.texts.get(), target.texts.get(),
                               target.texts.get(), source.same.data(), source.same.data(), source.owner.data(), target.marker.data(),
                               input.chance() ? source.same.data() : nullptr};
    pta_vocabulary_pair* made = nullptr;
    if (!fuzz::answered(pta_vocabulary_pair_create(&source.view, &target.view, input.chance() ? nullptr : &official, &made)))
        return 0;
    fuzz::Handle<pta_vocabulary_pair> pair(made);

    if (input.chance())
        fuzz::answered(pta_vocabulary_pair_set_encoder(pair.get(), &first_token, nullptr));
    if (semantic && !input.chance())
        fuzz::answered(pta_vocabulary_pair_set_embeddings(pair.get(), vectors()));

    constexpr int64_t documents = 3;
    std::vector<Side> sources, targets;
    for (int64_t d = 0; d < documents; d++) {
        // The target repeats the source's tokens where it can, so that texts are often equal.
        std::vector<int32_t> ids = fuzz::ids(input, 1 + input.below(30), kTokens);
        sources.push_back(side(input, ids));
        targets.push_back(side(input, input.chance() ? fuzz::ids(input, 1 + input.below(30), kTokens) : ids));
    }

    std::vector<Result> first;
    pta_status first_status = PTA_OK;
    for (int32_t threads : {1, 2}) {
        options.threads = threads;
        std::vector<Result> results(documents);
        std::vector<pta_document> views(documents);
        for (size_t d = 0; d < documents; d++) {
            Result& result = results[d];
            pta_document& view = views[d];
            view = {};
            view.source = sources[d].view((data[0] & 1) != 0);
            view.target = targets[d].view((data[0] & 2) != 0);
            int64_t capacity = pta_align_capacity(&options, view.target.length, view.source.k, view.target.k);
            view.capacity = capacity;
            size_t length = static_cast<size_t>(view.target.length);
            result.starts.resize(length + 1);
            result.tokens.resize(capacity > 0 ? static_cast<size_t>(capacity) : 0);
            result.values.resize(result.tokens.size());
            result.rows.resize(length);
            view.starts = result.starts.data();
            view.tokens = result.tokens.data();
            view.values = result.values.data();
            view.rows = result.rows.data();
        }
        pta_status status = pta_align_batch(workspace, pair.get(), &options, views.data(), documents);
        fuzz::answered(status);
        if (status != PTA_OK && status != PTA_ERROR_DATA) {
            REQUIRE(threads == 1 || status == first_status);
            first_status = status;
            continue;
        }
        for (size_t d = 0; d < documents; d++) {
            if (views[d].status != PTA_OK)
                continue;
            const Result& result = results[d];
            REQUIRE(result.starts[0] == 0 && result.starts.back() <= views[d].capacity);
            for (size_t t = 0; t < result.rows.size(); t++) {
                REQUIRE(result.starts[t] <= result.starts[t + 1]);
                double sum = result.rows[t].missing;
                for (int32_t e = result.starts[t]; e < result.starts[t + 1]; e++) {
                    REQUIRE(result.tokens[static_cast<size_t>(e)] >= 0 && result.tokens[static_cast<size_t>(e)] < kTokens);
                    sum += result.values[static_cast<size_t>(e)];
                }
                bool empty = result.starts[t] == result.starts[t + 1];
                REQUIRE(empty || options.preset == PTA_PRESET_REFERENCE || std::fabs(sum - 1) <= 1e-6);
            }
            if (threads == 2 && d < first.size()) {
                REQUIRE(result.starts == first[d].starts);
                size_t entries = static_cast<size_t>(result.starts.back());
                REQUIRE(std::memcmp(result.tokens.data(), first[d].tokens.data(), entries * sizeof(int32_t)) == 0);
                REQUIRE(std::memcmp(result.values.data(), first[d].values.data(), entries * sizeof(double)) == 0);
            }
        }
        REQUIRE(threads == 1 || status == first_status);
        first_status = status;
        first = std::move(results);
    }
    return 0;
}
