// From plain C to the kernels of precision bf16.
#include <cstring>
#if defined(ISOFLOP_HAS_AMX) && !defined(ISOFLOP_EMULATED)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include "api.h"
#include "half/half.h"
#include "handles.h"

using namespace isoflop;

namespace {

uint16_t* halves(uint64_t address) { return reinterpret_cast<uint16_t*>(static_cast<uintptr_t>(address)); }

#if defined(__aarch64__) && defined(ISOFLOP_HAS_BF16)
/** Whether this processor has FEAT_BF16, as its system tells. */
bool has_arm_bf16() {
#if defined(__linux__)
  constexpr unsigned long BF16 = 1ul << 14; // HWCAP2_BF16, which older headers do not name
  return (getauxval(AT_HWCAP2) & BF16) != 0;
#elif defined(__APPLE__)
  int has = 0;
  size_t size = sizeof(has);
  return sysctlbyname("hw.optional.arm.FEAT_BF16", &has, &size, nullptr, 0) == 0 && has != 0;
#else
  return false;
#endif
}
#endif

#if defined(ISOFLOP_HAS_AMX)
#if !defined(ISOFLOP_EMULATED)
/** Whether this processor has tiles for bf16, and Linux lets this process use them, for which it must be asked once. */
bool has_amx() {
  constexpr unsigned BF16 = 1u << 22, TILES = 1u << 24;
  constexpr long REQUEST = 0x1023, TILE_DATA = 18; // ARCH_REQ_XCOMP_PERM, which older headers do not name
  static const bool has = [] {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & BF16) && (d & TILES) &&
           syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
  }();
  return has;
}
#endif

/** Whether products of small whole numbers, which are exact in bf16, come out right, along rows and along columns. */
bool multiplies(Context& context) {
  constexpr int M = 37, N = 45, K = 70;
  uint16_t a[M * K], c[M * N];
  float b[K * N], sums[M * N];
  const auto left = [](int i, int l) { return (i + 2 * l) % 3 - 1; };
  const auto right = [](int l, int j) { return (l * l + j) % 3 - 1; };
  for (const bool isTransposed : {false, true}) {
    for (int i = 0; i < M; i++)
      for (int l = 0; l < K; l++) {
        const int value = left(i, l);
        a[isTransposed ? l * M + i : i * K + l] = value < 0 ? 0xbf80 : value > 0 ? 0x3f80 : 0;
      }
    for (int i = 0; i < K * N; i++) b[i] = static_cast<float>(right(i / N, i % N));
    memset(sums, 0, sizeof sums);
    if (context.halfTable->product(context, {M, N, K, a, b, c, sums, isTransposed, false}) != OK) return false;
    for (int i = 0; i < M * N; i++) {
      int wanted = 0;
      for (int l = 0; l < K; l++) wanted += left(i / N, l) * right(l, i % N);
      const uint32_t raw = static_cast<uint32_t>(c[i]) << 16;
      float found = sums[i];
      if (!isTransposed) memcpy(&found, &raw, 4);
      if (found != static_cast<float>(wanted)) return false;
    }
  }
  return true;
}
#endif

/** What bf16 is computed with beside the kernels of fp32: the processor's own instructions, or others in their place.
 */
const HalfTable* choose(const char* isa, const char* kernels) {
#if defined(__x86_64__)
#if defined(ISOFLOP_EMULATED)
  if (isa && strcmp(isa, "avx512") == 0) return avx512_half_table(); // compiled to what AVX2 has
  if (isa && strcmp(isa, "avx512amx") == 0) return avx512amx_half_table();
#elif defined(ISOFLOP_HAS_BF16)
  __builtin_cpu_init();
#if defined(ISOFLOP_HAS_AMX)
  const bool anyTiles = !isa || !*isa || strcmp(isa, "avx512amx") == 0;
  if (anyTiles && strcmp(kernels, "avx512") == 0 && has_amx()) return avx512amx_half_table();
#endif
  const bool any = !isa || !*isa || strcmp(isa, "avx512bf16") == 0;
  if (any && strcmp(kernels, "avx512") == 0 && __builtin_cpu_supports("avx512bf16")) return avx512bf16_half_table();
#endif
  if (strcmp(kernels, "avx512") == 0) return avx512_half_table();
  if (strcmp(kernels, "avx2") == 0) return avx2_half_table();
#elif defined(__aarch64__) && defined(ISOFLOP_HAS_BF16)
  const bool any = !isa || !*isa || strcmp(isa, "neonbf16") == 0;
  if (any && has_arm_bf16()) return neonbf16_half_table();
#endif
  (void)isa, (void)kernels;
  return portable_half_table();
}

HalfMatrix matrix(uint64_t address, int isHalf) {
  return isHalf ? HalfMatrix{halves(address), nullptr} : HalfMatrix{nullptr, floats(address)};
}

} // namespace

