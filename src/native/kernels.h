// One table of functions for each instruction set that the kernels are compiled for; api.cpp picks one at run time.
#pragma once
#include <cstddef>
#include <cstdint>

#include "arena.h"
#include "pool.h"

namespace isoflop {

enum Status : int { OK = 0, OUT_OF_MEMORY = 1, BAD_HANDLE = 2 };
enum GeluForm : int { NO_GELU = 0, GELU_EXACT = 1, GELU_TANH = 2 };

/** Packing and tile buffers that every product needs, made once. */
struct Scratch {
  float* shared = nullptr; // packed right operand, all threads
  size_t sharedFloats = 0;
  std::vector<float*> own; // one a thread
  std::vector<size_t> ownFloats;
};

/** Everything one set of kernels works with. */
struct Context {
  Context(int threads, uint64_t limitBytes) : pool(threads), arena(limitBytes) {
    scratch.own.resize(static_cast<size_t>(pool.size()), nullptr);
    scratch.ownFloats.resize(static_cast<size_t>(pool.size()), 0);
  }
  Pool pool;
  Arena arena;
  Scratch scratch;
  /** Makes the scratch buffers at least this large (floats); false when there is no memory. Called outside regions. */
  bool reserve(size_t sharedFloats, size_t ownFloats);
  /** After what needed far more than everything else: its buffer goes back, where it is a large one. */
  void trim();
  struct Table const* table = nullptr;
  struct HalfTable const* halfTable = nullptr; // with precision bf16
};

/**
 * C [m, n] = alpha · A [m, k] · B [k, n] (+ bias [n]) (+ add [m, n]), row-major with row strides ld*.
 * A transposed operand is stored the other way round: A as [k, m], B as [n, k].
 */
struct Product {
  ptrdiff_t m, n, k;
  const float* a;
  ptrdiff_t lda;
  bool aTransposed;
  const float* b;
  ptrdiff_t ldb;
  bool bTransposed;
  float* c;
  ptrdiff_t ldc;
  float alpha;
  const float* bias; // or null
  const float* add;  // or null; may be c itself
  ptrdiff_t ldadd;
  float* columnSums; // or null: += sum over k of B, for the gradient of a bias
  GeluForm gelu;     // with it, after = gelu(C)
  float* after;      // [m, n], row stride ldc
};

struct AttentionShape {
  ptrdiff_t rows, context, heads, width;
  float scale;
};

struct AdamSettings {
  float learningRate, beta1, beta2, epsilon, weightDecay, gradientScale, correction1, correction2;
};

/** One trainable tensor as the optimizer sees it. */
struct ParameterSpan {
  float *value, *gradient, *first, *second;
  ptrdiff_t count;
  float learningRateScale;
  bool decays;
};

/** The weights of one block, and the keys and values that it keeps of one text. */
struct TextBlock {
  const float *gain1, *bias1;               // [d]
  const float *attention, *attentionBias;   // [d, 3d], [3d]
  const float *projection, *projectionBias; // [d, d], [d]
  const float *gain2, *bias2;               // [d]
  const float *expand, *expandBias;         // [d, 4d], [4d]
  const float *contract, *contractBias;     // [4d, d], [d]
  float *keys, *values;                     // [capacity, d]
};

/** A model in the middle of one text. */
struct Text {
  const float *tokens, *positions, *gain, *bias; // [V, d], [., d], [d] twice
  const TextBlock* blocks;
  ptrdiff_t layers, width, heads, vocabulary;
  ptrdiff_t held, capacity; // tokens kept, and most
  GeluForm gelu;
  float embeddingScale, attentionScale, outputScale;
};

struct Table {
  const char* name;
  Status (*product)(Context&, const Product&);
  void (*fill)(Context&, float* into, float value, ptrdiff_t count);
  void (*axpy)(Context&, float* into, float scale, const float* from, ptrdiff_t count);
  void (*embedding)(Context&, const int32_t* ids, const int32_t* places, const float* tokens, const float* positions,
                    float* out, ptrdiff_t n, ptrdiff_t width, ptrdiff_t context, float scale);
  void (*gatherRows)(Context&, const float* x, const int32_t* rows, float* out, ptrdiff_t n, ptrdiff_t width);
  void (*embeddingBackward)(Context&, const float* dx, const int32_t* ids, float* intoTokens, float* intoPositions,
                            ptrdiff_t n, ptrdiff_t width, ptrdiff_t context, float scale);
  void (*layerNorm)(Context&, const float* x, const float* gain, const float* bias, float* out, float* mean,
                    float* rstd, ptrdiff_t n, ptrdiff_t width);
  Status (*layerNormBackward)(Context&, const float* dy, const float* x, const float* gain, const float* mean,
                              const float* rstd, float* intoGain, float* intoBias, const float* residual, float* dx,
                              ptrdiff_t n, ptrdiff_t width);
  void (*geluBackward)(Context&, const float* dy, const float* before, float* dx, ptrdiff_t count, GeluForm form);
  Status (*attention)(Context&, const float* qkv, float* out, float* logSumExp, const AttentionShape&);
  Status (*attentionBackward)(Context&, const float* dy, const float* qkv, const float* out, const float* logSumExp,
                              float* dqkv, const AttentionShape&);
  Status (*cachedAttention)(Context&, const float* qkv, float* keys, float* values, ptrdiff_t held, ptrdiff_t capacity,
                            float* out, const AttentionShape&);
  Status (*treeAttention)(Context&, const float* qkv, const float* prefixKeys, const float* prefixValues,
                          ptrdiff_t held, const int32_t* segments, ptrdiff_t count, ptrdiff_t longest, float* out,
                          const AttentionShape&);
  /** One more token of a text: keeps its keys and values, and gives the logits [V] of the token after it. */
  Status (*nextToken)(Context&, const Text&, ptrdiff_t token, float* logits);
  void (*argmax)(Context&, const float* rows, int32_t* at, ptrdiff_t n, ptrdiff_t width);
  void (*crossEntropy)(Context&, float* logits, const int32_t* targets, float* losses, ptrdiff_t n,
                       ptrdiff_t vocabulary, bool overwrites, float gradientScale);
  double (*sumOfSquares)(Context&, const ParameterSpan*, ptrdiff_t count);
  void (*adamW)(Context&, const ParameterSpan*, ptrdiff_t count, const AdamSettings&);
  /**
   * Multiply-adds in registers only, on every thread: what this machine can do at most. Returns a value so that it is
   * not dropped.
   */
  float (*multiply_adds)(Context&, ptrdiff_t rounds);
  ptrdiff_t flopsPerRound;
};

const Table* portable_table();
const Table* avx2_table();
const Table* avx512_table();

} // namespace isoflop
