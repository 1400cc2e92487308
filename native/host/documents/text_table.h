// What is remembered of texts, by their bytes and whether a space stands before them. Entries are published whole and never change, so reading needs no lock.
#pragma once
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace pta {

struct TextKey {
    const uint8_t* text;
    int32_t length;
    bool space; // a space stands before the text
};

uint32_t hash_of(const TextKey& key);

template <class Value> class TextTable {
public:
    TextTable() : buckets_(new std::atomic<Entry*>[kBuckets]()) {}
    TextTable(const TextTable&) = delete;
    TextTable& operator=(const TextTable&) = delete;

    ~TextTable() {
        for (uint32_t b = 0; b < kBuckets; b++) {
            for (Entry* entry = buckets_[b].load(std::memory_order_relaxed); entry != nullptr;) {
                Entry* next = entry->next;
                entry->~Entry();
                ::operator delete(entry);
                entry = next;
            }
        }
    }

    // What was added for a text, or null.
    const Value* find(const TextKey& key) const {
        uint32_t hash = hash_of(key);
        for (const Entry* entry = buckets_[hash % kBuckets].load(std::memory_order_acquire); entry != nullptr; entry = entry->next) {
            if (entry->hash == hash && entry->length == key.length && entry->space == key.space &&
                std::memcmp(entry->text, key.text, static_cast<size_t>(key.length)) == 0)
                return &entry->value;
        }
        return nullptr;
    }

    // Two threads may both add a text; both entries must say the same, and either is found from then on.
    const Value& add(const TextKey& key, Value value) {
        uint32_t hash = hash_of(key);
        auto* entry = new (::operator new(sizeof(Entry) + static_cast<size_t>(key.length))) Entry{nullptr, hash, key.length, key.space, std::move(value), {0}};
        std::memcpy(entry->text, key.text, static_cast<size_t>(key.length));
        std::atomic<Entry*>& bucket = buckets_[hash % kBuckets];
        entry->next = bucket.load(std::memory_order_relaxed);
        while (!bucket.compare_exchange_weak(entry->next, entry, std::memory_order_release, std::memory_order_relaxed)) {
        }
        return entry->value;
    }

private:
    struct Entry {
        Entry* next;
        uint32_t hash;
        int32_t length; // of the text without the space
        bool space;
        Value value;
        uint8_t text[1]; // [length]
    };

    static constexpr uint32_t kBuckets = 1u << 15;
    std::unique_ptr<std::atomic<Entry*>[]> buckets_;
};

} // namespace pta
