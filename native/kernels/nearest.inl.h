// The nearest token of each query. Length classes are walked outwards from the query's own length: a class at a gap of d holds no distance below d, so
// the walk ends when d passes the best. Within a class every block of tokens meets every query that it can still improve. Tokens are the patterns, one
// per lane; the query is the text, and queries that begin alike share the columns of what they have in common.
#include "kernels/nearest_long.inl.h"

static constexpr int kNearestVectors = 4; // in flight: a step is a chain of about seven operations, four chains keep the ports busy
static constexpr int kNearestShared = 16; // columns kept for the next query

// Queries of one length that a gap leaves open.
struct NearestOpen {
    NearestQuery** queries;
    int32_t* shared; // [k]: leading classes that queries[k] has in common with queries[k - 1]
    int32_t* rows;   // [query_length] scratch
    int32_t count;
    int32_t query_length;
    uint64_t* masks; // [alphabet] zeros, and
    int8_t* deltas;  // [longest]: scratch of search_long, taken at its first use
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

// The compiler makes one broadcast of it; its own conversion of a scalar refuses narrow types.
template <class T> static inline Vec<T> every_lane(T x) {
    Vec<T> v;
    for (int lane = 0; lane < kLanes<T>; lane++)
        v[lane] = x;
    return v;
}

// Lanes whose change is within bounds: bits of hits, for the lanes from first_lane on.
template <class T>
static void take_hits(const NearestBlock& block, int32_t first_lane, uint64_t hits, const T* changes, int32_t query_length, NearestQuery& query) {
    for (; hits != 0; hits &= hits - 1) {
        int32_t lane = __builtin_ctzll(hits);
        int32_t token = block.tokens[first_lane + lane];
        int32_t distance = query_length + static_cast<int8_t>(changes[lane]);
        if (distance < query.distance || (distance == query.distance && token < query.token)) {
            query.distance = distance;
            query.token = token;
        }
    }
}

template <class T> static void scan_block(const NearestBlock& block, int32_t length, NearestOpen& open) {
    using V = Vec<T>;
    constexpr int kBytes = kNearestVectors * kVectorBytes;
    const int32_t query_length = open.query_length;
    const int32_t longer = length > query_length ? length - query_length : 0;
    const int32_t gap = length > query_length ? longer : query_length - length;
    const V mask = every_lane(static_cast<T>(length == 0 ? 0 : ~uint64_t{0} >> (64 - length)));
    MyersColumn<V> kept[kNearestShared + 1][kNearestVectors]; // after so many classes of the query
    int32_t absent[kNearestShared + 1];                       // of these, how many the block lacks
    absent[0] = 0;
    for (int v = 0; v < kNearestVectors; v++)
        kept[0][v] = myers_begin(mask);

    for (int32_t first_lane = 0; first_lane < block.count; first_lane += kNearestVectors * kLanes<T>) {
        const uint8_t* rows = block.rows + static_cast<size_t>(first_lane) * sizeof(T);
        int32_t valid = 0; // columns in kept
        for (int32_t k = 0; k < open.count; k++) {
            NearestQuery& query = *open.queries[k];
            valid = valid < open.shared[k] ? valid : open.shared[k];
            const int32_t most = most_allowed(query, block.first);
            if ((gap > query.least ? gap : query.least) > most)
                continue;

            // Each class of the query that no token here has takes an edit, as does each symbol that a longer token has in excess.
            int32_t lacking = absent[valid];
            for (int32_t i = valid; i < query_length; i++) {
                int32_t row = row_of(block, query.span.codes[i]);
                open.rows[i] = row * NearestBlock::kRowBytes;
                lacking += row == 0;
                if (i < kNearestShared)
                    absent[i + 1] = lacking;
            }
            if (lacking + longer > most)
                continue;

            int32_t keep = k + 1 < open.count ? open.shared[k + 1] : 0; // what the next query can use
            keep = keep < kNearestShared ? keep : kNearestShared;
            MyersColumn<V> column[kNearestVectors];
#pragma GCC unroll 4
            for (int v = 0; v < kNearestVectors; v++)
                column[v] = kept[valid][v];
            int32_t i = valid;
            for (; i < keep; i++) {
#pragma GCC unroll 4
                for (int v = 0; v < kNearestVectors; v++) {
                    myers_step(column[v], load<V>(rows + open.rows[i] + v * kVectorBytes));
                    kept[i + 1][v] = column[v];
                }
            }
            for (; i < query_length; i++) {
#pragma GCC unroll 4
                for (int v = 0; v < kNearestVectors; v++)
                    myers_step(column[v], load<V>(rows + open.rows[i] + v * kVectorBytes));
            }
            valid = valid > keep ? valid : keep;

            // distance = query_length + change, |change| <= 64 whatever the query's length.
            int32_t bound = most - query_length;
            bound = bound < -100 ? -100 : bound > 100 ? 100 : bound;
            const V bound_xN = every_lane(static_cast<T>(bound));
            V change[kNearestVectors];
            uint64_t hits[kNearestVectors];
#pragma GCC unroll 4
            for (int v = 0; v < kNearestVectors; v++) {
                change[v] = lane_popcount<T>(column[v].positive & mask) - lane_popcount<T>(column[v].negative & mask);
                hits[v] = lanes_at_most<T>(change[v], bound_xN);
            }
            if ((hits[0] | hits[1] | hits[2] | hits[3]) == 0)
                continue;
            for (int v = 0; v < kNearestVectors; v++) {
                int32_t begin = first_lane + v * kLanes<T>, lanes = block.count - begin;
                if (lanes <= 0)
                    break;
                if (lanes < 64)
                    hits[v] &= (uint64_t{1} << lanes) - 1;
                T changes[kLanes<T>];
                store(changes, change[v]);
                take_hits<T>(block, begin, hits[v], changes, query_length, query);
            }
        }
        static_assert(NearestBlock::kRowBytes % kBytes == 0, "a row is a whole number of rounds");
    }
}

static void scan_class(Arena& arena, const NearestIndex& index, int32_t length, NearestOpen& open) {
    if (length < 0 || length > index.longest)
        return;
    const NearestClass& tokens = index.classes[length];
    if (length > NearestBlock::kLongest) {
        if (tokens.count > 0 && open.masks == nullptr) {
            open.deltas = arena.take<int8_t>(index.longest);
            open.masks = arena.take<uint64_t>(index.alphabet);
            __builtin_memset(open.masks, 0, static_cast<size_t>(index.alphabet) * sizeof(uint64_t));
        }
        for (int32_t k = 0; k < open.count; k++)
            search_long(tokens, index, length, open.deltas, open.masks, *open.queries[k]);
        return;
    }
    for (int32_t b = tokens.first_block; b < tokens.end_block; b++) {
        if (length <= 8)
            scan_block<uint8_t>(index.blocks[b], length, open);
        else if (length <= 16)
            scan_block<uint16_t>(index.blocks[b], length, open);
        else if (length <= 32)
            scan_block<uint32_t>(index.blocks[b], length, open);
        else
            scan_block<uint64_t>(index.blocks[b], length, open);
    }
}

static int32_t common_prefix(TokenSpan x, TokenSpan y) {
    int32_t p = 0;
    while (p < kNearestShared && p < x.length && p < y.length && x.codes[p] == y.codes[p])
        p++;
    return p;
}

static void nearest(Arena& arena, const NearestIndex& index, NearestQuery* queries, int64_t n) {
    Arena::Scope scope(arena);
    NearestOpen open{};
    open.queries = arena.take<NearestQuery*>(n);
    open.shared = arena.take<int32_t>(n);
    open.rows = arena.take<int32_t>(n == 0 ? 0 : queries[n - 1].span.length);
    for (int64_t begin = 0, end; begin < n; begin = end) {
        open.query_length = queries[begin].span.length;
        for (end = begin; end < n && queries[end].span.length == open.query_length; end++) {}
        const int32_t last = open.query_length > index.longest ? open.query_length : index.longest;
        for (int32_t gap = 0; gap <= last; gap++) {
            open.count = 0;
            for (int64_t q = begin; q < end; q++) {
                const int32_t least = gap > queries[q].least ? gap : queries[q].least;
                if (least > most_allowed(queries[q], 0))
                    continue;
                open.shared[open.count] = open.count == 0 ? 0 : common_prefix(open.queries[open.count - 1]->span, queries[q].span);
                open.queries[open.count++] = &queries[q];
            }
            if (open.count == 0)
                break;
            scan_class(arena, index, open.query_length - gap, open);
            if (gap > 0)
                scan_class(arena, index, open.query_length + gap, open);
        }
    }
}
