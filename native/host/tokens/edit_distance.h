// Cost matrices over tapes: specials by role, ordinary tokens by the kernels, tapes with oversized alphabets by plain comparison of symbols.
#pragma once
#include <cstdint>

#include "host/tokens/tape.h"
#include "host/workspace.h"

namespace pta {

// out[i * stride + j]; ids lie on their tapes. T is uint8_t or uint16_t. True if a distance was out of range (over 254 or 65,534).
template <class T>
bool cost_matrix(Workspace& workspace, const Tape& source, const int32_t* source_tokens, int64_t n, const Tape& target, const int32_t* target_tokens,
                 int64_t m, T* out, int64_t stride);

// Many small matrices of one shape, [batch, rows, columns].
bool cost_matrices(Workspace& workspace, const Tape& source, const int32_t* source_tokens, const Tape& target, const int32_t* target_tokens,
                   int64_t batch, int32_t rows, int32_t columns, uint8_t* out);

} // namespace pta
