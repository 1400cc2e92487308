// The nearest token of each query. Length classes are walked outwards from the query's own length: a class at a gap of d holds no distance below d, so
// the walk ends when d passes the best. Within a class every block of tokens meets every query that it can still improve. Tokens are the patterns, one
// per lane; the query is the text, and queries that begin alike share the columns of what they have in common.
#include "kernels/nearest_long.inl.h"

static constexpr int kNearestVectors = 4; // in flight: a step is a chain of about seven operations, four chains keep the ports busy
static constexpr int kNearestShared = 15; // columns kept for the next query

struct NearestOpen {
    NearestQuery* query;
    const uint16_t* codes; // of the query, beside those of its neighbours
    ClassSet classes;
    int32_t shared; // leading classes in common with the one before, at most kNearestShared
};

struct NearestVisit {
    NearestQuery* query;
    const uint16_t* codes;
    int32_t shared;
};

// Queries of one length that a gap leaves open, and scratch.
struct NearestBatch {
    NearestOpen* open;
    int32_t count;
    int32_t query_length;
    NearestVisit* visits; // [count]
    uint64_t* masks;      // [alphabet] zeros, and
    int8_t* deltas;       // [longest]: scratch of search_long, taken at its first use
};

// Largest distance that a token with these ids would have to keep to: a smaller id wins a tie, a larger one must be strictly nearer.
static inline int32_t most_allowed(const NearestQuery& query, int32_t smallest_id) { return query.distance - (smallest_id > query.token ? 1 : 0); }

static inline int32_t row_of(const NearestBlock& block, uint32_t code) {
    if (code < static_cast<uint32_t>(NearestBlock::kDirect))
        return block.direct[code];
    uint32_t place = NearestBlock::place_of(code) & block.others_mask;
    while (block.others[place] != 0 && block.others[place] >> 16 != code)
        place = (place + 1) & block.others_mask;
    return static_cast<int32_t>(block.others[place] & 0xFFFF);
}

// A bound on distance - query_length, which is at most 64 either way.
template <class T> static inline Vec<T> bound_of(int32_t most, int32_t query_length) {
    const int32_t bound = most - query_length;
    return every_lane(static_cast<T>(bound < -100 ? -100 : bound > 100 ? 100 : bound));
}

// Takes the best of one vector's tokens; change holds distance - query_length. Each improvement narrows what is looked at further.
template <class T>
static void take_hits(const NearestBlock& block, int32_t first_lane, uint64_t hits, Vec<T> change, int32_t query_length, NearestQuery& query) {
    const int32_t lanes = block.count - first_lane;
    const uint64_t present = lanes <= 0 ? 0 : lanes < 64 ? (uint64_t{1} << lanes) - 1 : ~uint64_t{0};
    T changes[kLanes<T>];
    store(changes, change);
    for (hits &= present; hits != 0;) {
        const int32_t lane = __builtin_ctzll(hits);
        const int32_t token = block.tokens[first_lane + lane];
        const int32_t distance = query_length + static_cast<int8_t>(changes[lane]);
        hits &= hits - 1;
        if (distance < query.distance || (distance == query.distance && token < query.token)) {
            query.distance = distance;
            query.token = token;
            hits &= lanes_at_most<T>(change, bound_of<T>(distance - 1 + block.disorder, query_length));
        }
    }
}

static inline int32_t lacking_at_least(const ClassSet& wanted, const ClassSet& present) {
    return __builtin_popcountll(wanted.frequent & ~present.frequent) + __builtin_popcountll(wanted.others & ~present.others);
}

// The queries that a block can still improve. No branch depends on the data: most of them would be mispredicted.
static int32_t choose_visits(const NearestBlock& block, int32_t length, const NearestBatch& batch) {
    const int32_t longer = length > batch.query_length ? length - batch.query_length : 0;
    const int32_t gap = length > batch.query_length ? longer : batch.query_length - length;
    int32_t count = 0, shared = 0;
    for (int32_t k = 0; k < batch.count; k++) {
        const NearestOpen& open = batch.open[k];
        const int32_t most = most_allowed(*open.query, block.first);
        // Each class of the query that no token here has takes an edit, as does each symbol that a longer token has in excess.
        const int32_t lacking = longer + lacking_at_least(open.classes, block.classes);
        const bool visit = (gap <= most) & (open.query->least <= most) & (lacking <= most);
        shared = shared < open.shared ? shared : open.shared;
        batch.visits[count] = {open.query, open.codes, shared};
        count += visit;
        shared = visit ? kNearestShared : shared;
    }
    return count;
}

