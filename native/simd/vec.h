// The lane types of one target, over the compiler's vector extensions: arithmetic, comparison and ?: are the operators. A target header
// (vec_portable.h, vec_avx2.h, vec_avx512.h) sets kVectorBytes and supplies the few operations that need an instruction of their own.
// No include guard: each target compiles its own copy inside its own namespace, so that no code of a wider target can be linked into a narrower one.
// Kernels use no library templates with external linkage for the same reason; scripts check the object files.

template <class T> struct Lanes {
    static constexpr int count = kVectorBytes / static_cast<int>(sizeof(T));
    typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <class T> using Vec = typename Lanes<T>::type;
template <class T> inline constexpr int kLanes = Lanes<T>::count;

using u8xN = Vec<uint8_t>;
using u16xN = Vec<uint16_t>;
using u32xN = Vec<uint32_t>;
using u64xN = Vec<uint64_t>;
using i32xN = Vec<int32_t>;
using i64xN = Vec<int64_t>;
using f32xN = Vec<float>;
using f64xN = Vec<double>;

template <class V> static inline V load(const void* from) { V v; __builtin_memcpy(&v, from, sizeof v); return v; }
template <class V> static inline void store(void* to, V v) { __builtin_memcpy(to, &v, sizeof v); }
template <class V, class T> static inline V splat(T x) {
#if defined(__clang__) // adds no wider scalar to narrow lanes; makes one broadcast of the loop
    V v{};
    for (int lane = 0; lane < static_cast<int>(sizeof(V) / sizeof(v[0])); lane++)
        v[lane] = x;
    return v;
#else
    return V{} + static_cast<decltype(V{}[0] + 0)>(x);
#endif
}

// The first count <= 8 bytes of a word.
static inline uint64_t load_some(const uint8_t* from, int32_t count) {
    uint64_t word = 0;
    if (count == 8) {
        __builtin_memcpy(&word, from, 8);
        return word;
    }
    int32_t at = 0;
    for (int32_t size = 4; size > 0; size /= 2) {
        if ((count & size) != 0) {
            uint32_t piece = 0;
            if (size == 4)
                __builtin_memcpy(&piece, from + at, 4);
            else if (size == 2)
                __builtin_memcpy(&piece, from + at, 2);
            else
                piece = from[at];
            word |= uint64_t{piece} << (8 * at);
            at += size;
        }
    }
    return word;
}
static inline void store_some(uint8_t* to, uint64_t word, int32_t count) {
    if (count == 8) {
        __builtin_memcpy(to, &word, 8);
        return;
    }
    for (int32_t size = 4; size > 0; size /= 2) {
        if ((count & size) != 0) {
            if (size == 4)
                __builtin_memcpy(to, &word, 4);
            else if (size == 2)
                __builtin_memcpy(to, &word, 2);
            else
                *to = static_cast<uint8_t>(word);
            to += size;
            word >>= 8 * size;
        }
    }
}

// Vectors of another width, to convert from.
template <class T, int kCount> struct SomeLanes {
    typedef T type __attribute__((vector_size(kCount * sizeof(T))));
};
