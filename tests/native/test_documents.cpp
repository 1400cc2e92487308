// Whole documents: what must hold whatever the kernels do. That results equal the plain backend's is tested over both of them, in the managed tests.
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "host/documents/byte_alignment.h"
#include "host/error.h"
#include "host/transport/stable_exp.h"
#include "host/documents/work_stealing.h"
#include "small_vocabularies.h"

namespace {

long passed = 0, failed = 0;

void check(bool ok, const std::string& what) {
    (ok ? passed : failed)++;
    if (!ok && failed <= 20)
        std::printf("FAILED: %s\n", what.c_str());
}

std::vector<std::string> letters_and(std::vector<std::string> words) {
    std::vector<std::string> all{"<s>", "</s>", " "};
    for (char c = 'a'; c <= 'z'; c++)
        all.push_back(std::string(1, c));
    all.insert(all.end(), words.begin(), words.end());
    return all;
}

SmallPair make_pair_of_vocabularies() {
    return SmallPair(SmallVocabulary(letters_and({" the", "the", " cat", "cats", " sat", " on", "er", "in", " mat", "ing", " s", "oning", " window"}), false),
                     SmallVocabulary(letters_and({" t", "he", " cat", "at", " sat", " o", "n", "er", "ning", " ma", "ts", " win", "dow", " a"}), true));
}

std::string random_text(std::mt19937& random, int words) {
    static const char* const list[] = {"the", "cat", "cats", "sat", "on", "mat", "window", "a", "zq", "inner", "running", "he", "mats"};
    std::string text;
    for (int w = 0; w < words; w++)
        text += (w == 0 ? "" : " ") + std::string(list[random() % 13]);
    return text;
}

pta_align_options options_of(int preset, int mass = PTA_MASS_RENORMALISED) {
    pta_align_options options{};
    options.struct_size = sizeof options;
    options.preset = preset;
    options.mass = mass;
    options.window = preset == PTA_PRESET_REFERENCE ? 5 : 0;
    options.measure_signal = 1;
    options.max_iterations = 1'000'000;
    options.threads = 1;
    options.epsilon = 1.0 / 30;
    options.tolerance = 1e-5;
    options.temperature = 1;
    return options;
}

pta_align_options options_by_bytes(double byte_tail, int mass = PTA_MASS_TAIL) {
    pta_align_options options = options_of(PTA_PRESET_FUSION, mass);
    options.projection = PTA_PROJECTION_BYTE;
    options.byte_tail = byte_tail;
    return options;
}

// Everything that a call says of a document, as bytes.
std::string result_of(const SmallDocument& document, const pta_document& view) {
    std::string all = std::to_string(view.status) + " " + std::to_string(view.repaired) + " " + std::to_string(view.ties);
    if (view.status != PTA_OK)
        return all;
    size_t entries = static_cast<size_t>(document.starts.back());
    auto append = [&](const void* data, size_t size) { all.append(static_cast<const char*>(data), size); };
    append(document.starts.data(), document.starts.size() * sizeof(int32_t));
    append(document.tokens.data(), entries * sizeof(int32_t));
    append(document.values.data(), entries * sizeof(double));
    for (const pta_row& row : document.rows)
        append(&row, sizeof row);
    return all;
}

std::vector<std::string> align(pta_workspace& workspace, pta_vocabulary_pair& pair, const pta_align_options& options, std::vector<SmallDocument>& documents,
                               const std::vector<size_t>& order, std::string& error, const SmallDocument* prior = nullptr) {
    std::vector<pta_document> views;
    for (size_t d : order) {
        views.push_back(documents[d].view(options));
        if (prior != nullptr) {
            views.back().prior_starts = prior[d].starts.data();
            views.back().prior_tokens = prior[d].tokens.data();
            views.back().prior_values = prior[d].values.data();
        }
    }
    pta::align_documents(workspace, pair, options, views.data(), static_cast<int64_t>(views.size()), error);
    std::vector<std::string> results(documents.size());
    for (size_t v = 0; v < views.size(); v++)
        results[order[v]] = result_of(documents[order[v]], views[v]);
    return results;
}

void check_rows(const SmallDocument& document, const pta_align_options& options, const std::string& name) {
    for (size_t t = 0; t < document.rows.size(); t++) {
        const pta_row& row = document.rows[t];
        int32_t first = document.starts[t], end = document.starts[t + 1];
        bool transferred = row.source_row >= 0;
        check((first < end) == transferred && first <= end, name + ": empty rows are those without a source row");
        if (!transferred) {
            check(row.transport_status == -1 && std::isnan(row.signal), name + ": an empty row has no transport and no signal");
            continue;
        }
        check(row.signal >= 0 && row.signal <= 1 + 1e-9, name + ": signal");
        if (options.preset == PTA_PRESET_REFERENCE)
            continue;
        double sum = row.missing;
        for (int32_t i = first; i < end; i++) {
            sum += document.values[static_cast<size_t>(i)];
            check(i == first || document.values[static_cast<size_t>(i)] <= document.values[static_cast<size_t>(i) - 1], name + ": heaviest first");
        }
        check(std::fabs(sum - 1) < 1e-12, name + ": masses and what is missing sum to 1");
    }
    check(document.rows.back().source_row < 0 || options.preset == PTA_PRESET_REFERENCE, name + ": the last row never transfers");
}

struct Preset {
    const char* name;
    pta_align_options options;
    bool prior;
};

void test_independence(const char* isa) {
    SmallPair pair = make_pair_of_vocabularies();
    pta_workspace workspace(pta::kernels_for(isa));
    Preset presets[] = {{"reference", options_of(PTA_PRESET_REFERENCE), false},
                        {"paper", options_of(PTA_PRESET_PAPER), false},
                        {"paper after a source", options_of(PTA_PRESET_PAPER), true},
                        {"fusion", options_of(PTA_PRESET_FUSION), false},
                        {"fusion with tail", options_of(PTA_PRESET_FUSION, PTA_MASS_TAIL), false},
                        {"fusion by bytes", options_by_bytes(2), false},
                        {"fusion by bytes, renormalised", options_by_bytes(0, PTA_MASS_RENORMALISED), false}};
    for (Preset& preset : presets) {
        std::mt19937 random{77};
        std::vector<SmallDocument> documents, priors;
        for (int d = 0; d < 60; d++) {
            std::string text = random_text(random, d == 7 ? 1500 : 1 + static_cast<int>(random() % 60));
            documents.emplace_back(pair, text, text, d % 5 == 0 ? 7 : 10, d % 3 == 0 ? 12 : 10, random);
        }
        std::string name = std::string(isa) + " " + preset.name, error;
        std::vector<size_t> order(documents.size()), backwards;
        for (size_t d = 0; d < order.size(); d++)
            order[d] = d;
        backwards.assign(order.rbegin(), order.rend());
        if (preset.prior) {
            align(workspace, *pair.pair, preset.options, documents, order, error);
            priors = documents;
        }
        const SmallDocument* prior = preset.prior ? priors.data() : nullptr;
        std::vector<std::string> expected = align(workspace, *pair.pair, preset.options, documents, order, error, prior);
        check(error.empty(), name + ": " + error);
        long transfers = 0;
        for (const SmallDocument& document : documents) {
            check_rows(document, preset.options, name);
            for (const pta_row& row : document.rows)
                transfers += row.source_row >= 0;
        }
        check(transfers > 1000, name + ": rows are transferred");
        SmallPair fresh = make_pair_of_vocabularies(); // empty maps
        check(align(workspace, *fresh.pair, preset.options, documents, backwards, error, prior) == expected, name + ": backwards, with empty maps");
        for (int threads : {2, 3, 9, 0}) {
            SmallPair other = make_pair_of_vocabularies();
            pta_align_options options = preset.options;
            options.threads = threads;
            check(align(workspace, *other.pair, options, documents, order, error, prior) == expected, name + ": " + std::to_string(threads) + " threads");
        }
        for (size_t d = 0; d < documents.size(); d += 7)
            check(align(workspace, *pair.pair, preset.options, documents, {d}, error, prior)[d] == expected[d], name + ": alone");
    }
}

// Where both sides are the same model, whatever is transferred is what was there.
void test_same_model() {
    SmallVocabulary vocabulary(letters_and({" the", " cat", " on"}), false);
    SmallPair pair{SmallVocabulary(vocabulary.tokens, false), SmallVocabulary(vocabulary.tokens, false)};
    pta_workspace workspace(pta::kernels_for(nullptr));
    std::mt19937 random{5};
    std::string error;
    for (int preset : {PTA_PRESET_PAPER, PTA_PRESET_FUSION}) {
        for (int window : {0, 4}) {
            pta_align_options options = options_of(preset);
            options.window = window;
            std::vector<SmallDocument> documents;
            documents.emplace_back(pair, "the cat on", "the cat on", 6, 6, random);
            documents[0].target = documents[0].source;
            align(workspace, *pair.pair, options, documents, {0}, error);
            const SmallDocument& document = documents[0];
            int32_t used = window == 0 ? 6 : window;
            for (size_t t = 0; t + 1 < document.rows.size(); t++) {
                double sum = 0;
                for (int32_t c = 0; c < used; c++)
                    sum += std::exp(document.source.values[6 * t + static_cast<size_t>(c)]);
                check(document.rows[t].source_row == static_cast<int32_t>(t) && document.starts[t + 1] - document.starts[t] == used, "same model: rows");
                for (int32_t i = document.starts[t]; i < document.starts[t + 1]; i++) {
                    const int32_t* row = document.source.indices.data() + 6 * t;
                    long c = std::find(row, row + used, document.tokens[static_cast<size_t>(i)]) - row;
                    check(c < used && std::fabs(document.values[static_cast<size_t>(i)] - std::exp(document.source.values[6 * t + static_cast<size_t>(c)]) / sum) < 1e-8,
                          "same model: masses");
                }
                check(std::fabs(document.rows[t].signal - 1) < 1e-7, "same model: all of the signal is kept");
            }
        }
    }
}

// Rule (b): the target's boundary lies inside the source token "ab", so that the row before it continues with what its candidates have behind "a".
void test_prefix_rule() {
    SmallPair pair(SmallVocabulary(letters_and({"ab", "ac", "abc"}), false), SmallVocabulary(letters_and({}), false));
    pta_workspace workspace(pta::kernels_for(nullptr));
    std::mt19937 random{1};
    for (double x : {0.5, 3.0}) { // logit of the candidate that does not continue the text
        pta_align_options options = options_of(PTA_PRESET_FUSION, PTA_MASS_TAIL);
        std::vector<SmallDocument> documents;
        documents.emplace_back(pair, "xab", "xab", 4, 4, random);
        SmallView& source = documents[0].source;
        const char* const row[] = {"ab", "ac", "x", "a"};
        for (size_t c = 0; c < 4; c++) {
            source.indices[c] = pair.source.find(row[c]);
            source.values[c] = c == 2 ? x : 0.5 - 0.25 * static_cast<double>(c);
        }
        source.lse[0] = std::log(std::exp(0.5) + std::exp(0.25) + std::exp(x) + std::exp(-0.25) + 1);
        documents[0].target.lse = {9, 9, 9, 9};
        std::string error;
        align(workspace, *pair.pair, options, documents, {0}, error);
        const SmallDocument& document = documents[0];
        double kept = std::exp(0.5) + std::exp(0.25), known = kept + 1; // in units of exp(log-sum-exp); 1 is missing
        const pta_row& about = document.rows[1];
        check(about.rule == 8 && about.source_row == 0 && std::fabs(about.kappa - kept / known) < 1e-12 && std::fabs(about.missing - 1 / known) < 1e-9,
              "prefix rule: kappa and missing mass");
        check(document.starts[2] - document.starts[1] == 2 && document.tokens[static_cast<size_t>(document.starts[1])] == pair.target.find("b") &&
                  std::fabs(document.values[static_cast<size_t>(document.starts[1])] - std::exp(0.5) / known) < 1e-9,
              "prefix rule: rests go to their nearest tokens");
        source.lse[0] += 2; // most of the mass is missing: kappa falls under 0.3
        align(workspace, *pair.pair, options, documents, {0}, error);
        check(document.rows[1].rule == 0 && document.starts[2] == document.starts[1], "prefix rule: too little is known");
    }
}

void test_sizes() {
    SmallPair pair = make_pair_of_vocabularies();
    pta_workspace workspace(pta::kernels_for(nullptr));
    std::mt19937 random{9};
    std::string error;
    constexpr int kByBytes = 3;
    for (int preset : {int{PTA_PRESET_REFERENCE}, int{PTA_PRESET_PAPER}, int{PTA_PRESET_FUSION}, kByBytes}) {
        for (int source_k : {1, 2, 9, 40}) {
            for (int target_k : {1, 3, 40}) {
                for (int window : {0, 1, 3}) {
                    pta_align_options options = preset == kByBytes ? options_by_bytes(window) : options_of(preset, PTA_MASS_TAIL);
                    options.window = preset == PTA_PRESET_REFERENCE ? std::min({window, source_k, target_k}) : window;
                    options.fused_k = window;
                    std::vector<SmallDocument> documents;
                    documents.emplace_back(pair, "the cat sat on the mat", "the cat sat on the mat", source_k, target_k, random);
                    documents.emplace_back(pair, "a", "a", source_k, target_k, random);
                    align(workspace, *pair.pair, options, documents, {0, 1}, error);
                    check(error.empty(), "sizes: " + error);
                    for (const SmallDocument& document : documents)
                        check_rows(document, options, "sizes");
                }
            }
        }
    }
}

// Candidates "a", "ab" and "z" (0.5, 0.2, 0.1; 0.2 is missing) of a target with the tokens a, ab, abc, b that has a alone among its own.
void test_byte_projection() {
    SmallPair pair(SmallVocabulary({"<s>", "</s>", "a", "ab", "z"}, false), SmallVocabulary({"<s>", "</s>", "a", "ab", "abc", "b"}, false));
    pta_workspace workspace(pta::kernels_for(nullptr));
    std::mt19937 random{2};
    for (double byte_tail : {0.0, 1.0}) {
        std::vector<SmallDocument> documents;
        documents.emplace_back(pair, "ab", "ab", 3, 1, random);
        SmallView &source = documents[0].source, &target = documents[0].target;
        source.ids = {2, 2, 1};
        target.ids = {2, 2, 1};
        source.indices = {2, 3, 4, 2, 3, 4, 2, 3, 4};
        source.values.clear();
        for (int row = 0; row < 3; row++) {
            for (double mass : {0.5, 0.2, 0.1})
                source.values.push_back(std::log(mass));
        }
        source.lse = {0, 0, 0};
        target.indices = {2, 2, 2};
        target.values = {1, 1, 1};
        target.lse = {1, 1, 1};
        pta_align_options options = options_by_bytes(byte_tail);
        options.fused_k = 2;
        std::string error;
        align(workspace, *pair.pair, options, documents, {0}, error);
        // a shares with ab and abc, which cost one and two bytes more; ab with abc; nothing begins with z, so that the rest is scaled up to 0.8.
        double e = std::exp(-1), d = std::exp2(-byte_tail), whole = 1 + e * d + e * d * d;
        double a = 0.5 / whole, ab = 0.5 * e * d / whole + 0.2 / (1 + d), scale = 0.8 / 0.7;
        const SmallDocument& document = documents[0];
        check(error.empty() && document.starts[1] == 2 && document.tokens[0] == 2 && document.tokens[1] == 3, "byte projection: the heaviest tokens " + error);
        check(std::fabs(document.values[0] - a * scale) < 1e-12 && std::fabs(document.values[1] - ab * scale) < 1e-12, "byte projection: shares");
        check(std::fabs(document.rows[0].missing - (1 - (a + ab) * scale)) < 1e-12, "byte projection: what is cut is missing");
    }

    SmallPair failing(SmallVocabulary({"<s>", "</s>", "a"}, false), SmallVocabulary({"<s>", "</s>", "a"}, false));
    failing.pair->byte_fits = std::make_unique<pta::ByteFits>(failing.pair->source, failing.pair->target, [](void*, const uint8_t*, int32_t) { return -2; }, nullptr);
    std::vector<SmallDocument> documents;
    documents.emplace_back(failing, "aa", "aa", 1, 1, random);
    std::string error;
    bool thrown = false;
    try {
        align(workspace, *failing.pair, options_by_bytes(0), documents, {0}, error);
    } catch (const pta::Error& failure) {
        thrown = failure.status == PTA_ERROR_ARGUMENT && std::strstr(failure.what(), "first token of 1 bytes is -2") != nullptr;
    }
    check(thrown, "byte projection: an encoder that fails ends the call");
}

void test_refusals() {
    SmallPair pair = make_pair_of_vocabularies();
    pta_workspace workspace(pta::kernels_for(nullptr));
    std::mt19937 random{31};
    for (int preset : {PTA_PRESET_REFERENCE, PTA_PRESET_PAPER, PTA_PRESET_FUSION}) {
        pta_align_options options = options_of(preset, PTA_MASS_TAIL);
        std::vector<SmallDocument> documents;
        for (int d = 0; d < 12; d++) {
            std::string text = random_text(random, 40);
            documents.emplace_back(pair, text, text, 10, 10, random);
        }
        std::vector<size_t> order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
        std::string error;
        std::vector<std::string> good = align(workspace, *pair.pair, options, documents, order, error);
        documents[9].source.ids[3] = 1000;
        documents[5].target.indices[25] = -1;
        size_t first = 5;
        if (preset != PTA_PRESET_REFERENCE) {
            documents[3].source.values[34] = std::nan("");
            documents[10].source.ids = pair.source.encode("something else altogether zzzzzzzzzzzzzzzzzzzzzzzzzzzz", true);
            documents[10].source.indices.resize(documents[10].source.ids.size() * 10, 3);
            documents[10].source.values.resize(documents[10].source.ids.size() * 10, 0);
            documents[10].source.lse.resize(documents[10].source.ids.size(), 3);
            first = 3;
        }
        std::vector<std::string> mixed = align(workspace, *pair.pair, options, documents, order, error);
        check(error.find("document " + std::to_string(first) + ": row " + (first == 3 ? "3, column 4" : "2, column 5")) == 0, "refusals: " + error);
        for (size_t d = 0; d < documents.size(); d++) {
            bool refused = d == 9 || d == 5 || (preset != PTA_PRESET_REFERENCE && (d == 3 || d == 10));
            check(refused ? mixed[d].find("-5 ") == 0 : mixed[d] == good[d], "refusals: document " + std::to_string(d));
        }
    }

    pta_align_options options = options_of(PTA_PRESET_REFERENCE);
    std::vector<SmallDocument> documents;
    documents.emplace_back(pair, "the cat sat on the mat", "the cat sat on the mat", 10, 10, random);
    std::string error;
    options.max_iterations = 1;
    align(workspace, *pair.pair, options, documents, {0}, error);
    check(error.find("has not stopped after 1 iterations") != std::string::npos, "iteration limit: " + error);

    options.max_iterations = 1000;
    pta_document view = documents[0].view(options);
    view.capacity = 3;
    bool thrown = false;
    try {
        pta::align_documents(workspace, *pair.pair, options, &view, 1, error);
    } catch (const pta::Error& e) {
        thrown = e.status == PTA_ERROR_ARGUMENT;
    }
    check(thrown, "a capacity that is too small is an error of the call");

    options = options_of(PTA_PRESET_FUSION);
    error.clear();
    documents[0] = SmallDocument(pair, "the cat sat on the mat and the cat", "the cat sat on the mat ane the cat", 10, 10, random);
    view = documents[0].view(options);
    pta::align_documents(workspace, *pair.pair, options, &view, 1, error);
    check(view.status == PTA_OK && view.repaired == 1, "a small difference is repaired: " + error);
    documents[0] = SmallDocument(pair, "the cat sat on the mat and the cat sat", "the cat sat on the mat and", 10, 10, random);
    view = documents[0].view(options);
    pta::align_documents(workspace, *pair.pair, options, &view, 1, error);
    check(view.status == PTA_ERROR_DATA && error.find("the target's text stops after 26 of 38 bytes") != std::string::npos, "truncated: " + error);
}

// A full table with the same preferences: traced from the end, target gaps before source gaps before pairs.
std::vector<int32_t> plain_match(const std::string& s, const std::string& t, int& distance) {
    size_t n = s.size(), m = t.size();
    std::vector<std::vector<int>> d(n + 1, std::vector<int>(m + 1));
    for (size_t i = 0; i <= n; i++) {
        for (size_t j = 0; j <= m; j++)
            d[i][j] = i == 0 ? static_cast<int>(j) : j == 0 ? static_cast<int>(i) : std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (s[i - 1] != t[j - 1])});
    }
    distance = d[n][m];
    std::vector<int32_t> match(m, -1);
    for (size_t i = n, j = m; i > 0 || j > 0;) {
        if (j > 0 && d[i][j] == d[i][j - 1] + 1) {
            j--;
        } else if (i > 0 && d[i][j] == d[i - 1][j] + 1) {
            i--;
        } else {
            i--;
            j--;
            if (s[i] == t[j])
                match[j] = static_cast<int32_t>(i);
        }
    }
    return match;
}

