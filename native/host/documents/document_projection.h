// From plans to masses per target token (paper Eq 5, SPEC A3.3, A3.4).
#pragma once
#include <cstdint>

#include "host/documents/document_candidates.h"

namespace pta {

// Entries this close to a row's maximum tie with it, so that backends whose plans differ by rounding choose the same column.
constexpr double kTieTolerance = 1e-8;

// A row's further columns count as empty below this: some solvers round entries of 1e-26 of a row to 0.
constexpr double kSmallestMass = 1e-20;

// A sparse distribution under construction: masses by token in order of first appearance.
class FusedRow {
public:
    void clear() { count = 0; }

    void add(int32_t token, double mass) {
        for (int32_t i = 0; i < count; i++) {
            if (tokens[i] == token) {
                masses[i] += mass;
                return;
            }
        }
        tokens[count] = token;
        masses[count++] = mass;
    }

    bool has_non_finite() const;
    bool has_mass() const;

    // Drops tokens without mass, scales the rest to a total, orders them by mass descending and id ascending and keeps the heaviest; what is cut goes to the
    // missing mass under tail and is renormalised away otherwise. given: the mass of all tokens, where lighter ones were cut before they came here; else it
    // is summed up. Returns the missing mass of the finished row.
    double finish(double total, int32_t keep, bool tail, const double* given = nullptr);

    int32_t count = 0;
    int32_t tokens[kMostCandidates]; // each is a column's
    double masses[kMostCandidates];
};

// top1 of a plan [n, stride]: each row's mass in its first column within the tie tolerance of the largest goes to that column's token. Returns the choices
// in which a later column lay within the tolerance of the one taken.
int32_t project_top1(const KernelTable& kernels, const CandidateRow& row, double tie, FusedRow& fused);

// A plan by the options' projection, but for byte: top1 within kTieTolerance, the heaviest columns of each row, or column sums.
int32_t project_plan(const KernelTable& kernels, const CandidateRow& row, const pta_align_options& options, FusedRow& fused);

// top1 for the semi-relaxed plan P_ij = a_i softmax_j(-C_ij / epsilon), from costs alone.
class SemiRelaxedProjection {
public:
    explicit SemiRelaxedProjection(double epsilon);

    int32_t project(const KernelTable& kernels, const CandidateRow& row, FusedRow& fused) const;

private:
    // What a row of costs comes down to.
    struct CheapestColumns {
        int32_t least, first;
        bool several; // there is a second column of least cost
        double sum;   // of all weights
    };
    void project_row(const KernelTable& kernels, const CandidateRow& row, int32_t i, const CheapestColumns& cheapest, FusedRow& fused, int32_t& ties) const;
    double weight(int32_t distance) const; // exp(-distance / epsilon)
    double sum_of_weights(const uint8_t* cost, int32_t m, int32_t least) const;

    static constexpr int32_t kTable = 256;
    double epsilon_;
    double table_[kTable];
    bool only_next_; // weights from distance 2 on are so small that all together leave a sum of 1 or more as it is
};

// Teacher signal kept: sum of min(source, fused) over tokens, the source being a row's mass pushed to nearest target tokens.
double signal_kept(const FusedRow& source, const int32_t* tokens, const double* probabilities, int32_t count);

} // namespace pta
