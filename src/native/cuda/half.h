// bf16 on tensor cores: matrix instructions with sums in fp32, tiles of shared memory filled while others are used.
// A tile's rows are 8 numbers longer than what they hold, so that eight rows lie in different banks.
#pragma once
#include "common.h"

/** Two numbers as bf16, the first in the low half. */
__device__ inline uint32_t toHalves(float low, float high) {
#if defined(SIMT_EMULATED) || !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 800
  return toHalf(low) | static_cast<uint32_t>(toHalf(high)) << 16;
#else
  uint32_t both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
#endif
}

#ifdef SIMT_EMULATED
using simt::copyLater;
using simt::loadMatrices;
using simt::mma16816;
inline void commitCopies() { simt::commitCopies(); }
template <int LEFT> void waitForCopies() { simt::waitForCopies(LEFT); }
#else
__device__ inline uint32_t sharedAddress(const void* pointer) {
  uint32_t address;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(address) : "l"(pointer));
  return address;
}

/** 16 bytes into shared memory, arriving later; zeros where nothing is to be read. */
__device__ inline void copyLater(void* to, const void* from, bool isRead) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(to)), "l"(from), "r"(isRead ? 16 : 0)
               : "memory");
}
__device__ inline void commitCopies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/** Waits until at most so many groups are still on their way. */
template <int LEFT> __device__ inline void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(LEFT) : "memory");
}

/** Four 8 × 8 matrices; lane 8i + r brings the address of row r of the i-th. */
__device__ inline void loadMatrices(uint32_t* out, const void* row, bool isTransposed) {
  if (isTransposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(sharedAddress(row))
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(out[0]), "=r"(out[1]), "=r"(out[2]), "=r"(out[3])
                 : "r"(sharedAddress(row))
                 : "memory");
}

/** D [16, 8] += A [16, 16] · B [16, 8]. */
__device__ inline void mma16816(float* d, const uint32_t* a, const uint32_t* b) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

/** A's [16, 16] whose corner is `tile`, of a tile [m][k] or, transposed, [k][m]. */
template <int STRIDE, bool IS_TRANSPOSED> __device__ inline void loadA(uint32_t* a, const uint16_t* tile) {
  int lane = threadIdx.x % 32;
  int m = IS_TRANSPOSED ? lane / 8 % 2 * 8 : lane % 16, k = IS_TRANSPOSED ? lane / 16 * 8 + lane % 8 : lane / 16 * 8;
  loadMatrices(a, tile + (IS_TRANSPOSED ? k * STRIDE + m : m * STRIDE + k), IS_TRANSPOSED);
}

/** Two neighbours of B's [16, 8], of a tile [n][k], as products B·Aᵀ want it, or [k][n]. */
template <int STRIDE, bool IS_INNER_LAST> __device__ inline void loadB(uint32_t* b, const uint16_t* tile) {
  int lane = threadIdx.x % 32;
  int n = IS_INNER_LAST ? lane / 16 * 8 + lane % 8 : lane / 16 * 8;
  int k = IS_INNER_LAST ? lane / 8 % 2 * 8 : lane % 16;
  loadMatrices(b, tile + (IS_INNER_LAST ? n * STRIDE + k : k * STRIDE + n), !IS_INNER_LAST);
}

/** The bf16 copy of a matrix, its rows filled up with zeros to `stride`, a multiple of 8. A thread for each 8. */
KERNEL halve(const float* __restrict__ from, uint16_t* __restrict__ to, int columns, int stride, int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  int eights = stride / 8, first = i % eights * 8;
  const float* row = from + i / eights * columns;
  float values[8];
  if (columns % 8 == 0) {
    *reinterpret_cast<float4*>(values) = *reinterpret_cast<const float4*>(row + first);
    *reinterpret_cast<float4*>(values + 4) = *reinterpret_cast<const float4*>(row + first + 4);
  } else {
#pragma unroll
    for (int j = 0; j < 8; j++) values[j] = first + j < columns ? row[first + j] : 0;
  }
  reinterpret_cast<uint4*>(to)[i] = {toHalves(values[0], values[1]), toHalves(values[2], values[3]),
                                     toHalves(values[4], values[5]), toHalves(values[6], values[7])};
}
