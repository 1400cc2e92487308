#include "host/documents/nearest_map.h"

#include <algorithm>
#include <cstring>

#include "host/documents/document_text.h"
#include "host/tokens/nearest.h"

namespace pta {

NearestMap::NearestMap(const Tape& source, const Tape& target)
    : source_(&source), target_(&target), nearest_(new std::atomic<int32_t>[static_cast<size_t>(source.count)]) {
    for (int32_t t = 0; t < source.count; t++)
        nearest_[t].store(kUnresolved, std::memory_order_relaxed);
}

NearestMap::NearestMap(const int32_t* complete, int32_t source_count) : nearest_(new std::atomic<int32_t>[static_cast<size_t>(source_count)]) {
    for (int32_t t = 0; t < source_count; t++)
        nearest_[t].store(std::max(complete[t], kNone), std::memory_order_relaxed);
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

struct NearestTexts::Entry {
    Entry* next;
    uint32_t hash;
    int32_t nearest;
    int32_t length; // of the text without the space
    bool space;
    uint8_t text[1]; // [length]
};

namespace {
uint32_t hash_of(const NearestTexts::Query& query) {
    uint64_t hash = query.space ? 0x9E3779B97F4A7C15u : 0xC2B2AE3D27D4EB4Fu;
    int32_t i = 0;
    for (; i + 8 <= query.length; i += 8) {
        uint64_t word;
        std::memcpy(&word, query.text + i, 8);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    uint64_t rest = static_cast<uint64_t>(query.length) << 56;
    for (int32_t shift = 0; i < query.length; i++, shift += 8)
        rest ^= static_cast<uint64_t>(query.text[i]) << shift;
    hash = (hash ^ rest) * 0xD6E8FEB86659FD93u;
    return static_cast<uint32_t>(hash >> 32);
}
} // namespace

NearestTexts::NearestTexts() : buckets_(new std::atomic<Entry*>[kBuckets]()) {}

NearestTexts::~NearestTexts() {
    for (uint32_t b = 0; b < kBuckets; b++) {
        for (Entry* entry = buckets_[b].load(std::memory_order_relaxed); entry != nullptr;) {
            Entry* next = entry->next;
            ::operator delete(entry);
            entry = next;
        }
    }
}

const NearestTexts::Entry* NearestTexts::lookup(uint32_t hash, const Query& query) const {
    const Entry* entry = buckets_[hash % kBuckets].load(std::memory_order_acquire);
    for (; entry != nullptr; entry = entry->next) {
        if (entry->hash == hash && entry->length == query.length && entry->space == query.space &&
            std::memcmp(entry->text, query.text, static_cast<size_t>(query.length)) == 0)
            return entry;
    }
    return nullptr;
}

void NearestTexts::insert(uint32_t hash, const Query& query) {
    auto* entry = static_cast<Entry*>(::operator new(sizeof(Entry) + static_cast<size_t>(query.length)));
    *entry = {nullptr, hash, query.nearest, query.length, query.space, {0}};
    std::memcpy(entry->text, query.text, static_cast<size_t>(query.length));
    std::atomic<Entry*>& bucket = buckets_[hash % kBuckets];
    entry->next = bucket.load(std::memory_order_relaxed);
    // Two threads may both add a text; both entries say the same.
    while (!bucket.compare_exchange_weak(entry->next, entry, std::memory_order_release, std::memory_order_relaxed)) {
    }
}

void NearestTexts::find(Workspace& workspace, const Tape& target, Query* queries, int64_t count) {
    std::vector<int64_t> missing;
    for (int64_t q = 0; q < count; q++) {
        const Entry* entry = lookup(hash_of(queries[q]), queries[q]);
        if (entry != nullptr)
            queries[q].nearest = entry->nearest;
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
            insert(hash_of(query), query);
    }
}

} // namespace pta
