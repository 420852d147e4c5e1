// Causal attention and its gradients in fp32, a tile of 32 keys (or queries) at a time in shared memory, nothing of the
// scores ever stored. A warp has four rows; a lane stands for one row of the tile, then for every 32nd feature.
#pragma once
#include "common.h"

constexpr int rowsAWarp = 4, rowsATile = 32, mostFeatures = 8; // 8 · 32 = the largest head

/** score[r] = rows[r] · (this lane's row of the tile). */
__device__ inline void dots(const float* rows, const float* tile, int size, float* score) {
#pragma unroll
  for (int r = 0; r < rowsAWarp; r++) score[r] = 0;
  const float* own = tile + (threadIdx.x % 32) * (size | 1);
  for (int i = 0; i < size; i++)
#pragma unroll
    for (int r = 0; r < rowsAWarp; r++) score[r] += rows[r * size + i] * own[i];
}

/** sums[r] += Σ over the tile's rows j: weights[r][j] · tile[j], this lane's features of it. */
__device__ inline void mix(float (*sums)[mostFeatures], const float* weights, const float* tile, int size) {
  int lane = threadIdx.x % 32, stride = size | 1;
  for (int j = 0; j < rowsATile; j++)
#pragma unroll
    for (int f = 0; f < mostFeatures; f++) {
      if (32 * f + lane >= size) break;
      float value = tile[j * stride + 32 * f + lane];
#pragma unroll
      for (int r = 0; r < rowsAWarp; r++) sums[r][f] += weights[r * rowsATile + j] * value;
    }
}

/** Where the rows of one kind (queries, keys, values, gradients) of one head lie. */
struct Rows {
  const float* first;
  int64_t stride;
  int count;
};

/** Rows from `at` on, zero past the end, into a tile of shared memory. */
__device__ inline void stage(float* tile, const Rows& rows, int at, int size) {
  for (int e = threadIdx.x; e < rowsATile * size; e += blockDim.x) {
    int j = e / size, i = e % size;
    tile[j * (size | 1) + i] = at + j < rows.count ? rows.first[(at + j) * rows.stride + i] : 0;
  }
}

/** The block's own rows from `at` on into shared memory [rows, size]. */
__device__ inline void hold(float* own, const Rows& rows, int at, int count, int size) {
  for (int e = threadIdx.x; e < count * size; e += blockDim.x)
    own[e] = at + e / size < rows.count ? rows.first[(at + e / size) * rows.stride + e % size] : 0;
}

/** The keys (or values) a text sees: those held before, those of its prefix, its own. */
struct Seen {
  Rows held, prefix, own;
};

__device__ inline void stageSeen(float* tile, const Seen& seen, int at, int size) {
  for (int e = threadIdx.x; e < rowsATile * size; e += blockDim.x) {
    int j = at + e / size, i = e % size;
    const float* row = seen.held.first + j * seen.held.stride;
    bool isInside = j < seen.held.count;
    j -= seen.held.count;
    if (!isInside) {
      row = seen.prefix.first + j * seen.prefix.stride;
      isInside = j < seen.prefix.count;
      j -= seen.prefix.count;
    }
    if (!isInside) {
      row = seen.own.first + j * seen.own.stride;
      isInside = j < seen.own.count;
    }
    tile[e / size * (size | 1) + i] = isInside ? row[i] : 0;
  }
}

/**
 * qkv [N, 3d] → output [N, d], and logSumExp [N, heads] where wanted. Grid: (tiles of queries, heads, texts). A text is
 * `context` rows, or with `segments` what these four say: first row, rows, first row of its prefix, rows of that. Before
 * both come `held` tokens of heldKeys, heldValues, a text every heldStride numbers.
 */
