// MKL, which is inside libtorch, asks this function of its own whether the processor is Intel's, and gives any other one kernels for SSE or AVX2 whatever it can do.
// Loaded into the global scope before libtorch, this one answers instead. What the processor can do MKL still asks the processor.
extern "C" __attribute__((visibility("default"))) int mkl_serv_intel_cpu_true() { return 1; }
