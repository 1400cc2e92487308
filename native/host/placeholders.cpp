// PLACEHOLDER definitions, each removed by the change that brings the real one.
#include "host/edit_distance.h"
#include "host/error.h"
#include "host/nearest.h"
#include "host/nearest_index.h"
#include "host/tape.h"
#include "host/transport.h"

#define NOT_BUILT __attribute__((weak))
namespace {
[[noreturn]] void not_built(const char* what) { pta::throw_error(PTA_ERROR_INTERNAL, "%s is not built yet", what); }
} // namespace

namespace pta {
template <class T>
NOT_BUILT bool cost_matrix(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, T*, int64_t) { not_built("cost_matrix"); }
template bool cost_matrix(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, uint8_t*, int64_t);
template bool cost_matrix(Workspace&, const Tape&, const int32_t*, int64_t, const Tape&, const int32_t*, int64_t, uint16_t*, int64_t);
NOT_BUILT bool cost_matrices(Workspace&, const Tape&, const int32_t*, const Tape&, const int32_t*, int64_t, int32_t, int32_t, uint8_t*) { not_built("cost_matrices"); }
} // namespace pta
