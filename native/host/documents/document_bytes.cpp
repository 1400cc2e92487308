#include "host/documents/document_bytes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace pta {

namespace {

// More than sums of kMostCandidates products can be off by rounding.
constexpr double kRoundingRoom = 1 + 1e-9;

// Puts a token among the heaviest, ties by id; false if it is lighter than as many as are kept.
bool offer(FusedRow& fused, int32_t token, double mass, int32_t keep) {
    if (!(mass > 0))
        return false;
    auto is_before = [&](int32_t at) { return mass > fused.masses[at] || (mass == fused.masses[at] && token < fused.tokens[at]); };
    if (fused.count == keep) {
        if (!is_before(keep - 1))
            return false;
        fused.count--;
    }
    int32_t at = fused.count++;
    for (; at > 0 && is_before(at - 1); at--) {
        fused.tokens[at] = fused.tokens[at - 1];
        fused.masses[at] = fused.masses[at - 1];
    }
    fused.tokens[at] = token;
    fused.masses[at] = mass;
    return true;
}

} // namespace

ByteProjection::ByteProjection(const KernelTable& kernels, VocabularyPair& pair, const AlignSettings& settings)
    : kernels_(kernels), pair_(pair), settings_(settings),
      discounts_(kernels, settings.options.byte_tail, settings.bytes() ? pair.byte_fits->longest() : 0) {}

void ByteProjection::find_fits(CandidateRow* rows, int64_t count) {
    for (int64_t r = 0; r < count; r++) {
        for (int32_t c = 0; rows[r].active && c < rows[r].n; c++)
            rows[r].fits[c] = rows[r].mass[c] > 0 ? &fit_of(rows[r], c) : nullptr;
    }
}

void ByteProjection::prefetch(const CandidateRow* next, const CandidateRow* after) const {
    for (int32_t c = 0; after != nullptr && after->active && c < after->n; c++)
        __builtin_prefetch(after->fits[c]);
    if (next == nullptr || !next->active)
        return;
    for (int32_t c = 0; c < next->n; c++) {
        if (next->fits[c] != nullptr)
            __builtin_prefetch(next->fits[c]->named.get());
    }
    const pta_tokenized_document& target = next->state->document->target;
    const int32_t* tokens = target.indices + int64_t{next->target_row} * target.k;
    for (int32_t j = 0; j < settings_.used(target.k); j++)
        __builtin_prefetch(&pair_.byte_fits->named(tokens[j]));
}

double ByteProjection::project(const CandidateRow& row, int32_t keep, FusedRow& fused) {
    double all = collect(row);
    if (!std::isfinite(all))
        return all;
    list_own(row);
    for (int32_t c = 0; c < count_; c++) {
        list(fits_[c]->first).takers |= uint64_t{1} << c;
        for (const NamedToken& named : fits_[c]->inside())
            list(named).takers |= uint64_t{1} << c;
    }
    for (Listed& listed : listed_)
        listed.takers |= takers_of(listed.named);
    sum_weights(row.column_mass[settings_.used(row.state->document->target.k)]);

    for (const Listed& listed : listed_)
        offer(fused, listed.named.token, mass_of(listed), keep);
    for (int32_t c = 0; c < count_; c++) {
        if (fits_[c]->longer_count == 0 || (fused.count == keep && most_of_longer(c) < fused.masses[keep - 1]))
            continue;
        for (const NamedToken& named : fits_[c]->heaviest(settings_.options.byte_tail)) {
            if (find(named.token) != kNone)
                continue;
            uint64_t takers = takers_of(named);
            // What another candidate vouches for more bytes of comes when that one is looked at.
            int32_t innermost = c;
            for (uint64_t left = takers; left != 0; left &= left - 1) {
                int32_t other = __builtin_ctzll(left);
                if (length_[other] > length_[innermost] || (length_[other] == length_[innermost] && other > innermost))
                    innermost = other;
            }
            if (innermost == c && !offer(fused, named.token, mass_of({named, 0, takers}), keep))
                break;
        }
    }
    return all;
}

const ByteFit& ByteProjection::fit_of(const CandidateRow& row, int32_t candidate) {
    const Vocabulary& source = pair_.source;
    int32_t token = row.tokens[candidate];
    if (row.has_special && source.is_special(token))
        return pair_.byte_fits->of_partner(pair_.nearest_text[token]);
    if (row.skips == nullptr && !row.columns_drop_space)
        return pair_.byte_fits->of_token(token, discounts_);
    int32_t skip = row.skips == nullptr ? 0 : row.skips[candidate];
    return pair_.byte_fits->of_text(source.bytes_of(token) + skip, source.length_of(token) - skip, row.columns_drop_space, discounts_);
}

