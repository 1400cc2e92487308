// Projection byte (SPEC A3.3): each candidate's mass goes to the target tokens that begin its bytes.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "host/documents/byte_fits.h"
#include "host/documents/document_candidates.h"
#include "host/documents/document_projection.h"

namespace pta {

// The tokens that fit share a candidate's mass: mass * (weight / sum of weights). A weight is the target's own probability of the row, or for a token that is not
// among its candidates e^-1 of the least of these, less byte_tail bits for each byte by which it is longer than the candidate; where the target gives all that fit
// nothing, the discounts alone. A token adds up its shares in the order of the candidates, so that every backend has the same bits.
//
// A row keeps a few tokens, and only these are made, in time that does not grow with how many fit: those that some candidate names one by one (the target's own,
// first ones, those inside), then each candidate's longer tokens from the heaviest on, until one is lighter than all that are kept already.
class ByteProjection {
public:
    ByteProjection(const KernelTable& kernels, VocabularyPair& pair, const AlignSettings& settings);

    // Finds what fits the candidates of some rows, which project() asks for.
    void find_fits(CandidateRow* rows, int64_t count);

    // Fetches what project() will read of a row one row later and of one two rows later; null where there is none.
    void prefetch(const CandidateRow* next, const CandidateRow* after) const;

    // Puts the heaviest tokens of a row into an empty fused row, heaviest first; none where a mass is not finite. column_mass holds MassRows::add_weights of
    // the target's candidates. Returns the mass of all tokens together.
    double project(const CandidateRow& row, int32_t keep, FusedRow& fused);

private:
    static constexpr int32_t kNone = -1;

    // A token that some candidate names.
    struct Listed {
        NamedToken named;
        double weight;   // the target's own; 0 where it has none
        uint64_t takers; // candidates that it fits
    };

    const ByteFit& fit_of(const CandidateRow& row, int32_t candidate);
    double collect(const CandidateRow& row);
    void list_own(const CandidateRow& row);
    void sum_weights(double other);
    int32_t find(int32_t token) const;
    Listed& list(const NamedToken& named);
    uint64_t takers_of(const NamedToken& named) const {
        return kernels_.byte_takers(ranges_, static_cast<uint32_t>(named.place), static_cast<uint32_t>(named.length));
    }
    double mass_of(const Listed& listed) const;
    double most_of_longer(int32_t candidate) const;
    double discount(int32_t length, int32_t candidate) const { return discounts_.of_extra[static_cast<size_t>(std::max(0, length - length_[candidate]))]; }
    uint32_t slot_of(int32_t token) const { return static_cast<uint32_t>(token) * 0x9E3779B1u >> shift_; }
    void clear_listed(size_t most);

    const KernelTable& kernels_;
    VocabularyPair& pair_;
    const AlignSettings& settings_;
    ByteDiscounts discounts_;

    // Candidates that have mass and something to give it to.
    int32_t count_ = 0;
    const ByteFit* fits_[kMostCandidates];
    double mass_[kMostCandidates], other_[kMostCandidates], sum_[kMostCandidates];
    double unlisted_[kMostCandidates]; // what an unlisted token without extra bytes gets
    int32_t length_[kMostCandidates];
    ByteRanges ranges_;

    // Listed tokens, and where they stand: slots of an open hash table hold a stamp of the row and an index.
    std::vector<Listed> listed_;
    std::vector<uint64_t> slots_;
    uint32_t stamp_ = 0;
    int32_t shift_ = 32;
};

} // namespace pta
