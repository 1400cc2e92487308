// Dynamic time warping over one strip (see wavefront_costs.inl.h): sums, directions, and the values that go to the next strip.
// Byte lane b of the strip is lane b / P of vector b % P, P = sizeof(Sum): the left neighbours of a vector are the next vector as it stands, and
// only one vector per step needs its lanes moved. So the costs are the bytes of a word, and a chain of P steps waits for one lane move, not for P.

template <int kBits> struct WordOf { using type = uint8_t; };
template <> struct WordOf<16> { using type = uint16_t; };
template <> struct WordOf<32> { using type = uint32_t; };

// Two bits per cell and step, the first minimum of diagonal, up, left. Byte lane b has bit b / kParts of word b % kParts.
template <class Sum> struct Parts {
    static constexpr int count = sizeof(Sum); // vectors of sums per strip
    using Word = typename WordOf<kLanes<Sum>>::type;
    struct Directions {
        Word diagonal[count]; // diagonal <= up and diagonal <= left
        Word up[count];       // up <= left
    };
};

static constexpr int kStepsBetweenChecks = 16;

// A sum that cannot be reached, and what larger sums saturate to. A path whose sum is below it is exact, and so is every sum on it: sums only grow.
template <class Sum> inline constexpr Sum kOutside = static_cast<Sum>(~Sum{0});

struct Strip {
    int64_t first_row, last_row; // the rows that are computed
    int32_t first_column, width; // width <= kStripColumns; lanes past it hold rubbish that no lane inside ever reads
    void* directions;            // [steps()] of Parts<Sum>::Directions
    int64_t rows() const { return last_row - first_row + 1; }
    int64_t steps() const { return rows() + width - 1; }
};

// The moving front of a strip: per lane the sum of its last cell, and of the left neighbour of that cell, the next cell's diagonal one.
template <class Sum> struct Front {
    Vec<Sum> sums[Parts<Sum>::count];
    Vec<Sum> diagonal[Parts<Sum>::count];
};

// Left neighbours of vector p. west: the sum left of the first column's cell, in lane 0.
template <class Sum> static inline Vec<Sum> left_of(const Front<Sum>& front, int p, Vec<Sum> west) {
    return p + 1 < Parts<Sum>::count ? front.sums[p + 1 < Parts<Sum>::count ? p + 1 : 0] : next_lane(front.sums[0], west);
}

// One step. Masked: only lanes with active set move, the others keep their sum.
template <class T, class Sum, bool kMasked>
static inline void step(Front<Sum>& front, const StripCosts<T, Sum>& costs, int64_t chunk_step, Vec<Sum> west, typename Parts<Sum>::Directions* out,
                        const Sum* active) {
    using V = Vec<Sum>;
    using Word = typename Parts<Sum>::Word;
    constexpr int parts = Parts<Sum>::count;
    V left[parts], cost[parts];
    for (int p = 0; p < parts; p++)
        left[p] = left_of(front, p, west);
    costs.at(chunk_step, cost);
    for (int p = 0; p < parts; p++) {
        V up = front.sums[p], diagonal = front.diagonal[p];
        V best = lesser(lesser(diagonal, up), left[p]);
        out->diagonal[p] = static_cast<Word>(equal_bits(best, diagonal));
        out->up[p] = static_cast<Word>(at_most_bits(up, left[p]));
        V sum = add_saturated(best, cost[p]);
        if constexpr (kMasked) {
            V moves = load<V>(active + p * kLanes<Sum>);
            sum = (sum & moves) | (up & ~moves);
        }
        front.sums[p] = sum;
        front.diagonal[p] = left[p];
    }
}

