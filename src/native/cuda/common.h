// What all CUDA kernels share. Compiled by NVRTC, which brings no headers, and for tests by g++ over an emulator.
#pragma once
#ifndef SIMT_EMULATED
typedef unsigned int uint32_t;
typedef unsigned short uint16_t;
typedef unsigned long long uint64_t;
typedef long long int64_t;
#define INFINITY __int_as_float(0x7f800000)
/** Shared memory whose size the launch says. */
#define DYNAMIC_SHARED(type, name)                            \
  extern __shared__ __align__(16) unsigned char dynamic_[];   \
  type* name = reinterpret_cast<type*>(dynamic_)
#endif

#define KERNEL extern "C" __global__ void

__device__ inline float warpSum(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x += __shfl_xor_sync(0xffffffffu, x, offset);
  return x;
}

__device__ inline float warpMax(float x) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, offset));
  return x;
}

/**
 * The sum over a block of whole warps, the same in every thread; the order of its sums is fixed. Once a kernel: a second
 * call would need a barrier first. So does blockMax.
 */
__device__ inline float blockSum(float x) {
  __shared__ float sums[32];
  x = warpSum(x);
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int w = 0; w < static_cast<int>(blockDim.x / 32); w++) sum += sums[w];
  return sum;
}

/** The largest over a block of whole warps, the same in every thread. */
__device__ inline float blockMax(float x) {
  __shared__ float most[32];
  x = warpMax(x);
  if (threadIdx.x % 32 == 0) most[threadIdx.x / 32] = x;
  __syncthreads();
  float largest = most[0];
  for (int w = 1; w < static_cast<int>(blockDim.x / 32); w++) largest = fmaxf(largest, most[w]);
  return largest;
}

/** This thread's place in a grid of one dimension. */
__device__ inline int64_t globalIndex() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }

/** To the nearest bf16, ties to even; NaN stays NaN. */
__device__ inline uint16_t toHalf(float x) {
  uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}
