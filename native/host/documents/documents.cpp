#include "host/documents/documents.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "host/documents/documents_run.h"
#include "host/documents/work_stealing.h"

namespace pta {

namespace {

constexpr int64_t kItemTokens = 4096; // target tokens that go through the stages together

// Runs of documents, the longest documents first: they would hold up the end.
std::vector<DocumentState> longest_first(pta_document* documents, int64_t count) {
    std::vector<DocumentState> states(static_cast<size_t>(count));
    for (int64_t d = 0; d < count; d++) {
        states[static_cast<size_t>(d)].document = documents + d;
        states[static_cast<size_t>(d)].index = d;
    }
    std::stable_sort(states.begin(), states.end(), [](const DocumentState& x, const DocumentState& y) { return x.length() > y.length(); });
    return states;
}

// First document of each item, and the end.
std::vector<int64_t> cut_items(const std::vector<DocumentState>& states) {
    std::vector<int64_t> starts{0};
    int64_t tokens = 0, count = static_cast<int64_t>(states.size());
    for (int64_t d = 0; d < count; d++) {
        tokens += states[static_cast<size_t>(d)].length();
        if (tokens >= kItemTokens && d + 1 < count) {
            starts.push_back(d + 1);
            tokens = 0;
        }
    }
    starts.push_back(count);
    return starts;
}

} // namespace

bool align_documents(Workspace& workspace, pta_vocabulary_pair& pair, const pta_align_options& options, pta_document* documents, int64_t count,
                     std::string& first_error) {
    AlignSettings settings(options);
    if (settings.reference() && pair.official == nullptr)
        throw_argument("preset reference needs the official strings; create the vocabulary pair with them.");
    if (count == 0)
        return true;
    std::vector<DocumentState> states = longest_first(documents, count);
    std::vector<int64_t> starts = cut_items(states);
    int64_t items = static_cast<int64_t>(starts.size()) - 1;
    int32_t threads = static_cast<int32_t>(std::min<int64_t>(options.threads == 0 ? available_cores() : options.threads, items));
    std::vector<std::unique_ptr<Workspace>> others(static_cast<size_t>(std::max(threads, 1)));
    run_items(threads, items, [&](int32_t worker, int64_t item) {
        std::unique_ptr<Workspace>& own = others[static_cast<size_t>(worker)];
        if (worker > 0 && own == nullptr)
            own = std::make_unique<Workspace>(workspace.kernels);
        DocumentsRun run(worker == 0 ? workspace : *own, pair, settings);
        int64_t first = starts[static_cast<size_t>(item)];
        run.align(states.data() + first, starts[static_cast<size_t>(item) + 1] - first);
    });

    const DocumentState* refused = nullptr;
    for (const DocumentState& state : states) {
        state.document->status = state.refused ? PTA_ERROR_DATA : PTA_OK;
        if (state.refused && (refused == nullptr || state.index < refused->index))
            refused = &state;
    }
    if (refused != nullptr)
        first_error = "document " + std::to_string(refused->index) + ": " + refused->refusal;
    return refused == nullptr;
}

int64_t align_capacity(const pta_align_options& options, int32_t target_length, int32_t source_k, int32_t target_k) {
    AlignSettings settings(options);
    // Where each source candidate goes to a few columns a row holds at most so many tokens.
    int32_t most = settings.reference() ? source_k : settings.kept(target_k);
    if (!settings.reference() && (options.projection == PTA_PROJECTION_TOP1 || options.projection == PTA_PROJECTION_TOPK))
        most = std::min(most, settings.used(source_k) * std::max(1, options.projection_columns));
    return int64_t{target_length} * most;
}

} // namespace pta
