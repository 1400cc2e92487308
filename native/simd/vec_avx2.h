// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// ---- official transport
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm256_max_pd((__m256d)floor, (__m256d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask)); }

// Balanced transport: x * y + z, fused; the sign bits of the lanes, lane 0 lowest; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm256_fmadd_pd(x, y, z); }
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd(reinterpret_cast<__m256d>(mask))); }
static inline f64xN widen_bytes(const uint8_t* from) {
    int32_t four;
    __builtin_memcpy(&four, from, sizeof four);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}