KERNEL __launch_bounds__(128)
    attention(const float* __restrict__ qkv, const float* __restrict__ heldKeys, const float* __restrict__ heldValues,
              const int* __restrict__ segments, float* __restrict__ output, float* __restrict__ logSumExp, int context,
              int held, int64_t heldStride, int heads, int size, float scale) {
  DYNAMIC_SHARED(float, shared);
  int rows = blockDim.x / 32 * rowsAWarp, warp = threadIdx.x / 32, lane = threadIdx.x % 32, q0 = blockIdx.x * rows;
  const int* segment = segments ? segments + 4 * blockIdx.z : nullptr;
  int first = segment ? segment[0] : blockIdx.z * context, count = segment ? segment[1] : context;
  int prefixFirst = segment ? segment[2] : 0, before = held + (segment ? segment[3] : 0);
  if (q0 >= count) return;
  int64_t width = static_cast<int64_t>(heads) * size, at = blockIdx.z * heldStride + blockIdx.y * size;
  const float* queries = qkv + blockIdx.y * size;
  auto seen = [&](const float* cache, int part) {
    const float* own = queries + part * width;
    return Seen{{cache + at, width, held}, {own + prefixFirst * 3 * width, 3 * width, before - held}, {own + first * 3 * width, 3 * width, count}};
  };
  const Seen keys = seen(heldKeys, 1), values = seen(heldValues, 2);

  float *own = shared, *weights = own + rows * size, *tile = weights + rows * rowsATile;
  float *mine = own + warp * rowsAWarp * size, *myWeights = weights + warp * rowsAWarp * rowsATile;
  float sums[rowsAWarp][mostFeatures] = {}, most[rowsAWarp], total[rowsAWarp] = {};
  for (int r = 0; r < rowsAWarp; r++) most[r] = -INFINITY;
  hold(own, {queries + first * 3 * width, 3 * width, count}, q0, rows, size);
  int last = before + min(q0 + rows, count);
  for (int k0 = 0; k0 < last; k0 += rowsATile) {
    stageSeen(tile, keys, k0, size);
    __syncthreads();
    float score[rowsAWarp];
    dots(mine, tile, size, score);
    __syncthreads();
    stageSeen(tile, values, k0, size);
#pragma unroll
    for (int r = 0; r < rowsAWarp; r++) {
      bool isSeen = k0 + lane <= before + q0 + warp * rowsAWarp + r; // the first key always is: `most` becomes finite
      float s = isSeen ? scale * score[r] : -INFINITY, larger = fmaxf(most[r], warpMax(s));
      float p = expf(s - larger), correction = expf(most[r] - larger);
      total[r] = total[r] * correction + warpSum(p);
      most[r] = larger;
      myWeights[r * rowsATile + lane] = p;
#pragma unroll
      for (int f = 0; f < mostFeatures; f++) sums[r][f] *= correction;
    }
    __syncthreads();
    mix(sums, myWeights, tile, size);
    __syncthreads();
  }
#pragma unroll
  for (int r = 0; r < rowsAWarp; r++) {
    int query = q0 + warp * rowsAWarp + r;
    if (query >= count) break;
    int64_t n = first + query;
#pragma unroll
    for (int f = 0; f < mostFeatures; f++)
      if (32 * f + lane < size) output[n * width + blockIdx.y * size + 32 * f + lane] = sums[r][f] / total[r];
    if (logSumExp && lane == 0) logSumExp[n * heads + blockIdx.y] = most[r] + logf(total[r]);
  }
}

/** means[n, h] = Σ dy ⊙ output over a head: a warp each. `count` of them. */
KERNEL __launch_bounds__(256)
    attentionMeans(const float* dy, const float* output, float* means, int size, int count) {
  int i = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (i >= count) return;
  float sum = 0;
  for (int f = lane; f < size; f += 32) sum += dy[static_cast<int64_t>(i) * size + f] * output[static_cast<int64_t>(i) * size + f];
  sum = warpSum(sum);
  if (lane == 0) means[i] = sum;
}

/** The queries' third of dqkv: a block for a tile of queries, over the keys they see. */
KERNEL __launch_bounds__(128)
    attentionBackwardQueries(const float* __restrict__ dy, const float* __restrict__ qkv,
                             const float* __restrict__ logSumExp, const float* __restrict__ means,
                             float* __restrict__ dqkv, int context, int heads, int size, float scale) {
  DYNAMIC_SHARED(float, shared);
  int rows = blockDim.x / 32 * rowsAWarp, warp = threadIdx.x / 32, lane = threadIdx.x % 32, q0 = blockIdx.x * rows;
  int64_t width = static_cast<int64_t>(heads) * size, first = static_cast<int64_t>(blockIdx.z) * context;
  const float* head = qkv + first * 3 * width + blockIdx.y * size;
  const Rows queries{head, 3 * width, context}, keys{head + width, 3 * width, context}, values{head + 2 * width, 3 * width, context};
  const Rows slopes{dy + first * width + blockIdx.y * size, width, context};
  float *own = shared, *ownSlopes = own + rows * size, *weights = ownSlopes + rows * size, *tile = weights + rows * rowsATile;
  int mine = warp * rowsAWarp;
  float sums[rowsAWarp][mostFeatures] = {};
  hold(own, queries, q0, rows, size);
  hold(ownSlopes, slopes, q0, rows, size);
  for (int k0 = 0; k0 < min(q0 + rows, context); k0 += rowsATile) {
    float score[rowsAWarp], slope[rowsAWarp];
    stage(tile, values, k0, size);
    __syncthreads();
    dots(ownSlopes + mine * size, tile, size, slope);
    __syncthreads();
    stage(tile, keys, k0, size);
    __syncthreads();
    dots(own + mine * size, tile, size, score);
#pragma unroll
    for (int r = 0; r < rowsAWarp; r++) {
      int query = q0 + mine + r;
      bool isSeen = query < context && k0 + lane <= query;
      int64_t at = (first + query) * heads + blockIdx.y;
      weights[(mine + r) * rowsATile + lane] =
          isSeen ? scale * expf(scale * score[r] - logSumExp[at]) * (slope[r] - means[at]) : 0;
    }
    __syncwarp();
    mix(sums, weights + mine * rowsATile, tile, size);
    __syncthreads();
  }
  for (int r = 0; r < rowsAWarp; r++) {
    int query = q0 + mine + r;
    if (query >= context) break;
#pragma unroll
    for (int f = 0; f < mostFeatures; f++)
      if (32 * f + lane < size) dqkv[(first + query) * 3 * width + blockIdx.y * size + 32 * f + lane] = sums[r][f];
  }
}

