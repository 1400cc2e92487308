// Keeps the library loadable on older glibc than the one it was built with: the thread functions moved into libc.so as GLIBC_2.34, but their first
// versions are exported everywhere, and libstdc++.a reads a variable that glibc has since 2.32 only. scripts/glibc-floor prints the result.
#if defined(__has_include)
#if __has_include(<features.h>)
#include <features.h> // defines __GLIBC__
#endif
#endif

#if defined(__linux__) && defined(__GLIBC__)
extern "C" {
// "There may be several threads": the answer that is always right.
__attribute__((visibility("hidden"))) extern const char __libc_single_threaded;
const char __libc_single_threaded = 0;
}
#endif
