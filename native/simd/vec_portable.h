// Any 64-bit CPU: 16-byte vectors, which every compiler target has (SSE2, NEON) or can imitate.
static constexpr int kVectorBytes = 16;
#include "simd/vec.h"
