// Dynamic time warping over one strip (see wavefront_costs.inl.h): sums, directions, and the values that go to the next strip.

template <int kBits> struct PlaneOf;
template <> struct PlaneOf<16> { using type = uint16_t; };
template <> struct PlaneOf<32> { using type = uint32_t; };
template <> struct PlaneOf<64> { using type = uint64_t; };
using Plane = PlaneOf<kStripColumns>::type;

// Two bits per cell, bit l of lane l: the first minimum of diagonal, up, left.
struct Directions {
    Plane diagonal; // diagonal <= up and diagonal <= left
    Plane up;       // up <= left
};

// A sum that cannot be reached, and what larger sums saturate to. A path whose sum is below it is exact, and so is every sum on it: sums only grow.
template <class Sum> inline constexpr Sum kOutside = static_cast<Sum>(~Sum{0});

struct Strip {
    int64_t first_row, last_row; // the rows that are computed
    int32_t first_column, width; // width <= kStripColumns; lanes past it hold rubbish that no lane inside ever reads
    Directions* directions;      // [rows() + width - 1], one per step
    int64_t rows() const { return last_row - first_row + 1; }
    int64_t steps() const { return rows() + width - 1; }
};

// The moving front of a strip: per lane the sum of its last cell, and of the left neighbour of that cell, the next cell's diagonal one.
template <class Sum> struct Front {
    static constexpr int kParts = kStripColumns / kLanes<Sum>;
    Vec<Sum> sums[kParts];
    Vec<Sum> diagonal[kParts];
};

// One step. column[0] is the sum left of the first column's cell. Masked: only lanes with active set move, the others keep their sum.
template <class T, class Sum, bool kDoubled, bool kMasked>
static inline void step(Front<Sum>& front, const StripCosts<T>& costs, int chunk_step, const Sum* column, Directions* out, const Sum* active) {
    using V = Vec<Sum>;
    constexpr int parts = Front<Sum>::kParts, lanes = kLanes<Sum>;
    V left[parts];
    for (int p = 0; p < parts; p++)
        left[p] = next_lane(front.sums[p], p + 1 < parts ? front.sums[p + 1 < parts ? p + 1 : p] : load<V>(column));
    Directions directions{};
    for (int p = 0; p < parts; p++) {
        V up = front.sums[p], diagonal = front.diagonal[p];
        V best = lesser(lesser(diagonal, up), left[p]);
        directions.diagonal = static_cast<Plane>(directions.diagonal | static_cast<Plane>(static_cast<Plane>(equal_bits(best, diagonal)) << (p * lanes % kStripColumns)));
        directions.up = static_cast<Plane>(directions.up | static_cast<Plane>(static_cast<Plane>(at_most_bits(up, left[p])) << (p * lanes % kStripColumns)));
        V cost = costs.template at<Sum>(chunk_step, p);
        if constexpr (kDoubled)
            cost = cost + cost;
        V sum = add_saturated(best, cost);
        if constexpr (kMasked) {
            V moves = load<V>(active + p * lanes);
            sum = (sum & moves) | (up & ~moves);
        }
        front.sums[p] = sum;
        front.diagonal[p] = left[p];
    }
    *out = directions;
}

// column[i], rows as in the table: on entry the sums left of the strip for rows first_row - 1 .. last_row, on return those of its last column for
// first_row .. last_row; up to kStripColumns entries after them are overwritten. front enters with the sums above the strip and returns with
// those of the last row.
template <class T, class Sum, bool kDoubled> static void run_strip(const Strip& strip, StripCosts<T>& costs, Front<Sum>& front, Sum* column) {
    constexpr int parts = Front<Sum>::kParts;
    const int64_t rows = strip.rows(), steps = strip.steps();
    // Window of lanes: zeros, kStripColumns ones, zeros.
    Sum window[3 * kStripColumns];
    for (int k = 0; k < 3 * kStripColumns; k++)
        window[k] = k / kStripColumns == 1 ? kOutside<Sum> : Sum{0};
    Sum active[kStripColumns];
    Sum* west = column + strip.first_row;
    // The left neighbours of the row above, which every lane meets unchanged when its time comes.
    for (int p = 0; p < parts; p++)
        front.diagonal[p] = next_lane(front.sums[p], p + 1 < parts ? front.sums[p + 1 < parts ? p + 1 : p] : load<Vec<Sum>>(west - 1));
    for (int64_t first = 0; first < steps; first += kChunkSteps) {
        costs.fill(first, steps);
        int64_t end = steps - first < kChunkSteps ? steps : first + kChunkSteps;
        int64_t t = first;
        while (t < end) {
            int64_t plain_end = rows < end ? rows : end;
            if (t >= kStripColumns - 1 && t < plain_end) {
                for (; t < plain_end; t++) {
                    step<T, Sum, kDoubled, false>(front, costs, static_cast<int>(t - first), west + t, strip.directions + t, nullptr);
                    store(west + t - (kStripColumns - 1), front.sums[0]);
                }
                continue;
            }
            // Lane l moves if its row t - (kStripColumns - 1) + l is one of the strip's.
            const int64_t begin = kStripColumns - 1 - t > 0 ? kStripColumns - 1 - t : 0;
            const int64_t ended = t - rows >= 0 ? t - rows + 1 : 0; // lanes at the upper end that are done
            for (int p = 0; p < parts; p++) {
                constexpr int lanes = kLanes<Sum>;
                store(active + p * lanes, load<Vec<Sum>>(window + kStripColumns + p * lanes - begin) & load<Vec<Sum>>(window + kStripColumns + p * lanes + ended));
            }
            step<T, Sum, kDoubled, true>(front, costs, static_cast<int>(t - first), west + t, strip.directions + t, active);
            if (t >= kStripColumns - 1)
                store(west + t - (kStripColumns - 1), front.sums[0]);
            t++;
        }
    }
}