/** The keys' and values' thirds of dqkv: a block for a tile of keys, over the queries that see them. */
KERNEL __launch_bounds__(128)
    attentionBackwardKeys(const float* __restrict__ dy, const float* __restrict__ qkv,
                          const float* __restrict__ logSumExp, const float* __restrict__ means,
                          float* __restrict__ dqkv, int context, int heads, int size, float scale) {
  DYNAMIC_SHARED(float, shared);
  int rows = blockDim.x / 32 * rowsAWarp, warp = threadIdx.x / 32, lane = threadIdx.x % 32, k0 = blockIdx.x * rows;
  int64_t width = static_cast<int64_t>(heads) * size, first = static_cast<int64_t>(blockIdx.z) * context;
  const float* head = qkv + first * 3 * width + blockIdx.y * size;
  const Rows queries{head, 3 * width, context}, keys{head + width, 3 * width, context}, values{head + 2 * width, 3 * width, context};
  const Rows slopes{dy + first * width + blockIdx.y * size, width, context};
  float *own = shared, *ownValues = own + rows * size, *weights = ownValues + rows * size, *tile = weights + rows * rowsATile;
  int mine = warp * rowsAWarp;
  float *myWeights = weights + mine * rowsATile;
  float sums[rowsAWarp][mostFeatures] = {}, valueSums[rowsAWarp][mostFeatures] = {};
  hold(own, keys, k0, rows, size);
  hold(ownValues, values, k0, rows, size);
  for (int q0 = k0 / rowsATile * rowsATile; q0 < context; q0 += rowsATile) {
    float score[rowsAWarp], slope[rowsAWarp];
    stage(tile, queries, q0, size);
    __syncthreads();
    dots(own + mine * size, tile, size, score);
    __syncthreads();
    stage(tile, slopes, q0, size);
    __syncthreads();
    dots(ownValues + mine * size, tile, size, slope);
    int query = q0 + lane;
    int64_t at = (first + query) * heads + blockIdx.y;
#pragma unroll
    for (int r = 0; r < rowsAWarp; r++) {
      bool isSeen = query < context && k0 + mine + r <= query;
      float p = isSeen ? expf(scale * score[r] - logSumExp[at]) : 0;
      myWeights[r * rowsATile + lane] = p;
      score[r] = isSeen ? scale * p * (slope[r] - means[at]) : 0;
    }
    __syncwarp();
    mix(valueSums, myWeights, tile, size);
    __syncthreads();
    stage(tile, queries, q0, size);
#pragma unroll
    for (int r = 0; r < rowsAWarp; r++) myWeights[r * rowsATile + lane] = score[r];
    __syncthreads();
    mix(sums, myWeights, tile, size);
    __syncthreads();
  }
  for (int r = 0; r < rowsAWarp; r++) {
    int key = k0 + mine + r;
    if (key >= context) break;
    float* into = dqkv + (first + key) * 3 * width + width + blockIdx.y * size;
#pragma unroll
    for (int f = 0; f < mostFeatures; f++)
      if (32 * f + lane < size) {
        into[32 * f + lane] = sums[r][f];
        into[width + 32 * f + lane] = valueSums[r][f];
      }
  }
}

/** Keys and values of qkv [texts · context, 3d] behind the first `held` of a cache [texts, capacity, d]. */
KERNEL appendKeys(const float* qkv, float* keys, float* values, int context, int held, int capacity, int width,
                  int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  int64_t n = i / width, column = i % width;
  int64_t to = (n / context * capacity + held + n % context) * width + column;
  keys[to] = qkv[n * 3 * width + width + column];
  values[to] = qkv[n * 3 * width + 2 * width + column];
}
