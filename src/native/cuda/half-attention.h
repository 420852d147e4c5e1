// Causal attention and its gradients on tensor cores: heads of up to D features, D = 64 or 128, 64 rows a block of four
// warps, the other side in tiles of N rows. Scores, softmax and sums in fp32; nothing of the scores is ever stored.
#pragma once
#include "half.h"

constexpr int blockRows = 64;
constexpr float log2OfE = 1.4426950408889634f;

/** One head's queries, keys, values or gradients in bf16. */
struct HalfRows {
  const uint16_t* first;
  int64_t stride;
  int count, size;
};

/** COUNT rows from `at` on towards a tile [COUNT, D + 8], zeros past the last row and feature. */
template <int COUNT, int D> __device__ inline void fetchRows(uint16_t* tile, const HalfRows& rows, int at) {
#pragma unroll 1
  for (int e = threadIdx.x; e < COUNT * D / 8; e += 128) {
    int row = e / (D / 8), feature = e % (D / 8) * 8;
    bool isInside = at + row < rows.count && feature < rows.size;
    copyLater(tile + row * (D + 8) + feature, isInside ? rows.first + (at + row) * rows.stride + feature : rows.first,
              isInside);
  }
}

/** s [16, N] += rows [16, D] · tile [N, D]ᵀ. */
template <int D, int N> __device__ inline void addScores(float (*s)[4], const uint16_t* rows, const uint16_t* tile) {
#pragma unroll
  for (int k = 0; k < D; k += 16) {
    uint32_t a[4], b[4];
    loadA<D + 8, false>(a, rows + k);
#pragma unroll
    for (int n = 0; n < N; n += 16) {
      loadB<D + 8, true>(b, tile + n * (D + 8) + k);
      mma16816(s[n / 8], a, b);
      mma16816(s[n / 8 + 1], a, b + 2);
    }
  }
}

/** sums [16, D] += p [16, N] · tile [N, D]. */
template <int D, int N> __device__ inline void addMix(float (*sums)[4], const float (*p)[4], const uint16_t* tile) {
#pragma unroll
  for (int n = 0; n < N; n += 16) {
    const float *left = p[n / 8], *right = p[n / 8 + 1];
    uint32_t a[4] = {toHalves(left[0], left[1]), toHalves(left[2], left[3]), toHalves(right[0], right[1]),
                     toHalves(right[2], right[3])};
    uint32_t b[4];
#pragma unroll
    for (int d = 0; d < D; d += 16) {
      loadB<D + 8, false>(b, tile + n * (D + 8) + d);
      mma16816(sums[d / 8], a, b);
      mma16816(sums[d / 8 + 1], a, b + 2);
    }
  }
}

/** The warp's [16, D] into rows of fp32, from row `at` on, and of bf16. */
template <int D>
__device__ inline void storeRows(float* first, uint16_t* half, int64_t stride, int at, int count, int size, const float (*sums)[4],
                                 float factor0, float factor1) {
  int lane = threadIdx.x % 32, row = at + lane / 4;
#pragma unroll
  for (int d = 0; d < D; d += 8) {
    int feature = d + lane % 4 * 2;
    if (feature >= size) break;
#pragma unroll
    for (int r = 0; r < 2; r++) {
      if (row + 8 * r >= count) continue;
      float factor = r == 0 ? factor0 : factor1, left = sums[d / 8][2 * r] * factor, right = sums[d / 8][2 * r + 1] * factor;
      int64_t to = (row + 8 * r) * stride + feature;
      *reinterpret_cast<float2*>(first + to) = {left, right};
      *reinterpret_cast<uint32_t*>(half + to) = toHalves(left, right);
    }
  }
}

/** Over the four lanes that share a row of scores. */
__device__ inline float quadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
__device__ inline float quadSum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

/** The thirds of one sequence's qkv, of the head that the block is for. */
__device__ inline HalfRows headOf(const uint16_t* qkv, int part, int context, int heads, int size) {
  int64_t width = static_cast<int64_t>(heads) * size;
  return {qkv + blockIdx.z * context * 3 * width + part * width + blockIdx.y * size, 3 * width, context, size};
}

