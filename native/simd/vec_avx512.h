// AVX-512 F BW DQ VL VBMI VBMI2 BITALG VPOPCNTDQ.
static constexpr int kVectorBytes = 64;
#include "simd/vec.h"
