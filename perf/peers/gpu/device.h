// What the peers need of CUDA C++ and nothing else, so that NVRTC, nvcc and clang (which has no NVIDIA headers at hand) compile the same sources.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifdef __clang__
#define KERNEL extern "C" __attribute__((global))
#define DEVICE static __attribute__((device)) __attribute__((always_inline)) inline
#define SHARED __attribute__((shared))
#define THREAD ((int)__nvvm_read_ptx_sreg_tid_x())
#define BLOCK ((int)__nvvm_read_ptx_sreg_ctaid_x())
#define THREADS ((int)__nvvm_read_ptx_sreg_ntid_x())
#define SYNC_BLOCK() __nvvm_barrier_sync(0)
#define SYNC_WARP() __nvvm_bar_warp_sync(0xFFFFFFFFu)
#define POPCOUNT(x) __builtin_popcount(x)
#define SHUFFLE_UP(x) ((u32)__nvvm_shfl_sync_up_i32(0xFFFFFFFFu, (int)(x), 1, 0))
#define MULTIPLY(x, y) __nvvm_mul_rn_d(x, y)
#define ADD(x, y) __nvvm_add_rn_d(x, y)
#define FETCH_ADD(p, x) __nvvm_atom_add_gen_i(p, x)
#define ALL(x) __nvvm_vote_all_sync(0xFFFFFFFFu, x)
#else
#define KERNEL extern "C" __global__
#define DEVICE static __device__ __forceinline__
#define SHARED __shared__
#define THREAD ((int)threadIdx.x)
#define BLOCK ((int)blockIdx.x)
#define THREADS ((int)blockDim.x)
#define SYNC_BLOCK() __syncthreads()
#define SYNC_WARP() __syncwarp()
#define POPCOUNT(x) __popc(x)
#define SHUFFLE_UP(x) __shfl_up_sync(0xFFFFFFFFu, x, 1)
#define MULTIPLY(x, y) __dmul_rn(x, y)
#define ADD(x, y) __dadd_rn(x, y)
#define FETCH_ADD(p, x) atomicAdd(p, x)
#define ALL(x) __all_sync(0xFFFFFFFFu, x)
#endif
