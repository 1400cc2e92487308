// Transports of one shape, dispatched by kind: lane kernels where they exist, the scalar solvers otherwise.
#pragma once
#include <cstdint>

#include "host/workspace.h"
#include "kernels/kernel_table.h"

namespace pta {

// kind is PTA_TRANSPORT_* but NONE; T is uint8_t or double. Every outcome is final: what a lane kernel cannot certify is solved again here.
template <class T> void solve_transport(Workspace& workspace, int32_t kind, const TransportBatch<T>& batch);

} // namespace pta
