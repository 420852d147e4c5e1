// Matrix products of bf16 with fp32 sums: 128 × 128 a block of eight warps, three slices of the inner axis in flight.
#pragma once
#include "epilogue.h"
#include "half.h"

constexpr int tileSize = 128, sliceSize = 32, stages = 3;
constexpr int innerStride = sliceSize + 8, outerStride = tileSize + 8;
constexpr int tileHalves = tileSize * innerStride; // the larger of both forms
constexpr int tilesTogether = 8;

/** A slice of an operand on its way to shared memory: [row][k] where the inner axis is last, else [k][row]. */
template <bool IS_INNER_LAST>
__device__ inline void fetchHalf(uint16_t* tile, const uint16_t* from, int stride, int first, int count, int k0,
                                 int last) {
#pragma unroll
  for (int i = 0; i < tileSize * sliceSize / 8 / 256; i++) {
    int e = threadIdx.x + 256 * i;
    int row = IS_INNER_LAST ? e / (sliceSize / 8) : e % (tileSize / 8) * 8;
    int k = IS_INNER_LAST ? e % (sliceSize / 8) * 8 : e / (tileSize / 8);
    bool isInside = first + row < count && k0 + k < last;
    int64_t at = IS_INNER_LAST ? static_cast<int64_t>(first + row) * stride + k0 + k
                               : static_cast<int64_t>(k0 + k) * stride + first + row;
    copyLater(tile + (IS_INNER_LAST ? row * innerStride + k : k * outerStride + row), isInside ? from + at : from,
              isInside);
  }
}

/**
 * C [M, N] = A·B as product.h has it, of bf16 matrices whose rows are `strideA` and `strideB` long. Blocks are numbered
 * so that eight tiles of rows share the columns they read. With several blocks along z, C is [blocks, M, N].
 */
template <bool IS_A_TRANSPOSED, bool IS_B_TRANSPOSED>
__device__ inline void halfProduct(const uint16_t* __restrict__ A, const uint16_t* __restrict__ B, float* C, int M, int N,
                                   int K, int strideA, int strideB, int innerABlock, const Epilogue& epilogue) {
  DYNAMIC_SHARED(uint16_t, shared);
  int rowTiles = (M + tileSize - 1) / tileSize, columnTiles = (N + tileSize - 1) / tileSize;
  int group = blockIdx.x / (tilesTogether * columnTiles), inGroup = blockIdx.x % (tilesTogether * columnTiles);
  int groupRows = min(tilesTogether, rowTiles - group * tilesTogether);
  int m0 = (group * tilesTogether + inGroup % groupRows) * tileSize, n0 = inGroup / groupRows * tileSize;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, warpRow = warp / 4 * 64, warpColumn = warp % 4 * 32;
  int first = blockIdx.z * innerABlock, last = min(K, first + innerABlock), slices = (last - first + sliceSize - 1) / sliceSize;
  C += static_cast<int64_t>(blockIdx.z) * M * N;
  auto fetch = [&](int s) {
    uint16_t* tile = shared + s % stages * 2 * tileHalves;
    if (s < slices) {
      fetchHalf<!IS_A_TRANSPOSED>(tile, A, strideA, m0, M, first + s * sliceSize, last);
      fetchHalf<IS_B_TRANSPOSED>(tile + tileHalves, B, strideB, n0, N, first + s * sliceSize, last);
    }
    commitCopies();
  };
  float sums[4][4][4] = {};
  for (int s = 0; s < stages - 1; s++) fetch(s);
  for (int s = 0; s < slices; s++) {
    waitForCopies<stages - 2>();
    __syncthreads(); // everybody's part of the slice is here, and the slice before it has been used
    fetch(s + stages - 1);
    const uint16_t *as = shared + s % stages * 2 * tileHalves, *bs = as + tileHalves;
#pragma unroll
    for (int k = 0; k < sliceSize; k += 16) {
      uint32_t a[4][4], b[2][4];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int m = warpRow + 16 * i;
        if constexpr (IS_A_TRANSPOSED) loadA<outerStride, true>(a[i], as + k * outerStride + m);
        else loadA<innerStride, false>(a[i], as + m * innerStride + k);
      }
#pragma unroll
      for (int j = 0; j < 2; j++) {
        int n = warpColumn + 16 * j;
        if constexpr (IS_B_TRANSPOSED) loadB<innerStride, true>(b[j], bs + n * innerStride + k);
        else loadB<outerStride, false>(b[j], bs + k * outerStride + n);
      }
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < 4; j++) mma16816(sums[i][j], a[i], b[j / 2] + j % 2 * 2);
    }
  }
  waitForCopies<0>();
  __syncthreads(); // shared memory is free: 16 rows of a warp at a time pass through it, so that neighbours store neighbours
  float* rows = reinterpret_cast<float*>(shared) + warp * 16 * (32 + 4);
#pragma unroll
  for (int i = 0; i < 4; i++) {
    __syncwarp();
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int c = 0; c < 4; c++) rows[(lane / 4 + c / 2 * 8) * 36 + 8 * j + lane % 4 * 2 + c % 2] = sums[i][j][c];
    __syncwarp();
    int row = m0 + warpRow + 16 * i, column = n0 + warpColumn + lane;
    if (column < N)
#pragma unroll 2
      for (int r = 0; r < min(16, M - row); r++)
        store(C, static_cast<int64_t>(row + r) * N + column, column, rows[r * 36 + lane], epilogue);
  }
}

#define HALF_PRODUCT(name, IS_A_TRANSPOSED, IS_B_TRANSPOSED)                                                        \
  KERNEL __launch_bounds__(256, 2)                                                                                 \
      name(const uint16_t* A, const uint16_t* B, float* C, const float* bias, const float* residual, uint16_t* half, \
           int M, int N, int K, int strideA, int strideB, int innerABlock, float alpha, int isAdded) {                           \
    halfProduct<IS_A_TRANSPOSED, IS_B_TRANSPOSED>(A, B, C, M, N, K, strideA, strideB, innerABlock,                 \
                                                  {bias, residual, half, alpha, isAdded != 0});                    \
  }
HALF_PRODUCT(halfProductPlain, false, false)
HALF_PRODUCT(halfProductBTransposed, false, true)
HALF_PRODUCT(halfProductATransposed, true, false)