/** Grid (tiles of queries, heads, sequences): qkv → output [N, d], logSumExp [N, heads]. */
template <int D, int N>
__device__ inline void halfAttention(const uint16_t* qkv, float* output, uint16_t* half, float* logSumExp, int context, int heads,
                                     int size, float scale) {
  DYNAMIC_SHARED(uint16_t, shared);
  constexpr int stride = D + 8, pair = 2 * N * stride; // keys and values of one tile
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, q0 = (gridDim.x - 1 - blockIdx.x) * blockRows; // longest first
  HalfRows keys = headOf(qkv, 1, context, heads, size), values = headOf(qkv, 2, context, heads, size);
  uint16_t *own = shared, *tiles = shared + blockRows * stride;
  fetchRows<blockRows, D>(own, headOf(qkv, 0, context, heads, size), q0);
  auto fetch = [&](int t) {
    uint16_t* tile = tiles + t % 2 * pair;
    fetchRows<N, D>(tile, keys, t * N);
    fetchRows<N, D>(tile + N * stride, values, t * N);
    commitCopies();
  };
  fetch(0);
  float sums[D / 8][4] = {}, most[2] = {-INFINITY, -INFINITY}, total[2] = {};
  int query = q0 + 16 * warp + lane / 4, count = (min(q0 + blockRows, context) + N - 1) / N;
  for (int t = 0; t < count; t++) {
    waitForCopies<0>();
    __syncthreads(); // the tile is here, and the one before it has been used
    if (t + 1 < count) fetch(t + 1);
    const uint16_t* tile = tiles + t % 2 * pair;
    float s[N / 8][4] = {};
    addScores<D, N>(s, own + 16 * warp * stride, tile);
#pragma unroll
    for (int r = 0; r < 2; r++) { // this lane's two rows, in units of log 2
      float largest = most[r];
#pragma unroll
      for (int n = 0; n < N / 8; n++)
#pragma unroll
        for (int c = 2 * r; c < 2 * r + 2; c++) {
          int key = t * N + 8 * n + lane % 4 * 2 + c % 2;
          s[n][c] = key <= query + 8 * r ? s[n][c] * scale * log2OfE : -INFINITY;
          largest = fmaxf(largest, s[n][c]);
        }
      largest = quadMax(largest);
      float correction = exp2f(most[r] - largest), sum = 0;
#pragma unroll
      for (int n = 0; n < N / 8; n++)
#pragma unroll
        for (int c = 2 * r; c < 2 * r + 2; c++) sum += s[n][c] = exp2f(s[n][c] - largest);
      total[r] = total[r] * correction + quadSum(sum);
      most[r] = largest;
#pragma unroll
      for (int d = 0; d < D / 8; d++)
#pragma unroll
        for (int c = 2 * r; c < 2 * r + 2; c++) sums[d][c] *= correction;
    }
    addMix<D, N>(sums, s, tile + N * stride);
  }
  int64_t width = static_cast<int64_t>(heads) * size, first = static_cast<int64_t>(blockIdx.z) * context;
  int64_t corner = first * width + blockIdx.y * size;
  storeRows<D>(output + corner, half + corner, width, q0 + 16 * warp, context, size, sums, 1 / total[0],
               1 / total[1]);
#pragma unroll
  for (int r = 0; r < 2; r++)
    if (lane % 4 == 0 && query + 8 * r < context)
      logSumExp[(first + query + 8 * r) * heads + blockIdx.y] = (most[r] + log2f(total[r])) / log2OfE;
}

/** The queries' third of dqkv: grid as above. means: attentionMeans of attention.h. */
template <int D, int N>
__device__ inline void halfAttentionQueries(const uint16_t* dy, const uint16_t* qkv, const float* logSumExp,
                                            const float* means, float* dqkv, uint16_t* half, int context, int heads, int size,
                                            float scale) {
  DYNAMIC_SHARED(uint16_t, shared);
  constexpr int stride = D + 8, pair = 2 * N * stride;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, q0 = (gridDim.x - 1 - blockIdx.x) * blockRows;
  int64_t width = static_cast<int64_t>(heads) * size, first = static_cast<int64_t>(blockIdx.z) * context;
  HalfRows keys = headOf(qkv, 1, context, heads, size), values = headOf(qkv, 2, context, heads, size);
  uint16_t *own = shared, *slopes = own + blockRows * stride, *tiles = slopes + blockRows * stride;
  fetchRows<blockRows, D>(own, headOf(qkv, 0, context, heads, size), q0);
  fetchRows<blockRows, D>(slopes, {dy + first * width + blockIdx.y * size, width, context, size}, q0);
  auto fetch = [&](int t) {
    uint16_t* tile = tiles + t % 2 * pair;
    fetchRows<N, D>(tile, keys, t * N);
    fetchRows<N, D>(tile + N * stride, values, t * N);
    commitCopies();
  };
  fetch(0);
  int query = q0 + 16 * warp + lane / 4, count = (min(q0 + blockRows, context) + N - 1) / N;
  float sums[D / 8][4] = {}, lse[2], mean[2];
#pragma unroll
  for (int r = 0; r < 2; r++) {
    int64_t at = (first + min(query + 8 * r, context - 1)) * heads + blockIdx.y;
    lse[r] = logSumExp[at] * log2OfE;
    mean[r] = means[at];
  }
  for (int t = 0; t < count; t++) {
    waitForCopies<0>();
    __syncthreads();
    if (t + 1 < count) fetch(t + 1);
    const uint16_t* tile = tiles + t % 2 * pair;
    float s[N / 8][4] = {}, slope[N / 8][4] = {};
    addScores<D, N>(s, own + 16 * warp * stride, tile);
    addScores<D, N>(slope, slopes + 16 * warp * stride, tile + N * stride);
#pragma unroll
    for (int n = 0; n < N / 8; n++)
#pragma unroll
      for (int c = 0; c < 4; c++) {
        int key = t * N + 8 * n + lane % 4 * 2 + c % 2, r = c / 2;
        float p = key <= query + 8 * r ? exp2f(s[n][c] * scale * log2OfE - lse[r]) : 0;
        s[n][c] = scale * p * (slope[n][c] - mean[r]);
      }
    addMix<D, N>(sums, s, tile);
  }
  int64_t corner = first * 3 * width + blockIdx.y * size;
  storeRows<D>(dqkv + corner, half + corner, 3 * width, q0 + 16 * warp, context, size, sums, 1, 1);
}

