// What is done to a matrix product on its way out, the same in fp32 and bf16.
#pragma once
#include "common.h"

/** What is done to a product before it is stored: C = alpha · AB + bias + residual. */
struct Epilogue {
  const float* bias; // [N]
  const float* residual; // [M, N]
  uint16_t* half; // [M, N], a bf16 copy
  float alpha;
  bool isAdded; // to what C holds
};

__device__ inline void store(float* C, int64_t at, int column, float sum, const Epilogue& e) {
  float value = e.alpha * sum;
  if (e.bias) value += e.bias[column];
  if (e.residual) value += e.residual[at];
  if (e.isAdded) value += C[at];
  C[at] = value;
  if (e.half) e.half[at] = toHalf(value);
}
