// From plain C to the kernels: unpacks handles, fills in what each kernel needs to know, and chooses the instruction
// set.
#include "api.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <new>
#include <vector>

#include "handles.h"
#include "kernels.h"

using namespace isoflop;

namespace {

/** The widest instruction set that this CPU and its operating system run, or the one asked for if they do. */
const Table* choose(const char* isa) {
  const bool any = !isa || !*isa;
#if defined(__x86_64__)
  const auto wanted = [&](const char* name) { return any || strncmp(isa, name, strlen(name)) == 0; };
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#if defined(ISOFLOP_EMULATED)
  if (avx2 && !any && (strcmp(isa, "avx512") == 0 || strcmp(isa, "avx512amx") == 0))
    return avx2_table(); // half-api.cpp has the rest
#endif
  if (avx512 && wanted("avx512")) return avx512_table();
  if (avx2 && wanted("avx2")) return avx2_table();
#endif
  if (any || strcmp(isa, portable_table()->name) == 0 || strcmp(isa, "portable") == 0) return portable_table();
  return nullptr;
}

Product plain(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, uint64_t a, uint64_t b, uint64_t c) {
  Product g = {};
  g.m = m, g.n = n, g.k = k;
  g.a = floats(a), g.lda = k;
  g.b = floats(b), g.ldb = n;
  g.c = floats(c), g.ldc = n;
  g.alpha = 1;
  return g;
}
void transpose_a(Product& g) { g.aTransposed = true, g.lda = g.m; }
void transpose_b(Product& g) { g.bTransposed = true, g.ldb = g.k; }
void accumulate(Product& g) { g.add = g.c, g.ldadd = g.ldc; }

bool spans(Context& context, const double* addresses, const double* sizes, int count,
           std::vector<ParameterSpan>& into) {
  for (int i = 0; i < count; i++) {
    float* part[4];
    for (int j = 0; j < 4; j++) {
      part[j] = floats(static_cast<uint64_t>(addresses[4 * i + j]));
      if (!context.arena.holds(part[j])) return false;
    }
    into.push_back({part[0], part[1], part[2], part[3], static_cast<ptrdiff_t>(sizes[i]), 1.0f, false});
  }
  return true;
}

} // namespace

uint64_t isf_create(int threads, double limitBytes, const char* isa) {
  const Table* table = choose(isa);
  if (!table) return 0;
  try {
    auto* context = new Context(threads, static_cast<uint64_t>(limitBytes));
    context->table = table;
    return handle(context);
  } catch (...) {
    return 0;
  }
}
void isf_destroy(uint64_t context) { delete &at(context); }
const char* isf_isa(uint64_t context) { return at(context).table->name; }
int isf_threads(uint64_t context) { return at(context).pool.size(); }

uint64_t isf_allocate(uint64_t context, double bytes) {
  return handle(at(context).arena.allocate(static_cast<size_t>(bytes)));
}
int isf_release(uint64_t context, uint64_t address) {
  return at(context).arena.release(floats(address)) ? OK : BAD_HANDLE;
}
void isf_memory(uint64_t context, double* into) {
  into[0] = static_cast<double>(at(context).arena.current());
  into[1] = static_cast<double>(at(context).arena.peak());
}
void isf_write(uint64_t to, const void* from, double bytes) { memcpy(floats(to), from, static_cast<size_t>(bytes)); }
void isf_read(void* to, uint64_t from, double bytes) { memcpy(to, floats(from), static_cast<size_t>(bytes)); }

void isf_fill(uint64_t context, uint64_t into, float value, double count) {
  Context& c = at(context);
  c.table->fill(c, floats(into), value, static_cast<ptrdiff_t>(count));
}
void isf_axpy(uint64_t context, uint64_t into, float scale, uint64_t from, double count) {
  Context& c = at(context);
  c.table->axpy(c, floats(into), scale, floats(from), static_cast<ptrdiff_t>(count));
}

void isf_embedding(uint64_t context, uint64_t ids, uint64_t places, uint64_t tokens, uint64_t positions, uint64_t out,
                   int n, int width, int T, float scale) {
  Context& c = at(context);
  c.table->embedding(c, integers(ids), integers(places), floats(tokens), floats(positions), floats(out), n, width, T,
                     scale);
}
void isf_gather_rows(uint64_t context, uint64_t x, uint64_t rows, uint64_t out, int n, int width) {
  Context& c = at(context);
  c.table->gatherRows(c, floats(x), integers(rows), floats(out), n, width);
}
void isf_embedding_backward(uint64_t context, uint64_t dx, uint64_t ids, uint64_t intoTokens, uint64_t intoPositions,
                            int n, int width, int T, float scale) {
  Context& c = at(context);
  c.table->embeddingBackward(c, floats(dx), integers(ids), floats(intoTokens), floats(intoPositions), n, width, T,
                             scale);
}

