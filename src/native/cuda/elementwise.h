// One number a thread: fill, axpy, GELU's slope, rows picked and embedded, and their gradients.
#pragma once
#include "common.h"

KERNEL fill(float* into, float value, int64_t count) {
  int64_t i = globalIndex();
  if (i < count) into[i] = value;
}

/** into += scale · from. */
KERNEL axpy(float* into, const float* from, float scale, int64_t count) {
  int64_t i = globalIndex();
  if (i < count) into[i] += scale * from[i];
}

/** after = gelu(before): the exact form by erf, or GPT-2's by tanh; in bf16 as well, where `half` is. */
KERNEL gelu(const float* before, float* after, uint16_t* half, int isTanh, int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  float x = before[i];
  float y = 0.5f * x * (1 + (isTanh ? tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x)) : erff(x * 0.7071067811865476f)));
  after[i] = y;
  if (half) half[i] = toHalf(y);
}

__device__ inline float geluSlope(float x, bool isTanh) {
  if (!isTanh) return 0.5f * (1 + erff(x * 0.7071067811865476f)) + x * expf(-0.5f * x * x) * 0.3989422804014327f;
  float t = tanhf(0.7978845608028654f * (x + 0.044715f * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * 0.7978845608028654f * (1 + 3 * 0.044715f * x * x);
}

/** dx = dy ⊙ gelu'(before); in bf16 as well, where `half` is. */
KERNEL geluBackward(const float* dy, const float* before, float* dx, uint16_t* half, int isTanh, int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  float slope = dy[i] * geluSlope(before[i], isTanh);
  dx[i] = slope;
  if (half) half[i] = toHalf(slope);
}

/** out[m] = x[rows[m]], each of `width`; `count` numbers in all. */
KERNEL gatherRows(const float* x, const int* rows, float* out, int width, int64_t count) {
  int64_t i = globalIndex();
  if (i < count) out[i] = x[static_cast<int64_t>(rows[i / width]) * width + i % width];
}

/** x[n] = scale · (tokens[ids[n]] + positions[places[n]]); without `places`, n mod context. */
KERNEL embedding(const int* ids, const int* places, const float* tokens, const float* positions, float* x, int width,
                 int context, float scale, int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  int64_t n = i / width, column = i % width;
  int64_t place = places ? places[n] : n % context;
  x[i] = scale * (tokens[static_cast<int64_t>(ids[n]) * width + column] + positions[place * width + column]);
}

/**
 * The gradient of the token embedding: a block's rows are those of one id, in order, so that no two threads add to one
 * number. order: rows sorted by id; starts[u] .. starts[u + 1]: those of the u-th id, none of a block too many.
 */
KERNEL embeddingBackwardTokens(const float* dx, const int* ids, const int* order, const int* starts, float* intoTokens,
                               int width, float scale) {
  int column = blockIdx.y * blockDim.x + threadIdx.x;
  if (column >= width) return;
  int from = starts[blockIdx.x], to = starts[blockIdx.x + 1];
  if (from == to) return;
  float sum = 0;
#pragma unroll 4
  for (int i = from; i < to; i++) sum += dx[static_cast<int64_t>(order[i]) * width + column];
  intoTokens[static_cast<int64_t>(ids[order[from]]) * width + column] += scale * sum;
}

/** The gradient of the position embedding: the sum over all sequences, rows n, n + context, ... of `rows`. */
KERNEL embeddingBackwardPositions(const float* dx, float* intoPositions, int rows, int width, int context, float scale,
                                  int64_t count) {
  int64_t i = globalIndex();
  if (i >= count) return;
  float sum = 0;
  for (int64_t n = i / width; n < rows; n += context) sum += dx[n * width + i % width];
  intoPositions[i] += scale * sum;
}