void test_byte_alignment() {
    std::mt19937 random{12};
    for (int round = 0; round < 400; round++) {
        std::string s, t;
        for (uint32_t i = random() % 120; i > 0; i--)
            s += static_cast<char>('a' + random() % 4);
        t = s;
        for (uint32_t edits = random() % 25; edits > 0; edits--) {
            size_t at = random() % (t.size() + 1);
            if (random() % 2 == 0 && at < t.size())
                t.erase(at, 1);
            else
                t.insert(at, 1, static_cast<char>('a' + random() % 4));
        }
        int expected;
        std::vector<int32_t> plain = plain_match(s, t, expected), match(t.size() + 1);
        int32_t limit = static_cast<int32_t>(random() % 30), distance;
        bool found = pta::align_bytes(reinterpret_cast<const uint8_t*>(s.data()), static_cast<int32_t>(s.size()), reinterpret_cast<const uint8_t*>(t.data()),
                                      static_cast<int32_t>(t.size()), limit, match.data(), distance);
        check(found == (expected <= limit), "byte alignment: found within the limit");
        match.resize(t.size());
        check(found ? distance == expected && match == plain : distance <= expected, "byte alignment: " + s + " " + t);
    }
}

void test_threads() {
    for (int threads : {1, 2, 8}) {
        std::vector<int> seen(1000);
        pta::run_items(threads, 1000, [&](int32_t, int64_t item) { seen[static_cast<size_t>(item)]++; });
        check(std::count(seen.begin(), seen.end(), 1) == 1000, "threads: every item once");
        bool thrown = false;
        try {
            pta::run_items(threads, 1000, [](int32_t, int64_t item) {
                if (item == 400)
                    throw std::runtime_error("400");
            });
        } catch (const std::runtime_error& error) {
            thrown = std::string(error.what()) == "400";
        }
        check(thrown, "threads: an exception reaches the caller");
    }
}

