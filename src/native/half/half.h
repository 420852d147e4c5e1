// The kernels of precision bf16, one table for each instruction set as in kernels.h. Activations within a block are
// halves; the residual stream, weights, gradients of weights, norms' statistics and losses are fp32.
#pragma once
#include "../kernels.h"

namespace isoflop {

/** A matrix of either kind of number: `halves`, or where that is null `floats`. */
struct HalfMatrix {
  const uint16_t* halves;
  const float* floats;
};

/** y [n, outer] = x [n, inner] · weight + bias: into `floats` with `residual` added, else into `halves`. */
struct HalfLinear {
  ptrdiff_t n, inner, outer;
  const uint16_t* x;
  const float *weight, *bias, *residual;
  float* floats;
  uint16_t* halves;
  GeluForm gelu;
  uint16_t* after; // gelu(y), with gelu
};

/** The gradients of a linear layer; with `before`, x is gelu(before) and dx the gradient of `before`. */
struct HalfLinearBackward {
  ptrdiff_t n, inner, outer;
  HalfMatrix dy;
  const uint16_t* x;
  const float* weight;
  float *intoWeight, *intoBias;
  uint16_t* dx;
  GeluForm gelu;
  const uint16_t* before;
};

/** Head and loss of x [n, width]; without `intoTokens` the losses alone. */
struct HalfHead {
  ptrdiff_t n, width, vocabulary;
  const uint16_t* x;
  const float* tokens;
  float scale;
  const int32_t* targets;
  float* losses;
  float gradientScale;
  float *intoTokens, *dx;
};

/** c [m, n] = a · b for b in fp32; with a transposed added to c in fp32. */
struct HalfProduct {
  ptrdiff_t m, n, k;
  const uint16_t* a;
  const float* b;
  uint16_t* c;
  float* sums;
  bool aTransposed, bTransposed;
};

struct HalfTable {
  const char* name;
  void (*widen)(Context&, const uint16_t* from, float* to, ptrdiff_t count);
  void (*narrow)(Context&, const float* from, uint16_t* to, ptrdiff_t count);
  void (*layerNorm)(Context&, const float* x, const float* gain, const float* bias, uint16_t* out, float* mean,
                    float* rstd, ptrdiff_t n, ptrdiff_t width);
  /** The output of layerNorm once more. */
  void (*layerNormAgain)(Context&, const float* x, const float* gain, const float* bias, const float* mean,
                         const float* rstd, uint16_t* out, ptrdiff_t n, ptrdiff_t width);
  Status (*layerNormBackward)(Context&, const uint16_t* dy, const float* x, const float* gain, const float* mean,
                              const float* rstd, float* intoGain, float* intoBias, const float* residual, float* dx,
                              ptrdiff_t n, ptrdiff_t width);
  Status (*linear)(Context&, const HalfLinear&);
  Status (*linearBackward)(Context&, const HalfLinearBackward&);
  Status (*attention)(Context&, const uint16_t* qkv, uint16_t* out, float* logSumExp, const AttentionShape&);
  Status (*attentionBackward)(Context&, const uint16_t* dy, const uint16_t* qkv, const uint16_t* out,
                              const float* logSumExp, uint16_t* dqkv, const AttentionShape&);
  Status (*head)(Context&, const HalfHead&, float* logits);
  Status (*headLoss)(Context&, const HalfHead&);
  Status (*product)(Context&, const HalfProduct&);
};

const HalfTable* portable_half_table();
const HalfTable* avx2_half_table();
const HalfTable* avx512_half_table();
const HalfTable* avx512bf16_half_table();
const HalfTable* avx512amx_half_table();
const HalfTable* neonbf16_half_table();

} // namespace isoflop