/** The keys' and values' thirds of dqkv: grid (tiles of keys, heads, sequences), over the queries that see them. */
template <int D, int N>
__device__ inline void halfAttentionKeys(const uint16_t* dy, const uint16_t* qkv, const float* logSumExp,
                                         const float* means, float* dqkv, uint16_t* half, int context, int heads, int size,
                                         float scale) {
  DYNAMIC_SHARED(uint16_t, shared);
  constexpr int stride = D + 8, pair = 2 * N * stride;
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, k0 = blockIdx.x * blockRows;
  int64_t width = static_cast<int64_t>(heads) * size, first = static_cast<int64_t>(blockIdx.z) * context;
  HalfRows queries = headOf(qkv, 0, context, heads, size);
  HalfRows slopes = {dy + first * width + blockIdx.y * size, width, context, size};
  uint16_t *own = shared, *ownValues = own + blockRows * stride, *tiles = ownValues + blockRows * stride;
  fetchRows<blockRows, D>(own, headOf(qkv, 1, context, heads, size), k0);
  fetchRows<blockRows, D>(ownValues, headOf(qkv, 2, context, heads, size), k0);
  auto fetch = [&](int t) {
    uint16_t* tile = tiles + t % 2 * pair;
    fetchRows<N, D>(tile, queries, t * N);
    fetchRows<N, D>(tile + N * stride, slopes, t * N);
    commitCopies();
  };
  int begin = k0 / N, end = (context + N - 1) / N, key = k0 + 16 * warp + lane / 4;
  fetch(begin);
  float sums[D / 8][4] = {}, valueSums[D / 8][4] = {};
  for (int t = begin; t < end; t++) {
    waitForCopies<0>();
    __syncthreads();
    if (t + 1 < end) fetch(t + 1);
    const uint16_t* tile = tiles + t % 2 * pair;
    float s[N / 8][4] = {}, slope[N / 8][4] = {};
    addScores<D, N>(s, own + 16 * warp * stride, tile);
    addScores<D, N>(slope, ownValues + 16 * warp * stride, tile + N * stride);
#pragma unroll
    for (int n = 0; n < N / 8; n++)
#pragma unroll
      for (int odd = 0; odd < 2; odd++) {
        int query = t * N + 8 * n + lane % 4 * 2 + odd;
        int64_t at = (first + min(query, context - 1)) * heads + blockIdx.y;
        float lse = logSumExp[at] * log2OfE, mean = means[at];
#pragma unroll
        for (int r = 0; r < 2; r++) {
          int c = 2 * r + odd;
          float p = key + 8 * r <= query && query < context ? exp2f(s[n][c] * scale * log2OfE - lse) : 0;
          s[n][c] = p;
          slope[n][c] = scale * p * (slope[n][c] - mean);
        }
      }
    addMix<D, N>(valueSums, s, tile + N * stride);
    addMix<D, N>(sums, slope, tile);
  }
  int64_t corner = first * 3 * width + width + blockIdx.y * size;
  storeRows<D>(dqkv + corner, half + corner, 3 * width, k0 + 16 * warp, context, size, sums, 1, 1);
  storeRows<D>(dqkv + corner + width, half + corner + width, 3 * width, k0 + 16 * warp, context, size, valueSums, 1, 1);
}

#define HALF_ATTENTION(name, D, N)                                                                                   \
  KERNEL __launch_bounds__(128) name(const uint16_t* qkv, float* output, uint16_t* half, float* logSumExp, int context, int heads,  \
                                     int size, float scale) {                                                       \
    halfAttention<D, N>(qkv, output, half, logSumExp, context, heads, size, scale);                                       \
  }
#define HALF_ATTENTION_BACKWARD(name, side, D, N)                                                                    \
  KERNEL __launch_bounds__(128) name(const uint16_t* dy, const uint16_t* qkv, const float* logSumExp,               \
                                     const float* means, float* dqkv, uint16_t* half, int context, int heads, int size, \
                                     float scale) {                                                                 \
    side<D, N>(dy, qkv, logSumExp, means, dqkv, half, context, heads, size, scale);                                       \
  }
HALF_ATTENTION(halfAttention64, 64, 64)
HALF_ATTENTION(halfAttention128, 128, 64)
HALF_ATTENTION_BACKWARD(halfAttentionQueries64, halfAttentionQueries, 64, 64)
HALF_ATTENTION_BACKWARD(halfAttentionQueries128, halfAttentionQueries, 128, 32)
HALF_ATTENTION_BACKWARD(halfAttentionKeys64, halfAttentionKeys, 64, 32)
HALF_ATTENTION_BACKWARD(halfAttentionKeys128, halfAttentionKeys, 128, 16)