void test_exponentials(const char* isa) {
    const pta::KernelTable& kernels = pta::kernels_for(isa);
    std::mt19937_64 random{3};
    const double special[] = {0.0, -0.0, 1.0, -1.0, 708.5, -708.5, -745.2, 710.0, 1e300, -1e300, INFINITY, -INFINITY, std::nan(""), 1e-300, 707.70327135170};
    std::vector<double> x;
    for (int i = 0; i < 60000; i++)
        x.push_back(i % 50 == 0 ? special[random() % 15] : std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 14) - 68));
    for (size_t n : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9}, size_t{31}, x.size()}) {
        std::vector<double> result(n);
        kernels.exponentials(x.data(), result.data(), static_cast<int64_t>(n));
        long different = 0;
        for (size_t i = 0; i < n; i++) {
            double expected = pta::stable_exp(x[i]);
            different += std::memcmp(&expected, &result[i], sizeof expected) != 0 && !(std::isnan(expected) && std::isnan(result[i]));
        }
        check(different == 0, std::string(isa) + ": exponentials have the bits of stable_exp");
    }
}

} // namespace

int main() {
    test_byte_alignment();
    test_threads();
    test_same_model();
    test_prefix_rule();
    test_byte_projection();
    test_sizes();
    test_refusals();
    for (const char* isa : {"portable", "avx2", "avx512"}) {
        try {
            pta::kernels_for(isa);
        } catch (const pta::Error&) {
            continue; // not on this machine
        }
        test_exponentials(isa);
        test_independence(isa);
    }
    std::printf("%ld passed, %ld failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
