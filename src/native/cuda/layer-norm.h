// Layer norm over the last axis and its gradients; sums of columns, which bias gradients want as well.
#pragma once
#include "common.h"

/** A warp a row: x [rows, width] → output (in bf16 as well, where `half` is), mean and 1/std. */
KERNEL __launch_bounds__(256) layerNorm(const float* __restrict__ x, const float* __restrict__ gain,
                                        const float* __restrict__ bias, float* __restrict__ output,
                                        float* __restrict__ mean, float* __restrict__ rstd, uint16_t* __restrict__ half,
                                        int rows, int width) {
  int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (row >= rows) return; // all of a warp
  const float* from = x + static_cast<int64_t>(row) * width;
  float* to = output + static_cast<int64_t>(row) * width;
  float sum = 0, squares = 0;
  for (int i = lane; i < width; i += 32) sum += from[i];
  float m = warpSum(sum) / width;
  for (int i = lane; i < width; i += 32) squares += (from[i] - m) * (from[i] - m);
  float r = 1 / sqrtf(warpSum(squares) / width + 1e-5f);
  for (int i = lane; i < width; i += 32) {
    float y = (from[i] - m) * r * gain[i] + bias[i];
    to[i] = y;
    if (half) half[static_cast<int64_t>(row) * width + i] = toHalf(y);
  }
  if (lane == 0) {
    mean[row] = m;
    rstd[row] = r;
  }
}

/** A warp a row: dx = rstd · (g − mean(g) − x̂ · mean(g ⊙ x̂)) with g = dy ⊙ gain, and what `residual` adds, if any. */
KERNEL __launch_bounds__(256)
    layerNormBackward(const float* __restrict__ dy, const float* __restrict__ x, const float* __restrict__ gain,
                      const float* __restrict__ mean, const float* __restrict__ rstd,
                      const float* __restrict__ residual, float* __restrict__ dx, uint16_t* __restrict__ half,
                      int rows, int width) {
  int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (row >= rows) return;
  int64_t at = static_cast<int64_t>(row) * width;
  float m = mean[row], r = rstd[row], sum = 0, along = 0;
  for (int i = lane; i < width; i += 32) {
    float g = dy[at + i] * gain[i];
    sum += g;
    along += g * (x[at + i] - m) * r;
  }
  sum = warpSum(sum) / width;
  along = warpSum(along) / width;
  for (int i = lane; i < width; i += 32) {
    float normed = (x[at + i] - m) * r;
    float slope = r * (dy[at + i] * gain[i] - sum - normed * along) + (residual ? residual[at + i] : 0);
    dx[at + i] = slope;
    if (half) half[at + i] = toHalf(slope);
  }
}

/**
 * Partial sums of the columns of dy [rows, width], and with x those of dy ⊙ x̂: block (column block, chunk of rows) of
 * 32 × 8 threads → sums, products [chunks, width].
 */
KERNEL __launch_bounds__(256)
    columnSums(const float* __restrict__ dy, const float* __restrict__ x, const float* __restrict__ mean,
               const float* __restrict__ rstd, float* __restrict__ sums, float* __restrict__ products, int rows,
               int width, int rowsAChunk) {
  __shared__ float parts[2][8][32];
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int column = blockIdx.x * 32 + lane;
  int last = min(rows, static_cast<int>(blockIdx.y + 1) * rowsAChunk);
  float sum = 0, product = 0;
  if (column < width)
    for (int row = blockIdx.y * rowsAChunk + warp; row < last; row += 8) {
      float g = dy[static_cast<int64_t>(row) * width + column];
      sum += g;
      if (x) product += g * (x[static_cast<int64_t>(row) * width + column] - mean[row]) * rstd[row];
    }
  parts[0][warp][lane] = sum;
  parts[1][warp][lane] = product;
  __syncthreads();
  if (warp > (x ? 1 : 0) || column >= width) return;
  float total = 0;
  for (int w = 0; w < 8; w++) total += parts[warp][w][lane];
  (warp == 0 ? sums : products)[static_cast<int64_t>(blockIdx.y) * width + column] = total;
}

/** into[i] += Σ parts[p][i], in the order of the parts. */
KERNEL addParts(const float* parts, float* into, int partCount, int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  float sum = 0;
  for (int p = 0; p < partCount; p++) sum += parts[p * count + i];
  into[i] += sum;
}
