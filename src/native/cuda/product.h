// Matrix products in fp32: a tile a block of 16 × 16 threads, the next slice of the inner axis fetched while this one is
// multiplied, and what follows a product done on its way out.
#pragma once
#include "epilogue.h"

constexpr int slice = 16;

/** A tile of A (or B) for one slice of the inner axis, out of global memory into registers, zero outside. */
template <int TILE, bool IS_INNER_LAST>
__device__ inline void fetch(float* kept, const float* from, int first, int count, int k0, int last, int inner) {
#pragma unroll
  for (int i = 0; i < TILE * slice / 256; i++) {
    int e = threadIdx.x + 256 * i;
    int row = first + (IS_INNER_LAST ? e / slice : e % TILE), k = k0 + (IS_INNER_LAST ? e % slice : e / TILE);
    bool isInside = row < count && k < last;
    kept[i] = isInside ? from[IS_INNER_LAST ? static_cast<int64_t>(row) * inner + k : static_cast<int64_t>(k) * count + row] : 0;
  }
}

/** The registers of `fetch` into shared memory, inner axis first. */
template <int TILE, bool IS_INNER_LAST>
__device__ inline void place(float (*tile)[TILE + 4], const float* kept) {
#pragma unroll
  for (int i = 0; i < TILE * slice / 256; i++) {
    int e = threadIdx.x + 256 * i;
    tile[IS_INNER_LAST ? e % slice : e / TILE][IS_INNER_LAST ? e / slice : e % TILE] = kept[i];
  }
}

/**
 * C [M, N] = A·B. A is [M, K], or [K, M] where it is transposed; B is [K, N], or [N, K]. Each thread makes EACH × EACH
 * numbers. With several blocks along z each takes `innerABlock` of the inner axis and C is [blocks, M, N], plain sums.
 */
template <int EACH, bool IS_A_TRANSPOSED, bool IS_B_TRANSPOSED>
__device__ inline void product(const float* __restrict__ A, const float* __restrict__ B, float* __restrict__ C, int M, int N,
                               int K, int innerABlock, const Epilogue& epilogue) {
  constexpr int TILE = 16 * EACH;
  __shared__ __align__(16) float as[slice][TILE + 4];
  __shared__ __align__(16) float bs[slice][TILE + 4];
  int m0 = blockIdx.y * TILE, n0 = blockIdx.x * TILE, tx = threadIdx.x % 16, ty = threadIdx.x / 16;
  int first = blockIdx.z * innerABlock, last = min(K, first + innerABlock);
  float sums[EACH][EACH] = {}, nextA[TILE * slice / 256], nextB[TILE * slice / 256];
  fetch<TILE, !IS_A_TRANSPOSED>(nextA, A, m0, M, first, last, K);
  fetch<TILE, IS_B_TRANSPOSED>(nextB, B, n0, N, first, last, K);
  for (int k0 = first; k0 < last; k0 += slice) {
    place<TILE, !IS_A_TRANSPOSED>(as, nextA);
    place<TILE, IS_B_TRANSPOSED>(bs, nextB);
    __syncthreads();
    if (k0 + slice < last) {
      fetch<TILE, !IS_A_TRANSPOSED>(nextA, A, m0, M, k0 + slice, last, K);
      fetch<TILE, IS_B_TRANSPOSED>(nextB, B, n0, N, k0 + slice, last, K);
    }
#pragma unroll 2
    for (int k = 0; k < slice; k++) {
      float a[EACH], b[EACH];
#pragma unroll
      for (int i = 0; i < EACH; i += 4) { // four neighbours in each 64 columns: no two threads want one bank
        *reinterpret_cast<float4*>(a + i) = *reinterpret_cast<const float4*>(&as[k][16 * i + 4 * ty]);
        *reinterpret_cast<float4*>(b + i) = *reinterpret_cast<const float4*>(&bs[k][16 * i + 4 * tx]);
      }
#pragma unroll
      for (int i = 0; i < EACH; i++)
#pragma unroll
        for (int j = 0; j < EACH; j++) sums[i][j] += a[i] * b[j];
    }
    __syncthreads();
  }
  C += static_cast<int64_t>(blockIdx.z) * M * N;
#pragma unroll
  for (int i = 0; i < EACH; i++) { // one row of every thread at a time through shared memory: neighbours store neighbours
    __syncthreads();
#pragma unroll
    for (int j = 0; j < EACH; j++) as[ty][16 * (j / 4 * 4) + 4 * tx + j % 4] = sums[i][j];
    __syncthreads();
#pragma unroll 1
    for (int e = threadIdx.x; e < 16 * TILE; e += 256) {
      int row = m0 + 16 * (i / 4 * 4) + 4 * (e / TILE) + i % 4, column = n0 + e % TILE;
      if (row < M && column < N)
        store(C, static_cast<int64_t>(row) * N + column, column, as[e / TILE][e % TILE], epilogue);
    }
  }
}

#define PRODUCT(name, EACH, IS_A_TRANSPOSED, IS_B_TRANSPOSED)                                                        \
  KERNEL __launch_bounds__(256) name(const float* A, const float* B, float* C, const float* bias,                    \
                                     const float* residual, int M, int N, int K, int innerABlock, float alpha,       \
                                     int isAdded) {                                                                  \
    product<EACH, IS_A_TRANSPOSED, IS_B_TRANSPOSED>(A, B, C, M, N, K, innerABlock,                                   \
                                                    {bias, residual, nullptr, alpha, isAdded != 0});                          \
  }
PRODUCT(product64, 4, false, false)
PRODUCT(product128, 8, false, false)
PRODUCT(productBTransposed64, 4, false, true)
PRODUCT(productBTransposed128, 8, false, true)
PRODUCT(productATransposed64, 4, true, false)
PRODUCT(productATransposed128, 8, true, false)
