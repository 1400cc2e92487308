// PLACEHOLDER definitions, each removed by the change that brings the real one.
#include <string>

#include "host/documents.h"
#include "host/edit_distance.h"
#include "host/error.h"
#include "host/nearest.h"
#include "host/nearest_index.h"
#include "host/tape.h"
#include "host/transport.h"
#include "host/vocabulary_pair.h"

#define NOT_BUILT __attribute__((weak))
namespace {
[[noreturn]] void not_built(const char* what) { pta::throw_error(PTA_ERROR_INTERNAL, "%s is not built yet", what); }
} // namespace

NOT_BUILT const pta::NearestIndex& pta_tape::nearest_index() const {
    std::lock_guard<std::mutex> lock(nearest_mutex_);
    if (!nearest_)
        nearest_ = std::make_unique<pta::NearestIndex>();
    return *nearest_;
}

namespace pta {
template <class T>
NOT_BUILT bool cost_matrix(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, T*, int64_t) { not_built("cost_matrix"); }
template bool cost_matrix(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, uint8_t*, int64_t);
template bool cost_matrix(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, uint16_t*, int64_t);
NOT_BUILT bool cost_matrices(Workspace&, const Tape&, const int32_t*, const Tape&, const int32_t*, int64_t, int32_t, int32_t, uint8_t*) { not_built("cost_matrices"); }
NOT_BUILT void find_nearest(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, int32_t*, int32_t*) { not_built("find_nearest"); }
template <class T> NOT_BUILT void solve_transport(Workspace&, int32_t, const TransportBatch<T>&) { not_built("solve_transport"); }
template void solve_transport(Workspace&, int32_t, const TransportBatch<uint8_t>&);
template void solve_transport(Workspace&, int32_t, const TransportBatch<double>&);
NOT_BUILT bool align_documents(Workspace&, pta_vocabulary_pair&, const pta_align_options&, pta_document*, int64_t, std::string&) { not_built("align_documents"); }
} // namespace pta