void isf_layer_norm(uint64_t context, uint64_t x, uint64_t gain, uint64_t bias, uint64_t out, uint64_t mean,
                    uint64_t rstd, int n, int width) {
  Context& c = at(context);
  c.table->layerNorm(c, floats(x), floats(gain), floats(bias), floats(out), floats(mean), floats(rstd), n, width);
}
int isf_layer_norm_backward(uint64_t context, uint64_t dy, uint64_t x, uint64_t gain, uint64_t mean, uint64_t rstd,
                            uint64_t intoGain, uint64_t intoBias, uint64_t residual, uint64_t dx, int n, int width) {
  Context& c = at(context);
  return c.table->layerNormBackward(c, floats(dy), floats(x), floats(gain), floats(mean), floats(rstd),
                                    floats(intoGain), floats(intoBias), floats(residual), floats(dx), n, width);
}

int isf_linear(uint64_t context, uint64_t x, uint64_t weight, uint64_t bias, uint64_t residual, uint64_t out,
               uint64_t after, int gelu, int n, int inner, int outer) {
  Context& c = at(context);
  Product g = plain(n, outer, inner, x, weight, out);
  g.bias = floats(bias);
  g.add = floats(residual), g.ldadd = outer;
  g.gelu = static_cast<GeluForm>(gelu), g.after = floats(after);
  return c.table->product(c, g);
}
int isf_linear_backward(uint64_t context, uint64_t dy, uint64_t x, uint64_t weight, uint64_t intoWeight,
                        uint64_t intoBias, uint64_t dx, int n, int inner, int outer) {
  Context& c = at(context);
  Product back = plain(n, inner, outer, dy, weight, dx);
  transpose_b(back);
  if (const Status status = c.table->product(c, back)) return status;
  Product weights = plain(inner, outer, n, x, dy, intoWeight);
  transpose_a(weights);
  accumulate(weights);
  weights.columnSums = floats(intoBias);
  return c.table->product(c, weights);
}
void isf_gelu_backward(uint64_t context, uint64_t dy, uint64_t before, uint64_t dx, double count, int gelu) {
  Context& c = at(context);
  c.table->geluBackward(c, floats(dy), floats(before), floats(dx), static_cast<ptrdiff_t>(count),
                        static_cast<GeluForm>(gelu));
}

int isf_attention(uint64_t context, uint64_t qkv, uint64_t out, uint64_t logSumExp, int rows, int T, int heads,
                  int width, float scale) {
  Context& c = at(context);
  return c.table->attention(c, floats(qkv), floats(out), floats(logSumExp), {rows, T, heads, width, scale});
}
int isf_attention_backward(uint64_t context, uint64_t dy, uint64_t qkv, uint64_t out, uint64_t logSumExp, uint64_t dqkv,
                           int rows, int T, int heads, int width, float scale) {
  Context& c = at(context);
  return c.table->attentionBackward(c, floats(dy), floats(qkv), floats(out), floats(logSumExp), floats(dqkv),
                                    {rows, T, heads, width, scale});
}
int isf_cached_attention(uint64_t context, uint64_t qkv, uint64_t keys, uint64_t values, int held, int capacity,
                         uint64_t out, int rows, int T, int heads, int width, float scale) {
  Context& c = at(context);
  return c.table->cachedAttention(c, floats(qkv), floats(keys), floats(values), held, capacity, floats(out),
                                  {rows, T, heads, width, scale});
}

