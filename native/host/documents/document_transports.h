// Transports of collected rows, one call per shape.
#pragma once
#include "host/documents/document_candidates.h"

namespace pta {

// The rows of one shape as one batch.
class TransportGroups {
public:
    // Sorts the transporting rows by shape and gives them their places in the batches; costs are computed straight into them.
    TransportGroups(const CandidateTask& task, CandidateRow* rows, int64_t count);

    // Solves all batches and leaves each row its plan and outcome. Refuses documents whose official loop does not stop.
    void solve();

private:
    struct Group {
        int32_t n, stride;
        int64_t count;
        TransportBatch<uint8_t> batch;
    };
    void solve_wide(CandidateRow& row, int32_t kind);

    const CandidateTask& task_;
    CandidateRow* rows_;
    int64_t count_;
    int32_t* group_of_;    // [count]
    int64_t* position_of_; // [count]
    std::vector<Group> groups_;
};

} // namespace pta
