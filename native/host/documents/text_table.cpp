#include "host/documents/text_table.h"

namespace pta {

uint32_t hash_of(const TextKey& key) {
    uint64_t hash = key.space ? 0x9E3779B97F4A7C15u : 0xC2B2AE3D27D4EB4Fu;
    int32_t i = 0;
    for (; i + 8 <= key.length; i += 8) {
        uint64_t word;
        std::memcpy(&word, key.text + i, 8);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    uint64_t rest = static_cast<uint64_t>(key.length) << 56;
    for (int32_t shift = 0; i < key.length; i++, shift += 8)
        rest ^= static_cast<uint64_t>(key.text[i]) << shift;
    hash = (hash ^ rest) * 0xD6E8FEB86659FD93u;
    return static_cast<uint32_t>(hash >> 32);
}

} // namespace pta
