#include "host/tokens/nearest_index.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "host/tokens/nearest_keys.h"
#include "host/tokens/tape.h"

namespace pta {

struct NearestIndex::Storage {
    std::vector<int32_t> specials;
    std::vector<int32_t> ordinary; // in id order
    std::vector<int32_t> by_length; // ordinary tokens, then by id
    std::vector<NearestClass> classes;
    std::vector<int32_t> lanes; // tokens of blocks
    std::vector<NearestBlock> blocks;
    std::vector<uint16_t> direct;
    std::vector<uint32_t> others;
    std::unique_ptr<uint8_t, decltype(&std::free)> rows{nullptr, &std::free};
    NearestKeyTable keys;
};

namespace {

constexpr int32_t kRowBytes = NearestBlock::kRowBytes;

int32_t lane_bytes(int32_t length) { return length <= 8 ? 1 : length <= 16 ? 2 : length <= 32 ? 4 : 8; }

// Specials, and the ordinary tokens by length.
void classify(const Tape& tape, NearestIndex::Storage& storage) {
    std::vector<int32_t> ends;
    for (int32_t token = 0; token < tape.count; token++) {
        if (!tape.is_hole(token) && !tape.is_special(token)) {
            storage.ordinary.push_back(token);
            size_t length = static_cast<size_t>(tape.length_of(token));
            if (ends.size() <= length)
                ends.resize(length + 1);
            ends[length]++;
        } else if (!tape.is_hole(token)) {
            storage.specials.push_back(token);
        }
    }
    storage.classes.resize(ends.size());
    int32_t begin = 0;
    for (size_t length = 0; length < ends.size(); length++) {
        storage.classes[length] = {nullptr, ends[length], 0, 0};
        std::swap(begin, ends[length]);
        begin += ends[length];
    }
    storage.by_length.resize(storage.ordinary.size());
    for (size_t length = 0; length < ends.size(); length++)
        storage.classes[length].tokens = storage.by_length.data() + ends[length];
    for (int32_t token : storage.ordinary)
        storage.by_length[static_cast<size_t>(ends[static_cast<size_t>(tape.length_of(token))]++)] = token;
}

// Lane order: id order, but tokens whose rarest symbol is of another script go behind, script by script. A block then knows few classes, and a query
// of one script passes by the blocks of the others.
void order_lanes(const Tape& tape, const int32_t* tokens, int32_t count, std::vector<uint64_t>& foreign, int32_t* lanes) {
    foreign.clear();
    int32_t kept = 0;
    for (int32_t k = 0; k < count; k++) {
        TokenSpan span = tape.span_of(tokens[k]);
        int32_t rarest = 0;
        for (int32_t p = 1; p < span.length; p++)
            if (span.codes[p] > span.codes[rarest])
                rarest = p;
        uint32_t script = span.length == 0 ? 0 : static_cast<uint32_t>(tape.symbols_of(tokens[k])[rarest]) >> 7;
        if (script == 0)
            lanes[kept++] = tokens[k];
        else
            foreign.push_back(uint64_t{script} << 32 | static_cast<uint32_t>(tokens[k]));
    }
    std::sort(foreign.begin(), foreign.end());
    for (uint64_t entry : foreign)
        lanes[kept++] = static_cast<int32_t>(static_cast<uint32_t>(entry));
}

// The distinct classes of a block, in order of first appearance; seen[code] == mark tells those that are in it.
void collect_codes(const Tape& tape, const NearestBlock& block, std::vector<int32_t>& seen, int32_t mark, std::vector<uint16_t>& codes) {
    codes.clear();
    for (int32_t k = 0; k < block.count; k++) {
        TokenSpan span = tape.span_of(block.tokens[k]);
        for (int32_t p = 0; p < span.length; p++) {
            if (seen[span.codes[p]] == mark)
                continue;
            seen[span.codes[p]] = mark;
            codes.push_back(span.codes[p]);
        }
    }
}

uint32_t others_size(const std::vector<uint16_t>& codes) {
    auto others = std::count_if(codes.begin(), codes.end(), [](uint16_t code) { return code >= NearestBlock::kDirect; });
    uint32_t size = 1;
    while (size < 2 * static_cast<uint32_t>(others) + 1) // a free place always remains, so that look-ups end
        size *= 2;
    return size;
}

void make_blocks(const Tape& tape, NearestIndex::Storage& storage) {
    storage.lanes.resize(storage.by_length.size());
    std::vector<uint64_t> foreign;
    int32_t* lanes = storage.lanes.data();
    for (size_t length = 0; length < storage.classes.size() && length <= NearestBlock::kLongest; length++) {
        NearestClass& tokens = storage.classes[length];
        order_lanes(tape, tokens.tokens, tokens.count, foreign, lanes);
        tokens.first_block = static_cast<int32_t>(storage.blocks.size());
        int32_t most = kRowBytes / lane_bytes(static_cast<int32_t>(length));
        for (int32_t begin = 0; begin < tokens.count; begin += most) {
            NearestBlock block{};
            block.tokens = lanes + begin;
            block.count = std::min(most, tokens.count - begin);
            block.first = *std::min_element(block.tokens, block.tokens + block.count);
            block.disorder = std::is_sorted(block.tokens, block.tokens + block.count) ? 0 : 1;
            storage.blocks.push_back(block);
        }
        tokens.end_block = static_cast<int32_t>(storage.blocks.size());
        lanes += tokens.count;
    }

    // Sizes first: the blocks point into arrays that must not move.
    std::vector<int32_t> seen(static_cast<size_t>(tape.alphabet.size()), -1);
    std::vector<uint16_t> codes;
    size_t rows = 0, others = 0;
    int32_t mark = 0;
    for (NearestBlock& block : storage.blocks) {
        collect_codes(tape, block, seen, mark++, codes);
        uint32_t size = others_size(codes);
        block.others_mask = size - 1;
        others += size;
        rows += codes.size() + 1;
    }
    storage.others.resize(others);
    storage.direct.resize(storage.blocks.size() * NearestBlock::kDirect);
    storage.rows.reset(static_cast<uint8_t*>(std::calloc(rows * kRowBytes + 63, 1)));
    if (!storage.rows)
        throw std::bad_alloc();
    uint8_t* row = storage.rows.get() + (64 - reinterpret_cast<uintptr_t>(storage.rows.get()) % 64) % 64;

    uint16_t* direct = storage.direct.data();
    uint32_t* places = storage.others.data();
    std::vector<uint16_t> row_of(static_cast<size_t>(tape.alphabet.size()));
    for (NearestBlock& block : storage.blocks) {
        block.rows = row;
        block.direct = direct;
        block.others = places;
        collect_codes(tape, block, seen, mark++, codes);
        for (size_t r = 0; r < codes.size(); r++) {
            block.classes.add(codes[r]);
            row_of[codes[r]] = static_cast<uint16_t>(r + 1); // at most 2,048 classes in 2,048 positions
            if (codes[r] < NearestBlock::kDirect) {
                direct[codes[r]] = static_cast<uint16_t>(r + 1);
                continue;
            }
            uint32_t place = NearestBlock::place_of(codes[r]) & block.others_mask;
            while (places[place] != 0)
                place = (place + 1) & block.others_mask;
            places[place] = uint32_t{codes[r]} << 16 | static_cast<uint32_t>(r + 1);
        }
        int32_t bytes = lane_bytes(tape.length_of(block.tokens[0]));
        for (int32_t k = 0; k < block.count; k++) {
            TokenSpan span = tape.span_of(block.tokens[k]);
            for (int32_t p = 0; p < span.length; p++) // little-endian lanes: bit p of a lane is in its byte p / 8
                row[row_of[span.codes[p]] * kRowBytes + k * bytes + p / 8] |= static_cast<uint8_t>(1 << p % 8);
        }
        row += (codes.size() + 1) * kRowBytes;
        direct += NearestBlock::kDirect;
        places += block.others_mask + 1;
    }
}

} // namespace

NearestIndex::NearestIndex(const Tape& tape) {
    auto made = std::make_unique<Storage>();
    classify(tape, *made);
    if (!tape.alphabet.overflow())
        make_blocks(tape, *made);
    made->keys.build(tape, made->ordinary);
    classes = made->classes.data();
    blocks = made->blocks.data();
    specials = made->specials.data();
    codes = tape.codes.data();
    offsets = tape.offsets.data();
    specials_count = static_cast<int32_t>(made->specials.size());
    longest = static_cast<int32_t>(made->classes.size()) - 1;
    alphabet = tape.alphabet.size();
    keys = made->keys.view();
    storage = made.release();
}

NearestIndex::~NearestIndex() { delete storage; }

} // namespace pta

const pta::NearestIndex& pta_tape::nearest_index() const {
    const pta::NearestIndex* built = nearest_built_.load(std::memory_order_acquire);
    if (built != nullptr)
        return *built;
    std::lock_guard<std::mutex> lock(nearest_mutex_);
    if (!nearest_)
        nearest_ = std::make_unique<pta::NearestIndex>(*this);
    nearest_built_.store(nearest_.get(), std::memory_order_release);
    return *nearest_;
}