const char* isf_half_isa(uint64_t context, const char* isa) {
  Context& c = at(context);
  c.halfTable = choose(isa, c.table->name);
#if defined(ISOFLOP_HAS_AMX)
  if (c.halfTable == avx512amx_half_table() && !multiplies(c)) c.halfTable = choose("avx512bf16", c.table->name);
#endif
  return c.halfTable->name;
}
void isf_widen(uint64_t context, uint64_t from, uint64_t to, double count) {
  Context& c = at(context);
  c.halfTable->widen(c, halves(from), floats(to), static_cast<ptrdiff_t>(count));
}
void isf_narrow(uint64_t context, uint64_t from, uint64_t to, double count) {
  Context& c = at(context);
  c.halfTable->narrow(c, floats(from), halves(to), static_cast<ptrdiff_t>(count));
}
void isf_half_layer_norm(uint64_t context, uint64_t x, uint64_t gain, uint64_t bias, uint64_t out, uint64_t mean,
                         uint64_t rstd, int n, int width) {
  Context& c = at(context);
  c.halfTable->layerNorm(c, floats(x), floats(gain), floats(bias), halves(out), floats(mean), floats(rstd), n, width);
}
void isf_half_layer_norm_again(uint64_t context, uint64_t x, uint64_t gain, uint64_t bias, uint64_t mean, uint64_t rstd,
                               uint64_t out, int n, int width) {
  Context& c = at(context);
  c.halfTable->layerNormAgain(c, floats(x), floats(gain), floats(bias), floats(mean), floats(rstd), halves(out), n,
                              width);
}
int isf_half_layer_norm_backward(uint64_t context, uint64_t dy, uint64_t x, uint64_t gain, uint64_t mean, uint64_t rstd,
                                 uint64_t intoGain, uint64_t intoBias, uint64_t residual, uint64_t dx, int n,
                                 int width) {
  Context& c = at(context);
  return c.halfTable->layerNormBackward(c, halves(dy), floats(x), floats(gain), floats(mean), floats(rstd),
                                        floats(intoGain), floats(intoBias), floats(residual), floats(dx), n, width);
}
int isf_half_linear(uint64_t context, uint64_t x, uint64_t weight, uint64_t bias, uint64_t residual, uint64_t out,
                    uint64_t after, int gelu, int n, int inner, int outer) {
  Context& c = at(context);
  HalfLinear g = {};
  g.n = n, g.inner = inner, g.outer = outer;
  g.x = halves(x), g.weight = floats(weight), g.bias = floats(bias), g.residual = floats(residual);
  if (residual)
    g.floats = floats(out);
  else
    g.halves = halves(out);
  g.gelu = static_cast<GeluForm>(gelu), g.after = halves(after);
  return c.halfTable->linear(c, g);
}
int isf_half_linear_backward(uint64_t context, uint64_t dy, int isHalf, uint64_t x, uint64_t weight,
                             uint64_t intoWeight, uint64_t intoBias, uint64_t dx, uint64_t before, int gelu, int n,
                             int inner, int outer) {
  Context& c = at(context);
  return c.halfTable->linearBackward(
      c, {n, inner, outer, matrix(dy, isHalf), halves(x), floats(weight), floats(intoWeight), floats(intoBias),
          halves(dx), static_cast<GeluForm>(gelu), halves(before)});
}
int isf_half_attention(uint64_t context, uint64_t qkv, uint64_t out, uint64_t logSumExp, int rows, int T, int heads,
                       int width, float scale) {
  Context& c = at(context);
  return c.halfTable->attention(c, halves(qkv), halves(out), floats(logSumExp), {rows, T, heads, width, scale});
}
int isf_half_attention_backward(uint64_t context, uint64_t dy, uint64_t qkv, uint64_t out, uint64_t logSumExp,
                                uint64_t dqkv, int rows, int T, int heads, int width, float scale) {
  Context& c = at(context);
  return c.halfTable->attentionBackward(c, halves(dy), halves(qkv), halves(out), floats(logSumExp), halves(dqkv),
                                        {rows, T, heads, width, scale});
}
int isf_half_head(uint64_t context, uint64_t x, uint64_t tokens, uint64_t logits, float scale, int n, int width,
                  int vocabulary) {
  Context& c = at(context);
  HalfHead g = {};
  g.n = n, g.width = width, g.vocabulary = vocabulary;
  g.x = halves(x), g.tokens = floats(tokens), g.scale = scale;
  return c.halfTable->head(c, g, floats(logits));
}
int isf_half_head_loss(uint64_t context, uint64_t x, uint64_t tokens, uint64_t targets, uint64_t losses,
                       float gradientScale, uint64_t intoTokens, uint64_t dx, float scale, int n, int width,
                       int vocabulary) {
  Context& c = at(context);
  const int status =
      c.halfTable->headLoss(c, {n, width, vocabulary, halves(x), floats(tokens), scale, integers(targets),
                                floats(losses), gradientScale, floats(intoTokens), floats(dx)});
  c.trim();
  return status;
}
int isf_half_product(uint64_t context, uint64_t a, uint64_t b, uint64_t c, int m, int n, int k, int aTransposed,
                     int bTransposed) {
  Context& kernels = at(context);
  return kernels.halfTable->product(
      kernels, {m, n, k, halves(a), floats(b), halves(c), floats(c), aTransposed != 0, bTransposed != 0});
}
