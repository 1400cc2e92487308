#include "host/documents/nearest_map.h"

#include <algorithm>
#include <cstring>

#include "host/tokens/symbols.h"
#include "host/tokens/nearest.h"

namespace pta {

NearestMap::NearestMap(const Tape& source, const Tape& target)
    : source_(&source), target_(&target), nearest_(new std::atomic<int32_t>[static_cast<size_t>(source.count)]) {
    for (int32_t t = 0; t < source.count; t++)
        nearest_[t].store(kUnresolved, std::memory_order_relaxed);
}

NearestMap::NearestMap(const int32_t* complete, int32_t source_count) : nearest_(new std::atomic<int32_t>[static_cast<size_t>(source_count)]) {
    for (int32_t t = 0; t < source_count; t++)
        nearest_[t].store(complete[t], std::memory_order_relaxed);
}

void NearestMap::resolve(Workspace& workspace, std::vector<int32_t>& tokens) {
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(), [&](int32_t token) { return knows(token); }), tokens.end());
    if (tokens.empty())
        return;
    std::sort(tokens.begin(), tokens.end());
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    Arena::Scope scope(workspace.arena);
    int64_t count = static_cast<int64_t>(tokens.size());
    int32_t* nearest = workspace.arena.take<int32_t>(count);
    int32_t* distance = workspace.arena.take<int32_t>(count);
    find_nearest(workspace, *source_, tokens.data(), count, *target_, nearest, distance);
    for (int64_t i = 0; i < count; i++)
        nearest_[tokens[i]].store(nearest[i], std::memory_order_relaxed);
}

void NearestTexts::find(Workspace& workspace, const Tape& target, Query* queries, int64_t count) {
    std::vector<int64_t> missing;
    for (int64_t q = 0; q < count; q++) {
        const int32_t* nearest = known_.find(key_of(queries[q]));
        if (nearest != nullptr)
            queries[q].nearest = *nearest;
        else
            missing.push_back(q);
    }
    if (missing.empty())
        return;
    // One text is searched once, however often it is asked for.
    auto order = [&](int64_t x, int64_t y) {
        const Query &a = queries[x], &b = queries[y];
        if (a.length != b.length || a.space != b.space)
            return a.length != b.length ? a.length < b.length : a.space < b.space;
        return std::memcmp(a.text, b.text, static_cast<size_t>(a.length)) < 0;
    };
    std::sort(missing.begin(), missing.end(), order);
    std::vector<int32_t> symbols, offsets{0}, index(missing.size());
    for (size_t i = 0; i < missing.size(); i++) {
        if (i == 0 || order(missing[i - 1], missing[i])) {
            const Query& query = queries[missing[i]];
            if (query.space)
                symbols.push_back(' ');
            append_symbols(query.text, query.length, symbols);
            offsets.push_back(static_cast<int32_t>(symbols.size()));
        }
        index[i] = static_cast<int32_t>(offsets.size()) - 2;
    }
    pta_tape_view view{sizeof(pta_tape_view), static_cast<int32_t>(offsets.size()) - 1, symbols.data(), offsets.data(), nullptr};
    Tape texts(view);
    std::vector<int32_t> ids(static_cast<size_t>(view.count)), nearest(ids.size()), distance(ids.size());
    for (int32_t i = 0; i < view.count; i++)
        ids[static_cast<size_t>(i)] = i;
    find_nearest(workspace, texts, ids.data(), view.count, target, nearest.data(), distance.data());
    for (size_t i = 0; i < missing.size(); i++) {
        Query& query = queries[missing[i]];
        query.nearest = nearest[static_cast<size_t>(index[i])];
        if (i == 0 || index[i] != index[i - 1])
            known_.add(key_of(query), query.nearest);
    }
}

} // namespace pta
