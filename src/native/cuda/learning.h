// Loss, argmax, the gradients' norm and AdamW. Every sum has one order: the same bits each time.
#pragma once
#include "common.h"

/**
 * A block a row: losses[n] = logΣexp − logits[target]. With isGradient the logits become scale · (softmax − one-hot), or
 * `half` does, in rows of `stride`. The largest and the sum are found in one pass, a thread's numbers at a time.
 */
KERNEL __launch_bounds__(1024) crossEntropy(float* __restrict__ logits, const int* __restrict__ targets,
                                           float* __restrict__ losses, uint16_t* __restrict__ half, int vocabulary, int stride,
                                            int isGradient, float scale) {
  float* row = logits + static_cast<int64_t>(blockIdx.x) * vocabulary;
  uint16_t* halfRow = half ? half + static_cast<int64_t>(blockIdx.x) * stride : nullptr;
  int target = targets[blockIdx.x];
  float most = -INFINITY, sum = 0;
  if (target >= 0) {
    for (int i = threadIdx.x; i < vocabulary; i += blockDim.x) {
      float larger = fmaxf(most, row[i]);
      sum = sum * expf(most - larger) + expf(row[i] - larger);
      most = larger;
    }
    float own = most;
    most = blockMax(most);
    sum = blockSum(own == -INFINITY ? 0 : sum * expf(own - most));
  }
  if (threadIdx.x == 0) losses[blockIdx.x] = target >= 0 ? most + logf(sum) - row[target] : 0;
  if (!isGradient) return;
  __syncthreads(); // the target's logit has been read
  for (int i = threadIdx.x; i < (half ? stride : vocabulary); i += blockDim.x) {
    float slope = target >= 0 && i < vocabulary ? scale * (expf(row[i] - most) / sum - (i == target ? 1.0f : 0.0f)) : 0;
    if (half) halfRow[i] = toHalf(slope);
    else row[i] = slope;
  }
}

/** A block a row: the index of the largest, the first of equals. */
KERNEL __launch_bounds__(256) argmax(const float* __restrict__ x, int* __restrict__ places, int width) {
  __shared__ float mosts[256];
  __shared__ int indices[256];
  const float* row = x + static_cast<int64_t>(blockIdx.x) * width;
  float most = -INFINITY;
  int index = width;
  for (int i = threadIdx.x; i < width; i += blockDim.x)
    if (row[i] > most || index == width) {
      most = row[i];
      index = i;
    }
  mosts[threadIdx.x] = most;
  indices[threadIdx.x] = index;
  __syncthreads();
  for (int half = 128; half > 0; half /= 2) {
    int t = threadIdx.x, other = t + half;
    if (t < half && (mosts[other] > mosts[t] || (mosts[other] == mosts[t] && indices[other] < indices[t]))) {
      mosts[t] = mosts[other];
      indices[t] = indices[other];
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) places[blockIdx.x] = indices[0];
}

/** One parameter of the optimizer's list. */
struct Span {
  float *value, *gradient, *firstMoment, *secondMoment;
  uint16_t* half; // a bf16 copy of the value that is kept up to date, in rows of `columns` at every `stride`, or null
  int64_t count;
  int firstChunk; // chunks of all parameters before it
  int decays;
  float learningRateScale;
  int columns, stride, unused;
};

constexpr int numbersAChunk = 4096;

/** The parameter that a chunk belongs to: the last that begins at or before it. */
__device__ inline int spanOf(const Span* spans, int count, int chunk) {
  int low = 0, high = count - 1;
  while (low < high) {
    int middle = (low + high + 1) / 2;
    if (spans[middle].firstChunk <= chunk) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A block a chunk: the sum of squares of its gradients. */
KERNEL __launch_bounds__(256) squareSums(const Span* __restrict__ spans, int spanCount, float* __restrict__ sums) {
  const Span& span = spans[spanOf(spans, spanCount, blockIdx.x)];
  int64_t first = static_cast<int64_t>(blockIdx.x - span.firstChunk) * numbersAChunk;
  float sum = 0;
  for (int64_t i = first + threadIdx.x; i < min(span.count, first + numbersAChunk); i += blockDim.x)
    sum += span.gradient[i] * span.gradient[i];
  sum = blockSum(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

/** One block: norm = sqrt(Σ sums) in double. */
KERNEL __launch_bounds__(64) rootOfSum(const float* __restrict__ sums, int count, double* __restrict__ norm) {
  __shared__ double parts[64];
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) sum += sums[i];
  parts[threadIdx.x] = sum;
  __syncthreads();
  for (int half = 32; half > 0; half /= 2) {
    if (static_cast<int>(threadIdx.x) < half) parts[threadIdx.x] += parts[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) *norm = sqrt(parts[0]);
}

/** A block a chunk: one AdamW update, PyTorch's form; corrections are 1 − βᵗ. Leaves the gradients at zero. */
KERNEL __launch_bounds__(256)
    adamW(const Span* __restrict__ spans, int spanCount, float learningRate, float beta1, float beta2, float epsilon,
          float weightDecay, float gradientScale, float firstCorrection, float secondCorrection) {
  const Span& span = spans[spanOf(spans, spanCount, blockIdx.x)];
  int64_t first = static_cast<int64_t>(blockIdx.x - span.firstChunk) * numbersAChunk;
  float rate = learningRate * span.learningRateScale, kept = span.decays ? 1 - rate * weightDecay : 1;
  for (int64_t i = first + threadIdx.x; i < min(span.count, first + numbersAChunk); i += blockDim.x) {
    float g = span.gradient[i] * gradientScale;
    float m = beta1 * span.firstMoment[i] + (1 - beta1) * g, v = beta2 * span.secondMoment[i] + (1 - beta2) * g * g;
    float value = span.value[i] * kept - rate * (m / firstCorrection) / (sqrtf(v / secondCorrection) + epsilon);
    span.firstMoment[i] = m;
    span.secondMoment[i] = v;
    span.gradient[i] = 0;
    span.value[i] = value;
    if (span.half)
      span.half[span.columns == span.stride ? i : i / span.columns * span.stride + i % span.columns] = toHalf(value);
  }
}
