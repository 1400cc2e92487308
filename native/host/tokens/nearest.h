// Nearest target tokens: specials by role, exact hits by hash, the rest by the kernel.
#pragma once
#include <cstdint>

#include "host/tokens/tape.h"
#include "host/workspace.h"

namespace pta {

// nearest[i], distance[i] of source_tokens[i] as ptakernels.h defines them; ids lie on the tape.
void find_nearest(Workspace& workspace, const Tape& source, const int32_t* source_tokens, int64_t n, const Tape& target, int32_t* nearest, int32_t* distance);

} // namespace pta
