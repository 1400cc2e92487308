#include "host/document_projection.h"

#include <algorithm>
#include <cmath>

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

int32_t project_top1(const KernelTable& kernels, const CandidateRow& row, double tie, FusedRow& fused) {
    int32_t columns[kMostCandidates], ties = 0;
    uint8_t tied[kMostCandidates];
    if (row.stride == row.m) {
        kernels.top1(row.plan, row.n, row.m, tie, columns, tied);
    } else {
        for (int32_t i = 0; i < row.n; i++)
            kernels.top1(row.plan + int64_t{i} * row.stride, 1, row.m, tie, columns + i, tied + i);
    }
    for (int32_t i = 0; i < row.n; i++) {
        ties += tied[i];
        fused.add(row.columns[columns[i]], row.plan[int64_t{i} * row.stride + columns[i]]);
    }
    return ties;
}

SemiRelaxedProjection::SemiRelaxedProjection(double epsilon) : epsilon_(epsilon) {
    for (int32_t d = 0; d < kTable; d++)
        table_[d] = std::exp(-d / epsilon);
}

double SemiRelaxedProjection::weight(int32_t distance) const { return distance < kTable ? table_[distance] : std::exp(-distance / epsilon_); }

int32_t SemiRelaxedProjection::project(const KernelTable& kernels, const CandidateRow& row, FusedRow& fused) const {
    return row.wide != nullptr ? project(kernels, row, row.wide, fused) : project(kernels, row, row.cost, fused);
}

// Only the distance d of a cost from its row's minimum matters: P_ij = value(d) = a_i (w(d) / sum), w(0) = 1, and value falls as d grows, rounded or not.
// So the maximum is value(0), on every column of least cost. If value(1) is more than two tolerances below it, no other column can tie with the maximum
// or with the column taken: the first column of least cost is the first within the tolerance, and a second one is a tie. Otherwise the row's entries are
// written out and chosen from as those of any plan.
template <class T> int32_t SemiRelaxedProjection::project(const KernelTable& kernels, const CandidateRow& row, const T* cost, FusedRow& fused) const {
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
        int32_t column;
        uint8_t tied;
        kernels.top1(entries, 1, row.m, kTieTolerance, &column, &tied);
        ties += tied;
        fused.add(row.columns[column], entries[column]);
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
