// exp and log by the versions that every glibc has: the newer ones (GLIBC_2.29) compute the same bits and differ only in how they report errors.
#pragma once
#include <cmath>

#if defined(__x86_64__) && defined(__GLIBC__)
__asm__(".symver exp, exp@GLIBC_2.2.5");
__asm__(".symver log, log@GLIBC_2.2.5");
#endif
