#include "host/arena.h"

#include <cstdlib>
#include <new>

namespace pta {

namespace {
constexpr size_t kAlignment = 64;
constexpr size_t kFirstBlock = size_t{1} << 18;
} // namespace

Arena::~Arena() {
    for (int32_t i = 0; i < blocks_made_; i++)
        std::free(blocks_[i].memory);
}

void* Arena::take_bytes(int64_t count, size_t size) {
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow(static_cast<size_t>(count), size, &bytes) || bytes > SIZE_MAX / 4)
        throw std::bad_alloc();
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    while (block_ < blocks_made_ && blocks_[block_].size - used_ < bytes) {
        block_++;
        used_ = 0;
    }
    if (block_ == blocks_made_) {
        if (blocks_made_ == kMostBlocks)
            throw std::bad_alloc();
        size_t wanted = blocks_made_ == 0 ? kFirstBlock : 2 * blocks_[blocks_made_ - 1].size;
        if (wanted < bytes)
            wanted = bytes;
        void* memory = nullptr;
        if (posix_memalign(&memory, kAlignment, wanted) != 0)
            throw std::bad_alloc();
        blocks_[blocks_made_++] = {static_cast<uint8_t*>(memory), wanted};
        used_ = 0;
    }
    void* result = blocks_[block_].memory + used_;
    used_ += bytes;
    return result;
}

} // namespace pta
