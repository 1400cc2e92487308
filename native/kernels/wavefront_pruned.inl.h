// The same path from a part of the table. Exact:
//   U, the sum of some path, is an upper bound of the best one. h(i, j), a lower bound of what is still to come after cell (i, j), is the sum of
//   row_bound over rows > i and of column_bound over columns > j, where row_bound[i] + column_bound[j] <= cost(i, j) everywhere: a path visits every
//   later row and column at least once, and a cell that is the first of a row and of a column pays for both. So f + h > U at a cell means that every
//   path through it costs more than U, and the cell may count as unreachable. Along a best path f + h <= U all the way (h falls by at most the cost of
//   the next cell), so its cells keep their exact sums, as does every neighbour that ties with one of them; the others only grow. The walk back from
//   the end therefore makes the same choices as in the whole table.
// Two rounds: a narrow band that follows the best f + h gives U, then each strip computes rows while something in the moving front is within U.

struct Remaining {
    int32_t* rows;    // [n + 1]: bound of rows i .. n - 1
    int32_t* columns; // [m + 1]
    int64_t total() const { return int64_t{rows[0]} + columns[0]; }
};

static inline u8xN lesser_bytes(u8xN a, u8xN b) { return a < b ? a : b; }

// bound[k] = min over lines x of table[x * stride + k] - taken[x]; no difference is negative.
static void least_of_lines(const uint8_t* table, int64_t stride, int64_t lines, int64_t length, const uint8_t* taken, uint8_t* bound) {
    constexpr int together = 4; // vectors that share one walk over the lines
    int64_t k = 0;
    for (; k + together * kVectorBytes <= length; k += together * kVectorBytes) {
        u8xN least[together];
        for (u8xN& v : least)
            v = ~u8xN{};
        for (int64_t x = 0; x < lines; x++) {
            const u8xN less = u8xN{} + taken[x];
            for (int q = 0; q < together; q++)
                least[q] = lesser_bytes(least[q], load<u8xN>(table + x * stride + k + q * kVectorBytes) - less);
        }
        for (int q = 0; q < together; q++)
            store(bound + k + q * kVectorBytes, least[q]);
    }
    while (k < length) {
        // The last vector reaches back over the one before it.
        if (k + kVectorBytes > length && length >= kVectorBytes)
            k = length - kVectorBytes;
        if (k + kVectorBytes <= length) {
            u8xN least = ~u8xN{};
            for (int64_t x = 0; x < lines; x++)
                least = lesser_bytes(least, load<u8xN>(table + x * stride + k) - (u8xN{} + taken[x]));
            store(bound + k, least);
            k += kVectorBytes;
            continue;
        }
        bound[k] = 255;
        for (int64_t x = 0; x < lines; x++) {
            const uint8_t rest = static_cast<uint8_t>(table[x * stride + k] - taken[x]);
            bound[k] = rest < bound[k] ? rest : bound[k];
        }
        k++;
    }
}

static void add_up(const PathProblem<uint8_t>& p, const uint8_t* row_bound, const uint8_t* column_bound, Remaining& remaining) {
    remaining.rows[p.n] = remaining.columns[p.m] = 0;
    for (int64_t i = p.n - 1; i >= 0; i--)
        remaining.rows[i] = remaining.rows[i + 1] + row_bound[p.source[i]];
    for (int64_t j = p.m - 1; j >= 0; j--)
        remaining.columns[j] = remaining.columns[j + 1] + column_bound[p.target[j]];
}