template <class T> static void scan_block(const NearestBlock& block, int32_t length, const NearestBatch& batch) {
    using V = Vec<T>;
    static_assert(NearestBlock::kRowBytes % (kNearestVectors * kVectorBytes) == 0, "a row is a whole number of rounds");
    const int32_t query_length = batch.query_length;
    const int32_t visits = choose_visits(block, length, batch);
    const V mask = every_lane(static_cast<T>(length == 0 ? 0 : ~uint64_t{0} >> (64 - length)));
    MyersColumn<V> kept[kNearestShared + 2][kNearestVectors]; // after so many classes of the query; the last place is for all that are not kept
    for (int v = 0; v < kNearestVectors; v++)
        kept[0][v] = myers_begin(mask);

    for (int32_t first_lane = 0; first_lane < block.count; first_lane += kNearestVectors * kLanes<T>) {
        const uint8_t* rows = block.rows + static_cast<size_t>(first_lane) * sizeof(T);
        int32_t valid = 0; // columns in kept
        for (int32_t k = 0; k < visits; k++) {
            NearestQuery& query = *batch.visits[k].query;
            const uint16_t* codes = batch.visits[k].codes;
            valid = valid < batch.visits[k].shared ? valid : batch.visits[k].shared;
            MyersColumn<V> column[kNearestVectors];
#pragma GCC unroll 4
            for (int v = 0; v < kNearestVectors; v++)
                column[v] = kept[valid][v];
            for (int32_t i = valid; i < query_length; i++) {
                const uint8_t* row = rows + row_of(block, codes[i]) * NearestBlock::kRowBytes;
                MyersColumn<V>* keep = kept[i < kNearestShared ? i + 1 : kNearestShared + 1];
#pragma GCC unroll 4
                for (int v = 0; v < kNearestVectors; v++) {
                    myers_step(column[v], load<V>(row + v * kVectorBytes));
                    keep[v] = column[v];
                }
            }
            valid = kNearestShared; // the next visit's share of it bounds this

            const V bound = bound_of<T>(most_allowed(query, block.first), query_length);
            V change[kNearestVectors];
            uint64_t hits[kNearestVectors];
#pragma GCC unroll 4
            for (int v = 0; v < kNearestVectors; v++) {
                change[v] = bit_count(column[v].positive & mask) - bit_count(column[v].negative & mask);
                hits[v] = lanes_at_most<T>(change[v], bound);
            }
            if ((hits[0] | hits[1] | hits[2] | hits[3]) == 0)
                continue;
            for (int v = 0; v < kNearestVectors; v++) {
                const V narrowed = bound_of<T>(most_allowed(query, block.first), query_length);
                take_hits<T>(block, first_lane + v * kLanes<T>, lanes_at_most<T>(change[v], narrowed), change[v], query_length, query);
            }
        }
    }
}

static void scan_class(Arena& arena, const NearestIndex& index, int32_t length, NearestBatch& batch) {
    if (length < 0 || length > index.longest)
        return;
    const NearestClass& tokens = index.classes[length];
    if (length > NearestBlock::kLongest) {
        if (tokens.count > 0 && batch.masks == nullptr) {
            batch.deltas = arena.take<int8_t>(index.longest);
            batch.masks = arena.take<uint64_t>(index.alphabet);
            __builtin_memset(batch.masks, 0, static_cast<size_t>(index.alphabet) * sizeof(uint64_t));
        }
        for (int32_t k = 0; k < batch.count; k++)
            search_long(tokens, index, length, batch.deltas, batch.masks, *batch.open[k].query);
        return;
    }
    for (int32_t b = tokens.first_block; b < tokens.end_block; b++) {
        if (length <= 8)
            scan_block<uint8_t>(index.blocks[b], length, batch);
        else if (length <= 16)
            scan_block<uint16_t>(index.blocks[b], length, batch);
        else if (length <= 32)
            scan_block<uint32_t>(index.blocks[b], length, batch);
        else
            scan_block<uint64_t>(index.blocks[b], length, batch);
    }
}

static int32_t common_prefix(TokenSpan x, TokenSpan y) {
    int32_t p = 0;
    while (p < kNearestShared && p < x.length && p < y.length && x.codes[p] == y.codes[p])
        p++;
    return p;
}

// Queries of one length, outwards from that length.
static void walk_classes(Arena& arena, const NearestIndex& index, NearestBatch& batch) {
    const int32_t length = batch.query_length;
    const int32_t last = length > index.longest ? length : index.longest;
    for (int32_t gap = 0; gap <= last && batch.count > 0; gap++) {
        scan_class(arena, index, length - gap, batch);
        if (gap > 0)
            scan_class(arena, index, length + gap, batch);
        // A tie of the next gap may still win by its id.
        int32_t left = 0, shared = 0;
        for (int32_t k = 0; k < batch.count; k++) {
            NearestOpen open = batch.open[k];
            shared = shared < open.shared ? shared : open.shared;
            open.shared = shared;
            const int32_t most = most_allowed(*open.query, 0);
            batch.open[left] = open;
            const bool stays = (gap < most) & (open.query->least <= most);
            left += stays;
            shared = stays ? kNearestShared : shared;
        }
        batch.count = left;
    }
}

static void nearest(Arena& arena, const NearestIndex& index, NearestQuery* queries, int64_t n) {
    Arena::Scope scope(arena);
    NearestBatch batch{};
    batch.open = arena.take<NearestOpen>(n);
    batch.visits = arena.take<NearestVisit>(n + 1); // choose_visits writes one place ahead
    for (int64_t begin = 0, end; begin < n; begin = end) {
        Arena::Scope run(arena);
        const int32_t length = queries[begin].span.length;
        for (end = begin; end < n && queries[end].span.length == length; end++) {}
        uint16_t* codes = arena.take<uint16_t>((end - begin) * length);
        batch.query_length = length;
        batch.count = 0;
        for (int64_t q = begin; q < end; q++, codes += length) {
            NearestOpen& open = batch.open[batch.count++];
            open = {&queries[q], codes, {}, q == begin ? 0 : common_prefix(queries[q - 1].span, queries[q].span)};
            for (int32_t i = 0; i < length; i++) {
                codes[i] = queries[q].span.codes[i];
                open.classes.add(codes[i]);
            }
        }
        walk_classes(arena, index, batch);
        batch.masks = nullptr; // its memory goes with this scope
    }
}