// Sums by byte lane, from and to vectors.
template <class Sum> static void spread(const Sum* by_lane, Vec<Sum>* vectors) {
    for (int p = 0; p < Parts<Sum>::count; p++) {
        Sum lanes[kLanes<Sum>];
        for (int l = 0; l < kLanes<Sum>; l++)
            lanes[l] = by_lane[l * Parts<Sum>::count + p];
        vectors[p] = load<Vec<Sum>>(lanes);
    }
}
template <class Sum> static void gather(const Vec<Sum>* vectors, Sum* by_lane) {
    for (int p = 0; p < Parts<Sum>::count; p++) {
        Sum lanes[kLanes<Sum>];
        store(lanes, vectors[p]);
        for (int l = 0; l < kLanes<Sum>; l++)
            by_lane[l * Parts<Sum>::count + p] = lanes[l];
    }
}

// Stop rule of strips that compute all their rows.
template <class Sum> struct AllRows {
    static constexpr bool over(const Front<Sum>&, int64_t) { return false; }
};

// The sums of one column, with room for rows -1 - kStripColumns .. n: the path starts in the corner, all else is outside.
template <class Sum> static Sum* first_column(Arena& arena, int64_t n) {
    Sum* column = arena.take<Sum>(n + 2 + kStripColumns) + 1 + kStripColumns;
    for (int64_t i = -1 - kStripColumns; i <= n; i++)
        column[i] = kOutside<Sum>;
    column[-1] = 0;
    return column;
}

// All rows above the strip are outside. column[i], rows as in the table: on entry the sums left of the strip for rows first_row - 1 .. last_row, on
// return those of its last column for first_row .. last_row; kStripColumns entries before them are outside, one after them is rubbish. front returns
// with the sums of the last row. Asks now and then whether the strip is over, before its lanes reach the last row. Returns the number of steps made.
// Lanes that have not begun stay outside by themselves: so are all that they see, and adding a cost changes nothing.
template <class T, class Sum, class Stop>
static int64_t run_strip(const Strip& strip, StripCosts<T, Sum>& costs, Front<Sum>& front, Sum* column, const Stop& stop) {
    constexpr int parts = Parts<Sum>::count, lanes = kLanes<Sum>;
    using V = Vec<Sum>;
    const int64_t rows = strip.rows(), steps = strip.steps();
    // Ones for the lanes of a vector, then zeros: a load makes the mask of a step.
    Sum window[2 * lanes];
    for (int k = 0; k < 2 * lanes; k++)
        window[k] = k < lanes ? kOutside<Sum> : Sum{0};
    Sum active[kStripColumns];
    Sum* west = column + strip.first_row;
    auto* out = static_cast<typename Parts<Sum>::Directions*>(strip.directions);
    for (V& sums : front.sums)
        sums = splat<V>(kOutside<Sum>);
    for (int p = 0; p < parts; p++)
        front.diagonal[p] = left_of(front, p, load_lane<V>(west - 1));
    for (int64_t first = 0; first < steps; first += kChunkSteps) {
        costs.fill(first, steps);
        const int64_t end = steps - first < kChunkSteps ? steps : first + kChunkSteps, plain_end = rows < end ? rows : end;
        int64_t t = first;
        while (t < plain_end) {
            Front<Sum> moving = front; // in registers
            const int64_t pause = plain_end - t < kStepsBetweenChecks ? plain_end : t + kStepsBetweenChecks;
            for (; t < pause; t++) {
                step<T, Sum, false>(moving, costs, t - first, load_lane<V>(west + t), out + t, nullptr);
                store_lane(west + t - (kStripColumns - 1), moving.sums[0]);
            }
            front = moving;
            if (t >= kStripColumns && stop.over(front, strip.first_row + t - kStripColumns))
                return t;
        }
        for (; t < end; t++) {
            const int64_t done = t - rows + 1; // byte lanes at the upper end that are past the last row keep its sum
            for (int p = 0; p < parts; p++)
                store(active + p * lanes, load<V>(window + (done + p) / parts));
            step<T, Sum, true>(front, costs, t - first, load_lane<V>(west + t), out + t, active);
            store_lane(west + t - (kStripColumns - 1), front.sums[0]);
        }
    }
    return steps;
}
