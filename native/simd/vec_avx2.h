// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// exponential.inl.h
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline f64xN exp_power(i64xN sixteenth) { return (f64xN)_mm256_i64gather_pd(kExpPowers, (__m256i)sixteenth, 8); } // 2^(sixteenth / 16)
