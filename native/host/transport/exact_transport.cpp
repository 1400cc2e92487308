#include "host/transport/exact_transport.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pta {

namespace {

constexpr int32_t kNone = -1;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The residual graph is the plan, the reduced costs are C - u - v. Distances start at the path's first row; a row is as far as the column that it was
// entered by.
class PathSearch {
public:
    PathSearch(Arena& arena, const TransportProblem& problem)
        : supply(arena.take<double>(problem.n)), demand(arena.take<double>(problem.m)), problem_(problem), n_(problem.n), m_(problem.m),
          u_(problem.f), v_(problem.g), row_distance_(arena.take<double>(problem.n)), column_distance_(arena.take<double>(problem.m)),
          row_entry_(arena.take<int32_t>(problem.n)), column_entry_(arena.take<int32_t>(problem.m)), hops_(arena.take<int32_t>(problem.m)),
          settled_(arena.take<bool>(problem.m)) {
        std::copy_n(problem.a, n_, supply);
        std::copy_n(problem.b, m_, demand);
    }

    double* supply;
    double* demand;

    // Duals from row minima, then column minima; mass is placed greedily where they are tight.
    void fill_tight_pairs() {
        std::fill_n(problem_.plan, n_ * m_, 0.0);
        for (int32_t i = 0; i < n_; i++) {
            u_[i] = kInfinity;
            for (int32_t j = 0; j < m_; j++)
                u_[i] = smaller(u_[i], problem_.cost_at(i, j));
        }
        for (int32_t j = 0; j < m_; j++) {
            v_[j] = kInfinity;
            for (int32_t i = 0; i < n_; i++)
                v_[j] = smaller(v_[j], problem_.cost_at(i, j) - u_[i]);
        }
        for (int32_t i = 0; i < n_; i++) {
            for (int32_t j = 0; j < m_ && supply[i] > 0; j++) {
                if (reduced_cost(i, j) > 0)
                    continue;
                double amount = smaller(supply[i], demand[j]);
                flow(i, j) = amount;
                supply[i] -= amount;
                demand[j] -= amount;
            }
        }
    }

    // Shortest path from a row to a column with demand; duals move so that it is tight. kNone if no demand is left.
    int32_t find_path(int32_t source) {
        start(source);
        int32_t column;
        while ((column = take_nearest()) != kNone && !(demand[column] > 0))
            enter_rows(column);
        if (column == kNone)
            return kNone;
        double length = column_distance_[column];
        for (int32_t i = 0; i < n_; i++) {
            if (row_entry_[i] != kNone)
                u_[i] += length - row_distance_[i];
        }
        for (int32_t j = 0; j < m_; j++) {
            if (settled_[j])
                v_[j] -= length - column_distance_[j];
        }
        return column;
    }

    // Moves as much as the path allows; the smallest of its amounts becomes exactly zero.
    void augment(int32_t source, int32_t sink) {
        double amount = smaller(supply[source], demand[sink]);
        for (int32_t i = column_entry_[sink]; i != source;) {
            int32_t j = row_entry_[i];
            amount = smaller(amount, flow(i, j));
            i = column_entry_[j];
        }
        int32_t j = sink;
        int32_t i = column_entry_[j];
        flow(i, j) += amount;
        while (i != source) {
            j = row_entry_[i];
            flow(i, j) -= amount;
            i = column_entry_[j];
            flow(i, j) += amount;
        }
        supply[source] -= amount;
        demand[sink] -= amount;
    }

    // Shifts the duals by the distances from the heaviest row: still optimal, and now tight along a spanning tree.
    void connect_tight_pairs() {
        const double* a = problem_.a;
        start(static_cast<int32_t>(std::max_element(a, a + n_) - a));
        for (int32_t column = take_nearest(); column != kNone; column = take_nearest())
            enter_rows(column);
        for (int32_t j = 0; j < m_; j++)
            v_[j] += column_distance_[j];
        for (int32_t i = 0; i < n_; i++) {
            if (row_entry_[i] != kNone) {
                u_[i] -= row_distance_[i];
                continue;
            }
            u_[i] = kInfinity;
            for (int32_t j = 0; j < m_; j++)
                u_[i] = smaller(u_[i], problem_.cost_at(i, j) - v_[j]);
        }
    }

private:
    double& flow(int32_t i, int32_t j) { return problem_.plan[i * m_ + j]; }

    // Real-valued costs can leave a reduced cost a rounding error below zero, which a shortest-path search must not see.
    double reduced_cost(int32_t i, int32_t j) const { return larger(0, problem_.cost_at(i, j) - u_[i] - v_[j]); }

    void start(int32_t source) {
        std::fill_n(row_entry_, n_, kNone);
        std::fill_n(settled_, m_, false);
        row_distance_[source] = 0;
        for (int32_t j = 0; j < m_; j++) {
            column_distance_[j] = reduced_cost(source, j);
            column_entry_[j] = source;
            hops_[j] = 1;
        }
        row_entry_[source] = 0; // any column: a path ends on reaching the row itself
    }

    // Ties by (length, hops, column): each augmentation empties a row, a column or a plan entry (the Edmonds-Karp argument), so the search ends.
    int32_t take_nearest() {
        int32_t nearest = kNone;
        for (int32_t j = 0; j < m_; j++) {
            if (settled_[j])
                continue;
            if (nearest == kNone || column_distance_[j] < column_distance_[nearest] ||
                (column_distance_[j] == column_distance_[nearest] && hops_[j] < hops_[nearest]))
                nearest = j;
        }
        if (nearest != kNone)
            settled_[nearest] = true;
        return nearest;
    }

    void enter_rows(int32_t column) {
        double distance = column_distance_[column];
        int32_t hops = hops_[column] + 2;
        for (int32_t i = 0; i < n_; i++) {
            if (row_entry_[i] != kNone || flow(i, column) == 0)
                continue;
            row_entry_[i] = column;
            row_distance_[i] = distance;
            for (int32_t j = 0; j < m_; j++) {
                if (settled_[j])
                    continue;
                double through = distance + reduced_cost(i, j);
                if (through < column_distance_[j] || (through == column_distance_[j] && hops < hops_[j])) {
                    column_distance_[j] = through;
                    column_entry_[j] = i;
                    hops_[j] = hops;
                }
            }
        }
    }

    const TransportProblem& problem_;
    int32_t n_, m_;
    double* u_;
    double* v_;
    double* row_distance_;
    double* column_distance_;
    int32_t* row_entry_;
    int32_t* column_entry_;
    int32_t* hops_;
    bool* settled_;
};

} // namespace

TransportOutcome solve_exact(Arena& arena, const TransportProblem& problem) {
    if (!is_usable(problem))
        return not_finite(problem);
    Arena::Scope scope(arena);
    PathSearch search(arena, problem);
    search.fill_tight_pairs();
    // Never met with integer costs. Rounded reduced costs void the proof for masses below one ulp: there it ends the search.
    int32_t limit = problem.n * problem.m * (problem.n + problem.m);
    int32_t augmentations = 0;
    for (int32_t i = 0; i < problem.n; i++) {
        while (search.supply[i] > 0 && augmentations < limit) {
            int32_t sink = search.find_path(i);
            if (sink == kNone)
                break;
            search.augment(i, sink);
            augmentations++;
        }
    }
    search.connect_tight_pairs();
    return {plan_marginal_error(problem), PTA_TRANSPORT_CONVERGED, augmentations};
}

} // namespace pta
