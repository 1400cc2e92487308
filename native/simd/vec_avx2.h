// AVX2, FMA, BMI2, POPCNT.
static constexpr int kVectorBytes = 32;
#include "simd/vec.h"

// Official transport.
// max(floor, x) that keeps a NaN in x.
static inline f64xN raise_to(f64xN floor, f64xN x) { return (f64xN)_mm256_max_pd((__m256d)floor, (__m256d)x); }
// Larger of two lanes as signed integers.
static inline i64xN max_i64(i64xN x, i64xN y) { return x > y ? x : y; }
// Bit l is the top bit of lane l.
static inline uint32_t lane_bits(i64xN mask) { return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask)); }

// Balanced transport: x * y + z, fused; as many bytes as lanes, widened.
static inline f64xN fma_lanes(f64xN x, f64xN y, f64xN z) { return _mm256_fmadd_pd(x, y, z); }
static inline f64xN widen_bytes(const uint8_t* from) {
    int32_t four;
    __builtin_memcpy(&four, from, sizeof four);
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
}

// Alignment path.
template <class V> static inline V lesser(V a, V b) { return a < b ? a : b; }
template <class V> static inline V add_saturated(V a, V b) {
    if constexpr (sizeof(a[0]) == 2)
        return (V)_mm256_adds_epu16((__m256i)a, (__m256i)b);
    else
        return lesser(a, ~b) + b;
}

// Lanes 1.. of a, then lane 0 of b.
template <class V> static inline V next_lane(V a, V b) {
    __m256i middle = _mm256_permute2x128_si256((__m256i)a, (__m256i)b, 0x21);
    return (V)_mm256_alignr_epi8(middle, (__m256i)a, sizeof(a[0]));
}

// Bit l of the result: lane l of an all-ones-or-zeros mask.
template <class M> static inline uint32_t mask_bits(M mask) {
    if constexpr (sizeof(mask[0]) == 2)
        return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(_mm256_castsi256_si128((__m256i)mask), _mm256_extracti128_si256((__m256i)mask, 1))));
    else if constexpr (sizeof(mask[0]) == 4)
        return static_cast<uint32_t>(_mm256_movemask_ps((__m256)mask));
    else
        return static_cast<uint32_t>(_mm256_movemask_pd((__m256d)mask));
}
template <class V> static inline uint32_t equal_bits(V a, V b) { return mask_bits(a == b); }
template <class V> static inline uint32_t at_most_bits(V a, V b) { return mask_bits(lesser(a, b) == a); }

// kLanes<Sum> bytes, zero-extended.
template <class Sum> static inline Vec<Sum> widen(const uint8_t* from) {
    return __builtin_convertvector(load<typename SomeLanes<uint8_t, kLanes<Sum>>::type>(from), Vec<Sum>);
}
template <class Sum> static inline Vec<Sum> widen_pair(const uint8_t* from, const uint8_t*) { return widen<Sum>(from); }

// out[l] = row[columns[l]] for kVectorBytes lanes.
struct ByteLookup {
    int32_t columns[kVectorBytes];
    void prepare(const int32_t* ids, int64_t) { __builtin_memcpy(columns, ids, sizeof columns); }
    void expand(const uint8_t* row, uint8_t* out) const {
        for (int l = 0; l < kVectorBytes; l++)
            out[l] = row[columns[l]];
    }
};

// nearest: bits set per lane, and one bit per lane whose signed value is at most the limit's.
template <class T> static inline Vec<T> lane_popcount(Vec<T> v) {
    const __m256i of_nibble = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i low = _mm256_set1_epi8(15), bits = (__m256i)v;
    __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(of_nibble, _mm256_and_si256(bits, low)),
                                    _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi16(bits, 4), low)));
    Vec<T> sum = (Vec<T>)bytes;
    for (unsigned shift = 8; shift < 8 * sizeof(T); shift *= 2)
        sum += sum >> shift;
    return sum & static_cast<T>(0x7F);
}
template <class T> static inline uint64_t lanes_at_most(Vec<T> v, Vec<T> limit) {
    const __m256i a = (__m256i)v, b = (__m256i)limit;
    if constexpr (sizeof(T) == 1)
        return static_cast<uint32_t>(~_mm256_movemask_epi8(_mm256_cmpgt_epi8(a, b)));
    else if constexpr (sizeof(T) == 2)
        return _pext_u32(static_cast<uint32_t>(~_mm256_movemask_epi8(_mm256_cmpgt_epi16(a, b))), 0x55555555u);
    else if constexpr (sizeof(T) == 4)
        return static_cast<uint32_t>(~_mm256_movemask_ps((__m256)_mm256_cmpgt_epi32(a, b))) & 0xFFu;
    else
        return static_cast<uint32_t>(~_mm256_movemask_pd((__m256d)_mm256_cmpgt_epi64(a, b))) & 0xFu;
}

// Exponential: a * b + c with one rounding; a power from a table of 16.
static inline f64xN exp_fma(f64xN a, f64xN b, f64xN c) { return (f64xN)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c); }
static inline f64xN exp_power(const double* powers, i64xN sixteenth) { return (f64xN)_mm256_i64gather_pd(powers, (__m256i)sixteenth, 8); } // powers[sixteenth]