double ByteProjection::collect(const CandidateRow& row) {
    count_ = 0;
    double all = 0;
    size_t most = static_cast<size_t>(settings_.used(row.state->document->target.k));
    for (int32_t c = 0; c < row.n; c++) {
        double mass = row.mass[c];
        if (!(mass > 0))
            continue;
        const ByteFit& fit = *row.fits[c];
        if (fit.first.token < 0)
            continue;
        fits_[count_] = &fit;
        mass_[count_] = mass;
        bool empty = fit.places == 0;
        ranges_.start[count_] = empty ? ByteRanges::kEmpty : static_cast<uint32_t>(fit.start);
        ranges_.last[count_] = empty ? 0 : static_cast<uint32_t>(fit.places - 1);
        ranges_.least_length[count_] = static_cast<uint32_t>(fit.first.length) + 1;
        length_[count_++] = fit.length;
        most += 1 + static_cast<size_t>(fit.inside_count);
        all += mass;
    }
    ranges_.count = count_;
    for (int32_t c = count_; c % 16 != 0; c++) { // the widest vector has 16 lanes
        ranges_.start[c] = ByteRanges::kEmpty;
        ranges_.last[c] = 0;
    }
    clear_listed(most);
    return all;
}

// The target's own tokens, of several that are alike the first.
void ByteProjection::list_own(const CandidateRow& row) {
    const pta_tokenized_document& target = row.state->document->target;
    const int32_t* tokens = target.indices + int64_t{row.target_row} * target.k;
    for (int32_t j = 0; j < settings_.used(target.k); j++) {
        double weight = row.column_mass[j];
        if (weight > 0 && find(tokens[j]) == kNone)
            list(pair_.byte_fits->named(tokens[j])).weight = weight;
    }
}

void ByteProjection::sum_weights(double other) {
    double own[kMostCandidates] = {}, discounted[kMostCandidates] = {};
    int32_t counts[kMostCandidates] = {};
    for (const Listed& listed : listed_) {
        if (!(listed.weight > 0))
            break; // the target's own come first
        for (uint64_t left = listed.takers; left != 0; left &= left - 1) {
            int32_t c = __builtin_ctzll(left);
            own[c] += listed.weight;
            discounted[c] += discount(listed.named.length, c);
            counts[c]++;
        }
    }
    for (int32_t c = 0; c < count_; c++) {
        double discounts = fits_[c]->sum_of(discounts_);
        double rest = counts[c] == fits_[c]->count ? 0 : std::max(0.0, discounts - discounted[c]);
        double sum = own[c] + other * rest;
        other_[c] = sum > 0 ? other : 1;
        sum_[c] = sum > 0 ? sum : discounts;
        unlisted_[c] = mass_[c] * (other_[c] / sum_[c]);
    }
}

// At least what any unlisted token gets that lies in a candidate's range and in no range inside it. It also lies in the ranges around it, whose candidates
// are shorter, so that no discount is less than this candidate's for the shortest such token.
double ByteProjection::most_of_longer(int32_t candidate) const {
    const ByteFit& fit = *fits_[candidate];
    double sum = 0;
    for (uint64_t left = kernels_.byte_takers(ranges_, static_cast<uint32_t>(fit.start), INT32_MAX); left != 0; left &= left - 1)
        sum += unlisted_[__builtin_ctzll(left)];
    return sum * discount(fit.first.length + 1, candidate) * kRoundingRoom;
}

double ByteProjection::mass_of(const Listed& listed) const {
    double mass = 0;
    for (uint64_t left = listed.takers; left != 0; left &= left - 1) {
        int32_t c = __builtin_ctzll(left);
        double weight = listed.weight > 0 ? listed.weight : other_[c] * discount(listed.named.length, c);
        mass += mass_[c] * (weight / sum_[c]);
    }
    return mass;
}

void ByteProjection::clear_listed(size_t most) {
    listed_.clear();
    if (slots_.size() < 2 * most) {
        size_t size = 256;
        shift_ = 24;
        for (; size < 2 * most; size *= 2)
            shift_--;
        slots_.assign(size, 0);
        stamp_ = 0;
    }
    stamp_++; // 2^32 rows do not fit one run
}

int32_t ByteProjection::find(int32_t token) const {
    uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1;
    for (uint32_t slot = slot_of(token);; slot = (slot + 1) & mask) {
        if (slots_[slot] >> 32 != stamp_)
            return kNone;
        int32_t index = static_cast<int32_t>(slots_[slot]);
        if (listed_[static_cast<size_t>(index)].named.token == token)
            return index;
    }
}

ByteProjection::Listed& ByteProjection::list(const NamedToken& named) {
    uint32_t mask = static_cast<uint32_t>(slots_.size()) - 1, slot = slot_of(named.token);
    for (; slots_[slot] >> 32 == stamp_; slot = (slot + 1) & mask) {
        Listed& listed = listed_[static_cast<size_t>(static_cast<int32_t>(slots_[slot]))];
        if (listed.named.token == named.token)
            return listed;
    }
    slots_[slot] = uint64_t{stamp_} << 32 | static_cast<uint32_t>(listed_.size());
    listed_.push_back({named, 0, 0});
    return listed_.back();
}

} // namespace pta
