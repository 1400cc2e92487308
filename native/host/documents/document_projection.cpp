#include "host/documents/document_projection.h"

#include <algorithm>
#include <limits>

#include "host/libm.h"

namespace pta {

bool FusedRow::has_non_finite() const {
    return std::any_of(masses, masses + count, [](double mass) { return !std::isfinite(mass); });
}

bool FusedRow::has_mass() const {
    return std::any_of(masses, masses + count, [](double mass) { return mass != 0; });
}

double FusedRow::finish(double total, int32_t keep, bool tail, const double* given) {
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
    double scale = total / (!tail ? kept : given != nullptr ? *given : all);
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

namespace {

// The first entry within the tie tolerance of the largest one not taken; a NaN counts as largest.
int32_t first_maximum(const double* entries, int32_t count, uint64_t taken) {
    double largest = -std::numeric_limits<double>::infinity();
    for (int32_t j = 0; j < count; j++) {
        if ((taken >> j & 1) == 0)
            largest = entries[j] > largest || entries[j] != entries[j] ? entries[j] : largest;
    }
    for (int32_t j = 0; j < count; j++) {
        if ((taken >> j & 1) == 0 && (entries[j] >= largest - kTieTolerance || entries[j] != entries[j]))
            return j;
    }
    return __builtin_ctzll(~taken);
}

// The rank heaviest columns of each row of the plan, heaviest first.
int32_t project_topk(const CandidateRow& row, int32_t rank, FusedRow& fused) {
    int32_t ties = 0;
    for (int32_t i = 0; i < row.n; i++) {
        const double* entries = row.plan + int64_t{i} * row.stride;
        uint64_t taken = 0;
        for (int32_t r = 0; r < std::min(rank, row.m); r++) {
            const int32_t column = first_maximum(entries, row.m, taken);
            const double least = r == 0 ? 0 : kTieTolerance; // further choices come to entries that some backends round to 0
            bool tied = false;
            for (int32_t j = column + 1; j < row.m; j++)
                tied |= (taken >> j & 1) == 0 && entries[j] > least && std::fabs(entries[j] - entries[column]) <= kTieTolerance;
            ties += tied;
            taken |= uint64_t{1} << column;
            if (r == 0 || !(entries[column] < kSmallestMass))
                fused.add(row.columns[column], entries[column]);
        }
    }
    return ties;
}

void project_barycentric(const CandidateRow& row, FusedRow& fused) {
    for (int32_t i = 0; i < row.n; i++) {
        for (int32_t j = 0; j < row.m; j++) {
            const double entry = row.plan[int64_t{i} * row.stride + j];
            if (!(entry < kSmallestMass)) // a NaN is kept
                fused.add(row.columns[j], entry);
        }
    }
}

} // namespace

int32_t project_plan(const KernelTable& kernels, const CandidateRow& row, const pta_align_options& options, FusedRow& fused) {
    if (options.projection == PTA_PROJECTION_TOPK)
        return project_topk(row, options.projection_columns, fused);
    if (options.projection == PTA_PROJECTION_TOP1)
        return project_top1(kernels, row, kTieTolerance, fused);
    project_barycentric(row, fused);
    return 0;
}

SemiRelaxedProjection::SemiRelaxedProjection(double epsilon) : epsilon_(epsilon) {
    for (int32_t d = 0; d < kTable; d++)
        table_[d] = std::exp(-d / epsilon);
    only_next_ = table_[2] * kMostCandidates < 0x1p-54;
}

namespace {
int32_t cost_of(const CandidateRow& row, int32_t i, int32_t j) {
    int64_t at = int64_t{i} * row.stride + j;
    return row.wide != nullptr ? row.wide[at] : row.cost[at];
}
} // namespace

double SemiRelaxedProjection::weight(int32_t distance) const { return distance < kTable ? table_[distance] : std::exp(-distance / epsilon_); }

// Four sums, so that additions need not wait for each other.
double SemiRelaxedProjection::sum_of_weights(const uint8_t* cost, int32_t m, int32_t least) const {
    double sums[4] = {};
    int32_t j = 0;
    for (; j + 4 <= m; j += 4) {
        for (int32_t s = 0; s < 4; s++)
            sums[s] += table_[cost[j + s] - least];
    }
    for (; j < m; j++)
        sums[j & 3] += table_[cost[j] - least];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Only the distance d of a cost from its row's minimum matters: P_ij = value(d) = a_i (w(d) / sum), w(0) = 1, and value falls as d grows, rounded or not.
// So the maximum is value(0), on every column of least cost. If value(1) is more than two tolerances below it, no other column can tie with the maximum
// or with the column taken: the first column of least cost is the first within the tolerance, and a second one is a tie. Otherwise the row's entries are
// written out and chosen from as those of any plan.
void SemiRelaxedProjection::project_row(const KernelTable& kernels, const CandidateRow& row, int32_t i, const CheapestColumns& cheapest, FusedRow& fused,
                                        int32_t& ties) const {
    double value = row.mass[i] * (1 / cheapest.sum);
    if (value - row.mass[i] * (table_[1] / cheapest.sum) > 2 * kTieTolerance) {
        ties += cheapest.several;
        fused.add(row.columns[cheapest.first], value);
        return;
    }
    double entries[kMostCandidates];
    for (int32_t j = 0; j < row.m; j++)
        entries[j] = row.mass[i] * (weight(cost_of(row, i, j) - cheapest.least) / cheapest.sum);
    int32_t column;
    uint8_t tied;
    kernels.top1(entries, 1, row.m, kTieTolerance, &column, &tied);
    ties += tied;
    fused.add(row.columns[column], entries[column]);
}

int32_t SemiRelaxedProjection::project(const KernelTable& kernels, const CandidateRow& row, FusedRow& fused) const {
    int32_t ties = 0;
    if (row.wide == nullptr) {
        uint8_t least[kMostCandidates];
        uint64_t equal[kMostCandidates], next[kMostCandidates];
        kernels.cheapest_columns(row.cost, row.n, row.m, row.stride, least, equal, next);
        for (int32_t i = 0; i < row.n; i++) {
            CheapestColumns cheapest{least[i], __builtin_ctzll(equal[i]), (equal[i] & (equal[i] - 1)) != 0, 0};
            if (!only_next_) {
                cheapest.sum = sum_of_weights(row.cost + int64_t{i} * row.stride, row.m, least[i]);
                project_row(kernels, row, i, cheapest, fused, ties);
                continue;
            }
            // In the order of the columns, as the plan's own rows are summed. Whole numbers have no order.
            cheapest.sum = next[i] == 0 ? __builtin_popcountll(equal[i]) : 0;
            for (uint64_t left = next[i] == 0 ? 0 : equal[i] | next[i]; left != 0; left &= left - 1)
                cheapest.sum += (equal[i] & left & -left) != 0 ? 1 : table_[1];
            project_row(kernels, row, i, cheapest, fused, ties);
        }
        return ties;
    }
    for (int32_t i = 0; i < row.n; i++) {
        CheapestColumns cheapest{cost_of(row, i, 0), 0, false, 0};
        for (int32_t j = 1; j < row.m; j++) {
            int32_t cost = cost_of(row, i, j);
            cheapest.several = cost == cheapest.least || (cheapest.several && cost > cheapest.least);
            cheapest.first = cost < cheapest.least ? j : cheapest.first;
            cheapest.least = std::min(cheapest.least, cost);
        }
        for (int32_t j = 0; j < row.m; j++)
            cheapest.sum += weight(cost_of(row, i, j) - cheapest.least);
        project_row(kernels, row, i, cheapest, fused, ties);
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
