// Scratch memory of one workspace: bump allocation in 64-byte aligned blocks, kept from call to call.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pta {

class Arena {
public:
    Arena() = default;
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;
    ~Arena();

    // Uninitialised memory, 64-byte aligned, valid until the scope that was open at the call ends. Throws std::bad_alloc.
    template <class T> T* take(int64_t count) { return static_cast<T*>(take_bytes(count, sizeof(T))); }

    // Everything taken inside a scope is given back at its end.
    class Scope {
    public:
        explicit Scope(Arena& arena) : arena_(arena), block_(arena.block_), used_(arena.used_) {}
        ~Scope() { arena_.block_ = block_; arena_.used_ = used_; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Arena& arena_;
        int32_t block_;
        size_t used_;
    };

private:
    void* take_bytes(int64_t count, size_t size);

    struct Block { uint8_t* memory; size_t size; };
    static constexpr int32_t kMostBlocks = 40; // each at least twice the one before
    Block blocks_[kMostBlocks] = {};
    int32_t blocks_made_ = 0;
    int32_t block_ = 0;
    size_t used_ = 0;
};

} // namespace pta
