#include "host/document_projection.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pta {

bool FusedRow::has_non_finite() const {
    return std::any_of(masses, masses + count, [](double mass) { return !std::isfinite(mass); });
}

bool FusedRow::has_mass() const {
    return std::any_of(masses, masses + count, [](double mass) { return mass != 0; });
}

double FusedRow::finish(double total, int32_t keep, bool tail) {
    // Insertion sort: rows have a handful of tokens, often in order already.
    int32_t used = 0;
    for (int32_t i = 0; i < count; i++) {
        double mass = masses[i];
        int32_t token = tokens[i], at = used;
        if (!(mass > 0))
            continue;
        for (; at > 0 && (masses[at - 1] < mass || (masses[at - 1] == mass && tokens[at - 1] > token)); at--) {
            masses[at] = masses[at - 1];
            tokens[at] = tokens[at - 1];
        }
        masses[at] = mass;
        tokens[at] = token;
        used++;
    }
    double all = 0, kept = 0;
    for (int32_t i = 0; i < used; i++) {
        all += masses[i];
        if (i < keep)
            kept += masses[i];
    }
    double scale = total / (tail ? all : kept);
    count = std::min(used, keep);
    for (int32_t i = 0; i < count; i++)
        masses[i] *= scale;
    return tail ? std::max(0.0, 1 - kept * scale) : 0;
}

namespace {

struct Choice {
    int32_t column;
    bool tied; // a later column lies within the tolerance of the one taken
};

// The first entry within the tolerance of the largest; a NaN counts as largest, as in NumPy.
Choice choose(const double* entries, int32_t m, double tie) {
    double max = -std::numeric_limits<double>::infinity();
    for (int32_t j = 0; j < m; j++)
        max = entries[j] > max ? entries[j] : max;
    bool nan = std::any_of(entries, entries + m, [](double entry) { return entry != entry; });
    int32_t column = 0;
    while (nan ? entries[column] == entries[column] : entries[column] < max - tie)
        column++;
    for (int32_t j = column + 1; j < m; j++) {
        if (entries[j] > 0 && std::fabs(entries[j] - entries[column]) <= tie)
            return {column, true};
    }
    return {column, false};
}

} // namespace

int32_t project_top1(const CandidateRow& row, double tie, FusedRow& fused) {
    int32_t ties = 0;
    for (int32_t i = 0; i < row.n; i++) {
        const double* entries = row.plan + int64_t{i} * row.stride;
        Choice choice = choose(entries, row.m, tie);
        ties += choice.tied;
        fused.add(row.columns[choice.column], entries[choice.column]);
    }
    return ties;
}

SemiRelaxedProjection::SemiRelaxedProjection(double epsilon) : epsilon_(epsilon) {
    for (int32_t d = 0; d < kTable; d++)
        table_[d] = std::exp(-d / epsilon);
}

double SemiRelaxedProjection::weight(int32_t distance) const { return distance < kTable ? table_[distance] : std::exp(-distance / epsilon_); }

int32_t SemiRelaxedProjection::project(const CandidateRow& row, FusedRow& fused) const {
    return row.wide != nullptr ? project(row, row.wide, fused) : project(row, row.cost, fused);
}

// Only the distance d of a cost from its row's minimum matters: P_ij = value(d) = a_i (w(d) / sum), w(0) = 1, and value falls as d grows, rounded or not.
// So the maximum is value(0), on every column of least cost. If value(1) is more than two tolerances below it, no other column can tie with the maximum
// or with the column taken: the first column of least cost is the first within the tolerance, and a second one is a tie. Otherwise the row's entries are
// written out and chosen from as those of any plan.
template <class T> int32_t SemiRelaxedProjection::project(const CandidateRow& row, const T* cost, FusedRow& fused) const {
    int32_t ties = 0;
    for (int32_t i = 0; i < row.n; i++, cost += row.stride) {
        int32_t least = cost[0];
        for (int32_t j = 1; j < row.m; j++)
            least = std::min<int32_t>(least, cost[j]);
        int32_t cheapest = 0, first = row.m;
        for (int32_t j = row.m - 1; j >= 0; j--) {
            bool is_least = cost[j] == least;
            cheapest += is_least;
            first = is_least ? j : first;
        }
        double sum = 0; // in the order of the columns, as the plan's own rows are summed
        for (int32_t j = 0; j < row.m; j++)
            sum += weight(cost[j] - least);
        double value = row.mass[i] * (1 / sum);
        if (value - row.mass[i] * (weight(1) / sum) > 2 * kTieTolerance) {
            ties += cheapest > 1;
            fused.add(row.columns[first], value);
            continue;
        }
        double entries[kMostCandidates];
        for (int32_t j = 0; j < row.m; j++)
            entries[j] = row.mass[i] * (weight(cost[j] - least) / sum);
        Choice choice = choose(entries, row.m, kTieTolerance);
        ties += choice.tied;
        fused.add(row.columns[choice.column], entries[choice.column]);
    }
    return ties;
}

double signal_kept(const FusedRow& source, const int32_t* tokens, const double* probabilities, int32_t count) {
    double kept = 0;
    for (int32_t i = 0; i < source.count; i++) {
        for (int32_t at = 0; at < count; at++) {
            if (tokens[at] == source.tokens[i]) {
                kept += source.masses[i] < probabilities[at] || source.masses[i] != source.masses[i] ? source.masses[i] : probabilities[at];
                break;
            }
        }
    }
    return kept;
}

} // namespace pta
