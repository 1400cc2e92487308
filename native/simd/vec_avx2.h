// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// exponential.inl.h
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline f64xN exp_power(i64xN sixteenth) { return (f64xN)_mm256_i64gather_pd(kExpPowers, (__m256i)sixteenth, 8); } // 2^(sixteenth / 16)
// ---- official transport
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm256_max_pd((__m256d)floor, (__m256d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask)); }
