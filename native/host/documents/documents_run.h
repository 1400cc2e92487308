// A few documents through all stages on one thread. Each stage runs over all rows before the next begins, so that the kernels' lanes are full.
#pragma once
#include <vector>

#include "host/documents/document_bytes.h"
#include "host/documents/document_candidates.h"
#include "host/documents/document_projection.h"
#include "host/documents/document_rows.h"

namespace pta {

enum class AlignStage { kPairing, kMapping, kCandidates, kTransport, kProjection };

class DocumentsRun {
public:
    DocumentsRun(Workspace& workspace, VocabularyPair& pair, const AlignSettings& settings);

    // Fills the documents' results, or their refusal.
    void align(DocumentState* documents, int64_t count);

private:
    void check(DocumentState& state);
    void decide(DocumentState* documents, int64_t count);
    void resolve_nearest(const DocumentState* documents, int64_t count);
    void align_rows(CandidateRow* rows, int64_t count);
    void finish_reference_rows(CandidateRow* rows, int64_t count);
    void finish_text_rows(CandidateRow* rows, int64_t count);
    void lap(AlignStage stage);

    Workspace& workspace_;
    VocabularyPair& pair_;
    const AlignSettings& settings_;
    CandidateTask task_;
    SemiRelaxedProjection semi_relaxed_;
    ByteProjection bytes_;
    std::vector<int32_t> tokens_; // whose nearest ones are wanted
    int64_t clock_ = 0;
    double seconds_[5];
};

} // namespace pta