// Columns take all they can, or half of it, and rows what is left (and columns the rest): the better of the two.
static Remaining remaining_costs(Arena& arena, const PathTable<uint8_t>& table) {
    const PathProblem<uint8_t>& p = *table.problem;
    Remaining first{arena.take<int32_t>(p.n + 1), arena.take<int32_t>(p.m + 1)}, second{arena.take<int32_t>(p.n + 1), arena.take<int32_t>(p.m + 1)};
    Arena::Scope scope(arena);
    uint8_t* row_bound = arena.take<uint8_t>(table.stride);
    uint8_t* column_bound = arena.take<uint8_t>(p.columns);
    uint8_t* half = arena.take<uint8_t>(p.columns);
    for (int64_t a = 0; a < p.rows; a++)
        row_bound[a] = 0;
    least_of_lines(p.cost, p.stride, p.rows, p.columns, row_bound, column_bound);
    for (int64_t b = 0; b < p.columns; b++)
        half[b] = column_bound[b] / 2;
    least_of_lines(table.by_column, table.stride, p.columns, p.rows, column_bound, row_bound);
    add_up(p, row_bound, column_bound, first);
    least_of_lines(table.by_column, table.stride, p.columns, p.rows, half, row_bound);
    least_of_lines(p.cost, p.stride, p.rows, p.columns, row_bound, half);
    add_up(p, row_bound, half, second);
    return first.total() > second.total() ? first : second;
}

// Stops a strip once no cell of its front can be on a path within the limit: the front crosses every path that is not past it yet.
struct WithinLimit {
    using Sum = uint16_t;
    static constexpr int kParts = Parts<Sum>::count;
    const uint16_t* rows[2]; // remaining.rows at even and at odd rows
    Vec<Sum> columns[kParts], left_columns[kParts]; // remaining.columns after each lane's cell, and after that cell's left neighbour
    int64_t limit;
    int64_t last_entry; // last row at which a path within the limit enters the strip

    void begin(const Remaining& remaining, int64_t first_column, int64_t strip_limit, int64_t entry) {
        uint16_t lanes[kStripColumns], left_lanes[kStripColumns];
        for (int b = 0; b < kStripColumns; b++) {
            const int64_t column = first_column + kStripColumns - 1 - b;
            lanes[b] = static_cast<uint16_t>(remaining.columns[column + 1]);
            left_lanes[b] = static_cast<uint16_t>(remaining.columns[column]);
        }
        spread(lanes, columns);
        spread(left_lanes, left_columns);
        limit = strip_limit;
        last_entry = entry;
    }

    // row: of byte lane 0's last cell; each further lane is one row ahead and one column back.
    bool over(const Front<Sum>& front, int64_t row) const {
        if (row + kStripColumns - 1 <= last_entry + 1)
            return false;
        const Vec<Sum> most = splat<Vec<Sum>>(static_cast<Sum>(limit));
        uint32_t any = 0;
        for (int p = 0; p < kParts; p++) {
            const int64_t below = row + p + 1; // lane l: row below + 2 l
            const Vec<Sum> rest = load<Vec<Sum>>(rows[below & 1] + (below >> 1));
            any |= at_most_bits(add_saturated(add_saturated(front.sums[p], columns[p]), rest), most);
            any |= at_most_bits(add_saturated(add_saturated(front.diagonal[p], left_columns[p]), rest), most);
        }
        return any == 0;
    }
};

static void set_columns(const PathProblem<uint8_t>& p, const Strip& strip, StripCosts<uint8_t, uint16_t>& costs) {
    int32_t columns[kStripColumns];
    strip_columns(p.target, p.m, strip.first_column, columns);
    costs.begin(columns, strip.first_row, strip.rows());
}