int isf_head(uint64_t context, uint64_t x, uint64_t tokens, uint64_t logits, float scale, int n, int width,
             int vocabulary) {
  Context& c = at(context);
  Product g = plain(n, vocabulary, width, x, tokens, logits);
  transpose_b(g);
  g.alpha = scale;
  return c.table->product(c, g);
}
int isf_head_backward(uint64_t context, uint64_t dLogits, uint64_t x, uint64_t tokens, uint64_t intoTokens, uint64_t dx,
                      float scale, int n, int width, int vocabulary) {
  Context& c = at(context);
  Product back = plain(n, width, vocabulary, dLogits, tokens, dx);
  back.alpha = scale;
  if (const Status status = c.table->product(c, back)) return status;
  Product weights = plain(vocabulary, width, n, dLogits, x, intoTokens);
  transpose_a(weights);
  accumulate(weights);
  weights.alpha = scale;
  return c.table->product(c, weights);
}
int isf_tree_attention(uint64_t context, uint64_t qkv, uint64_t keys, uint64_t values, int held,
                       const int32_t* segments, int count, int longest, uint64_t out, int n, int heads, int width,
                       float scale) {
  Context& c = at(context);
  return c.table->treeAttention(c, floats(qkv), floats(keys), floats(values), held, segments, count, longest,
                                floats(out), {n, 1, heads, width, scale});
}
int isf_next_token(uint64_t context, const double* addresses, int layers, int width, int heads, int vocabulary,
                   int held, int capacity, int gelu, float embeddingScale, float attentionScale, float outputScale,
                   int token, float* logits) {
  Context& c = at(context);
  const double* address = addresses;
  const auto next = [&] { return floats(static_cast<uint64_t>(*address++)); };
  try {
    Text text = {next(),         next(),         next(),     next(), nullptr,  layers,
                 width,          heads,          vocabulary, held,   capacity, static_cast<GeluForm>(gelu),
                 embeddingScale, attentionScale, outputScale};
    std::vector<TextBlock> blocks;
    for (int i = 0; i < layers; i++)
      blocks.push_back({next(), next(), next(), next(), next(), next(), next(), next(), next(), next(), next(), next(),
                        next(), next()});
    text.blocks = blocks.data();
    return c.table->nextToken(c, text, token, logits);
  } catch (const std::bad_alloc&) {
    return OUT_OF_MEMORY;
  }
}
void isf_argmax(uint64_t context, uint64_t x, int32_t* places, int n, int width) {
  Context& c = at(context);
  c.table->argmax(c, floats(x), places, n, width);
}
void isf_cross_entropy(uint64_t context, uint64_t logits, uint64_t targets, uint64_t losses, int n, int vocabulary,
                       int overwrites, float gradientScale) {
  Context& c = at(context);
  c.table->crossEntropy(c, floats(logits), integers(targets), floats(losses), n, vocabulary, overwrites != 0,
                        gradientScale);
}

int isf_global_norm(uint64_t context, const double* addresses, const double* sizes, int count, double* norm) {
  Context& c = at(context);
  try {
    std::vector<ParameterSpan> all;
    if (!spans(c, addresses, sizes, count, all)) return BAD_HANDLE;
    *norm = std::sqrt(c.table->sumOfSquares(c, all.data(), count));
    return OK;
  } catch (const std::bad_alloc&) {
    return OUT_OF_MEMORY;
  }
}
int isf_adam_w(uint64_t context, const double* addresses, const double* sizes, const float* scales,
               const int32_t* decays, int count, float learningRate, float beta1, float beta2, float epsilon,
               float weightDecay, float gradientScale, int update) {
  Context& c = at(context);
  try {
    std::vector<ParameterSpan> all;
    if (!spans(c, addresses, sizes, count, all)) return BAD_HANDLE;
    for (int i = 0; i < count; i++) {
      all[static_cast<size_t>(i)].learningRateScale = scales[i];
      all[static_cast<size_t>(i)].decays = decays[i] != 0;
    }
    const auto correction = [&](float beta) {
      return static_cast<float>(1.0 - std::pow(static_cast<double>(beta), update));
    };
    c.table->adamW(
        c, all.data(), count,
        {learningRate, beta1, beta2, epsilon, weightDecay, gradientScale, correction(beta1), correction(beta2)});
    return OK;
  } catch (const std::bad_alloc&) {
    return OUT_OF_MEMORY;
  }
}

int isf_product(uint64_t context, uint64_t a, uint64_t b, uint64_t c, int m, int n, int k, int aTransposed,
                int bTransposed) {
  Context& kernels = at(context);
  Product g = plain(m, n, k, a, b, c);
  if (aTransposed) transpose_a(g);
  if (bTransposed) transpose_b(g);
  return kernels.table->product(kernels, g);
}
void isf_peak_flops(uint64_t context, double rounds, double* secondsAndFlops) {
  Context& c = at(context);
  const auto start = std::chrono::steady_clock::now();
  volatile float kept = c.table->multiply_adds(c, static_cast<ptrdiff_t>(rounds));
  (void)kept;
  secondsAndFlops[0] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  secondsAndFlops[1] = rounds * static_cast<double>(c.table->flopsPerRound) * c.pool.size();
}
