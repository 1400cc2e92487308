// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// Balanced transport: x * y + z, fused; the sign bits of the lanes, lane 0 lowest.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm256_fmadd_pd(x, y, z); }
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd(reinterpret_cast<__m256d>(mask))); }