// Computes the strips' rows that a path within the limit can use. Without a limit the guide: rows near the least f + h at a strip's left border, until
// the front is well above it. Returns the sum at the end of the table, kOutside if it is not reached. strips may be null: nothing to trace back.
static uint16_t narrow_table(Arena& arena, const PathProblem<uint8_t>& p, const Remaining& remaining, StripCosts<uint8_t, uint16_t>& costs, int64_t limit, Strip* strips) {
    using Sum = uint16_t;
    constexpr int64_t guide_rows = 32, guide_slack = 192; // documents: ends at the best sum, or close, for an eighth of the table's steps
    const int64_t n = p.n, m = p.m, count = (m + kStripColumns - 1) / kStripColumns;
    Sum* column = first_column<Sum>(arena, n);
    WithinLimit within;
    for (int odd = 0; odd < 2; odd++) {
        const int64_t length = n / 2 + 1 + kStripColumns;
        uint16_t* rows = arena.take<uint16_t>(length);
        for (int64_t k = 0; k < length; k++)
            rows[k] = static_cast<uint16_t>(2 * k + odd <= n ? remaining.rows[2 * k + odd] : 0);
        within.rows[odd] = rows;
    }
    // A strip's steps are known only after it; what it leaves of the most it could need goes to the next ones.
    const int64_t most_steps = n + kStripColumns, block = strips == nullptr ? most_steps : 4 * most_steps;
    auto* directions = arena.take<Parts<Sum>::Directions>(block);
    int64_t left = block;
    int64_t low = 0, high = -1; // rows whose sums are in column
    Front<Sum> front;
    Strip strip{};
    for (int64_t s = 0; s < count; s++) {
        const int64_t first = s * kStripColumns, before = high;
        int64_t strip_limit = limit;
        if (strips == nullptr) {
            int64_t least = remaining.total(), at = 0;
            if (s > 0) {
                int32_t least_of_rows = INT32_MAX;
                for (int64_t i = low; i <= high; i++) {
                    const int32_t sum = column[i] + remaining.rows[i + 1];
                    at = sum < least_of_rows ? i : at;
                    least_of_rows = sum < least_of_rows ? sum : least_of_rows;
                }
                least = least_of_rows + remaining.columns[first];
            }
            strip_limit = least + guide_slack;
            low = low > at - guide_rows ? low : at - guide_rows;
            high = high < at + guide_rows ? high : at + guide_rows;
        } else {
            const int64_t still = limit - remaining.columns[first];
            while (high >= low && column[high] + remaining.rows[high + 1] > still)
                high--;
            while (low < high && column[low] + remaining.rows[low + 1] > still)
                low++;
        }
        strip = {low, n - 1, static_cast<int32_t>(first), static_cast<int32_t>(m - first < kStripColumns ? m - first : kStripColumns), directions};
        set_columns(p, strip, costs);
        int64_t steps;
        if (s + 1 < count) {
            within.begin(remaining, first, strip_limit < kOutside<Sum> ? strip_limit : kOutside<Sum> - 1, high);
            steps = run_strip(strip, costs, front, column, within);
        } else {
            steps = run_strip(strip, costs, front, column, AllRows<Sum>{});
        }
        high = low + steps - kStripColumns; // the last lane's last row
        for (int64_t i = high + 1; i <= before + 1 || i == high + 1; i++)
            column[i] = kOutside<Sum>;
        if (strips != nullptr) {
            strips[s] = strip;
            directions += steps;
            left -= steps;
            if (left < most_steps && s + 1 < count) {
                directions = arena.take<Parts<Sum>::Directions>(block);
                left = block;
            }
        }
    }
    Sum last[kStripColumns];
    gather(front.sums, last);
    return last[kStripColumns - strip.width];
}

// False if the whole table is needed: a small or hardly prunable problem, or sums over 16 bits.
static bool pruned_table(Arena& arena, PathProblem<uint8_t>& problem, const PathTable<uint8_t>& table, int64_t& total) {
    using Sum = uint16_t;
    const int64_t n = problem.n, m = problem.m, count = (m + kStripColumns - 1) / kStripColumns;
    if (n < 16 * kStripColumns || m < 8 * kStripColumns)
        return false;
    Arena::Scope scope(arena);
    const Remaining remaining = remaining_costs(arena, table);
    if (remaining.total() >= kOutside<Sum>)
        return false;
    StripCosts<uint8_t, Sum> costs(arena, table);
    Sum limit;
    {
        Arena::Scope guide(arena);
        limit = narrow_table(arena, problem, remaining, costs, 0, nullptr);
    }
    if (limit == kOutside<Sum> || remaining.total() * 4 < limit)
        return false;
    Strip* strips = arena.take<Strip>(count);
    total = narrow_table(arena, problem, remaining, costs, limit, strips);
    return trace_back<Sum>(problem, strips);
}
