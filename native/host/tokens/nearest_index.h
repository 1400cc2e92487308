// What the nearest-token search knows of a target tape. Plain pointers: kernels include this file once per instruction set.
#pragma once
#include <cstdint>

#include "kernels/kernel_table.h"

struct pta_tape;

namespace pta {

// Classes that occur: the 63 most frequent ones each by a bit of their own, the others one bit for every 64th.
struct ClassSet {
    uint64_t frequent, others;

    void add(uint32_t code) { (code < 64 ? frequent : others) |= uint64_t{1} << code % 64; }
};

// Ordinary tokens of one length, packed for lanes that are as wide as the length is long: 256 lanes of 8 bits up to 8 symbols, 128 of 16, 64 of 32,
// 32 of 64. rows holds, per class that occurs, the bits of the positions where each lane's token has it; row 0 is empty.
struct NearestBlock {
    static constexpr int32_t kRowBytes = 256;
    static constexpr int32_t kLongest = 64;
    static constexpr int32_t kDirect = 256;

    const uint8_t* rows;    // [][kRowBytes], 64-byte aligned
    const uint16_t* direct; // [kDirect] row of a class, 0 where it does not occur
    const uint32_t* others; // hash table of the classes from kDirect on: class << 16 | row; 0 is a free place
    uint32_t others_mask;
    const int32_t* tokens; // [count]
    int32_t count;
    int32_t first;    // their smallest id
    int32_t disorder; // 0 if tokens ascend, else 1
    ClassSet classes;

    static uint32_t place_of(uint32_t code) { return code * 40503u >> 5; }
};

// Ordinary tokens of one length.
struct NearestClass {
    const int32_t* tokens; // [count], in id order
    int32_t count;
    int32_t first_block, end_block; // none above NearestBlock::kLongest symbols, nor on a tape whose alphabet overflows
};

// Symbol strings at distance 0 and 1 by hash: every token under its own string, tokens of up to kKeyedLength symbols also under the strings that
// leave one symbol out. Two strings of distance 1 share such a string; hashes only propose, symbols decide.
struct NearestKeys {
    static constexpr int32_t kKeyedLength = 24;
    static constexpr uint32_t kShortened = 0x80000000;
    struct Entry {
        uint32_t tag;
        uint32_t token; // with kShortened where the string is not the token's own
    };

    const uint32_t* starts; // [buckets + 1]
    const Entry* entries;   // per bucket: own strings by id, then the shortened ones by id
    const uint64_t* filter; // one bit per key: most strings that are asked for are nobody's
    int32_t shift;          // bucket = hash >> shift
    int32_t filter_shift;
};

struct NearestIndex {
    explicit NearestIndex(const pta_tape& tape);
    ~NearestIndex();
    NearestIndex(const NearestIndex&) = delete;
    NearestIndex& operator=(const NearestIndex&) = delete;

    const NearestClass* classes = nullptr; // [longest + 1]
    const NearestBlock* blocks = nullptr;
    const int32_t* specials = nullptr; // in id order
    const uint16_t* codes = nullptr;   // the tape's own: classes of token t from offsets[t] on
    const int32_t* offsets = nullptr;
    NearestKeys keys{};
    int32_t specials_count = 0;
    int32_t longest = -1;     // symbols of the longest ordinary token, -1 if there is none
    int32_t alphabet = 1;     // largest class + 1

    struct Storage;
    Storage* storage = nullptr;
};

// What hashes tell of a token: the exact hit, else the smallest id at distance 1, else -1. No token is nearer than least.
struct NearestGuess {
    int32_t token;
    int32_t distance; // INT32_MAX if there is no token
    int32_t least;
};

// Guesses for ordinary tokens of source; n is at most kGuesses.
constexpr int32_t kGuesses = 16;
void guess_nearest(const NearestIndex& index, const pta_tape& target, const pta_tape& source, const int32_t* source_tokens, int32_t n,
                   NearestGuess* guesses);

} // namespace pta
