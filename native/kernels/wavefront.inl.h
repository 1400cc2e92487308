// Dynamic time warping with its path: f(i, j) = cost + min(f(i - 1, j - 1), f(i - 1, j), f(i, j - 1)), first minimum in this order.
#include "kernels/wavefront_costs.inl.h"
#include "kernels/wavefront_strip.inl.h"

// Columns of the cost table in lane order, last first; lanes past the table repeat its last column.
static void strip_columns(const int32_t* target, int64_t m, int64_t first, int32_t* columns) {
    for (int l = 0; l < kStripColumns; l++) {
        int64_t j = first + kStripColumns - 1 - l;
        columns[l] = target[j < m ? j : m - 1];
    }
}

// Follows the directions from the end. False if the path leaves the strips' rows.
template <class Sum, class T> static bool trace_back(PathProblem<T>& problem, const Strip* strips) {
    int64_t i = problem.n - 1, j = problem.m - 1, k = problem.n + problem.m - 1;
    for (;;) {
        const Strip& strip = strips[j / kStripColumns];
        if (i < strip.first_row || i > strip.last_row)
            return false;
        k--;
        problem.steps[2 * k] = static_cast<int32_t>(i);
        problem.steps[2 * k + 1] = static_cast<int32_t>(j);
        if (i == 0 && j == 0)
            break;
        const int64_t r = j % kStripColumns;
        const auto& at = static_cast<const typename Parts<Sum>::Directions*>(strip.directions)[i - strip.first_row + r];
        const int lane = static_cast<int>(kStripColumns - 1 - r), word = lane % Parts<Sum>::count, bit = lane / Parts<Sum>::count;
        const int64_t diagonal = at.diagonal[word] >> bit & 1, up = at.up[word] >> bit & 1;
        i -= diagonal | up;
        j -= diagonal | (up ^ 1);
    }
    problem.first = k;
    return true;
}

// The whole table. False if the path's cost does not fit in Sum.
template <class T, class Sum> static bool full_table(Arena& arena, PathProblem<T>& problem, const PathTable<T>& table, int64_t& total) {
    Arena::Scope scope(arena);
    const int64_t n = problem.n, m = problem.m, count = (m + kStripColumns - 1) / kStripColumns;
    Strip* strips = arena.take<Strip>(count);
    StripCosts<T, Sum> costs(arena, table);
    Sum* column = first_column<Sum>(arena, n + kStripColumns);
    for (int64_t s = 0; s < count; s++) {
        const int64_t first = s * kStripColumns;
        const int32_t width = static_cast<int32_t>(m - first < kStripColumns ? m - first : kStripColumns);
        void* directions = arena.take<typename Parts<Sum>::Directions>(n + width - 1);
        strips[s] = {0, n - 1, static_cast<int32_t>(first), width, directions};
        int32_t columns[kStripColumns];
        strip_columns(problem.target, m, first, columns);
        costs.begin(columns, 0, n);
        Front<Sum> front;
        run_strip(strips[s], costs, front, column, AllRows<Sum>{});
        if (s + 1 == count) {
            Sum last[kStripColumns];
            gather(front.sums, last);
            const Sum end = last[kStripColumns - width];
            if (end == kOutside<Sum>)
                return false;
            total = static_cast<int64_t>(end);
        }
    }
    return trace_back<Sum>(problem, strips);
}

#include "kernels/wavefront_pruned.inl.h"

// Table rows and columns that no position uses are left out if there may be more of them than of positions.
static int32_t* number_used(Arena& arena, const int32_t* ids, int64_t length, int64_t all, int32_t* used, int64_t& count) {
    int32_t* numbered = arena.take<int32_t>(length);
    Arena::Scope scope(arena);
    int32_t* number = arena.take<int32_t>(all);
    for (int64_t a = 0; a < all; a++)
        number[a] = -1;
    count = 0;
    for (int64_t i = 0; i < length; i++) {
        int32_t& of = number[ids[i]];
        if (of < 0) {
            of = static_cast<int32_t>(count);
            used[count++] = ids[i];
        }
        numbered[i] = of;
    }
    return numbered;
}

template <class T> static PathProblem<T> without_unused(Arena& arena, const PathProblem<T>& problem) {
    PathProblem<T> small = problem;
    int32_t* rows = arena.take<int32_t>(problem.n);
    int32_t* columns = arena.take<int32_t>(problem.m);
    small.source = number_used(arena, problem.source, problem.n, problem.rows, rows, small.rows);
    small.target = number_used(arena, problem.target, problem.m, problem.columns, columns, small.columns);
    T* cost = arena.take<T>(small.rows * small.columns);
    for (int64_t a = 0; a < small.rows; a++) {
        for (int64_t b = 0; b < small.columns; b++)
            cost[a * small.columns + b] = problem.cost[rows[a] * problem.stride + columns[b]];
    }
    small.cost = cost;
    small.stride = small.columns;
    return small;
}

template <class T> static int64_t solve_path(Arena& arena, PathProblem<T>& problem) {
    const PathTable<T> table(arena, problem);
    int64_t total = 0;
    if constexpr (sizeof(T) == 1) {
        if (pruned_table(arena, problem, table, total) || full_table<T, uint16_t>(arena, problem, table, total))
            return total;
    }
    if (full_table<T, uint32_t>(arena, problem, table, total))
        return total;
    full_table<T, uint64_t>(arena, problem, table, total);
    return total;
}

template <class T> static int64_t path(Arena& arena, PathProblem<T>& problem) {
    Arena::Scope scope(arena);
    if (problem.rows <= problem.n && problem.columns <= problem.m)
        return solve_path(arena, problem);
    PathProblem<T> small = without_unused(arena, problem);
    const int64_t total = solve_path(arena, small);
    problem.first = small.first;
    return total;
}
