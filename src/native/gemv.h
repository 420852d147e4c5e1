// Products of few rows, where memory decides the speed and nothing is packed: how a prompt is read, and a text
// continued token by token.
#pragma once
#include "math.h"
#include "micro-kernel.h"

namespace {

using isoflop::Context;
using isoflop::Product;

/** One row times a matrix kept [k, n]: y = alpha · x·B (+ bias) (+ add), columns [from, to). */
INLINE void gemv(const Product& g, const float* x, float* y, const float* add, ptrdiff_t from, ptrdiff_t to) {
  constexpr int DEEP = 8; // rows of B read side by side: each is one stream through memory
  each_register(to - from, [&](ptrdiff_t j, int lanes) {
    vec start = {};
    if (g.bias) start += load_up_to(g.bias + from + j, lanes);
    if (add) start += load_up_to(add + from + j, lanes);
    store_up_to(y + from + j, start, lanes);
  });
  for (ptrdiff_t p = 0; p < g.k; p += DEEP) {
    const ptrdiff_t deep = at_most(DEEP, g.k - p);
    vec left[DEEP];
    for (ptrdiff_t i = 0; i < DEEP; i++) left[i] = splat(i < deep ? x[p + i] * g.alpha : 0);
    const float* row = g.b + p * g.ldb + from;
    if (deep == DEEP)
      each_register(to - from, [&](ptrdiff_t j, int lanes) {
        vec even = load_up_to(y + from + j, lanes), odd = {};
#pragma GCC unroll 8
        for (int i = 0; i < DEEP; i += 2) {
          even += left[i] * load_up_to(row + i * g.ldb + j, lanes);
          odd += left[i + 1] * load_up_to(row + (i + 1) * g.ldb + j, lanes);
        }
        store_up_to(y + from + j, even + odd, lanes);
      });
    else
      for (ptrdiff_t i = 0; i < deep; i++)
        each_register(to - from, [&](ptrdiff_t j, int lanes) {
          store_up_to(y + from + j, load_up_to(y + from + j, lanes) + left[i] * load_up_to(row + i * g.ldb + j, lanes),
                      lanes);
        });
  }
}

/** One row times the transpose of a matrix kept [n, k]: a dot product a column. */
INLINE void gemv_transposed(const Product& g, const float* x, float* y, const float* add, ptrdiff_t from,
                            ptrdiff_t to) {
  constexpr int SIDE = 4;
  const auto finish = [&](ptrdiff_t j, float dot) {
    float out = dot * g.alpha;
    if (g.bias) out += g.bias[j];
    if (add) out += add[j];
    y[j] = out;
  };
  ptrdiff_t j = from;
  for (; j + SIDE <= to; j += SIDE) {
    vec acc[SIDE][2] = {};
    ptrdiff_t p = 0;
    for (; p + 2 * WIDTH <= g.k; p += 2 * WIDTH) {
      const vec low = load(x + p), high = load(x + p + WIDTH);
#pragma GCC unroll 4
      for (int i = 0; i < SIDE; i++) {
        acc[i][0] += low * load(g.b + (j + i) * g.ldb + p);
        acc[i][1] += high * load(g.b + (j + i) * g.ldb + p + WIDTH);
      }
    }
    for (; p < g.k; p += WIDTH) {
      const int lanes = static_cast<int>(at_most(WIDTH, g.k - p));
      const vec left = load_up_to(x + p, lanes);
      for (int i = 0; i < SIDE; i++) acc[i][0] += left * load_up_to(g.b + (j + i) * g.ldb + p, lanes);
    }
    for (int i = 0; i < SIDE; i++) finish(j + i, sum(acc[i][0] + acc[i][1]));
  }
  for (; j < to; j++) {
    vec acc = {};
    for (ptrdiff_t p = 0; p < g.k; p += WIDTH) {
      const int lanes = static_cast<int>(at_most(WIDTH, g.k - p));
      acc += load_up_to(x + p, lanes) * load_up_to(g.b + j * g.ldb + p, lanes);
    }
    finish(j, sum(acc));
  }
}

INLINE void gelu_rows(const Product& g, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t from, ptrdiff_t to) {
  for (ptrdiff_t i = row; i < row + rows; i++) {
    const float* before = g.c + i * g.ldc;
    float* after = g.after + i * g.ldc;
    each_register(to - from, [&](ptrdiff_t j, int lanes) {
      __builtin_prefetch(after + g.ldc + from + j, 1);
      const vec x = load_up_to(before + from + j, lanes);
      store_up_to(after + from + j, (g.gelu == isoflop::GELU_EXACT ? gelu_erf(x) : gelu_tanh(x)).value, lanes);
    });
  }
}

/** From here on packing pays. */
constexpr ptrdiff_t SKINNY_ROWS = 24;

/** Some rows times a matrix kept [k, n]: what is read of it goes into all of them at once. Columns [from, to). */
INLINE void skinny_gemm_columns(const Product& g, ptrdiff_t from, ptrdiff_t to) {
  constexpr int DEEP = WIDTH == 16 ? 16 : 8; // rows of B in registers
  for (ptrdiff_t i = 0; i < g.m; i++)
    each_register(to - from, [&](ptrdiff_t j, int lanes) {
      vec start = {};
      if (g.bias) start += load_up_to(g.bias + from + j, lanes);
      if (g.add) start += load_up_to(g.add + i * g.ldadd + from + j, lanes);
      store_up_to(g.c + i * g.ldc + from + j, start, lanes);
    });
  ptrdiff_t p = 0;
  for (; p + DEEP <= g.k; p += DEEP) {
    float left[SKINNY_ROWS][DEEP]; // side by side: where they lie, they may all fall into one cache set
    for (ptrdiff_t i = 0; i < g.m; i++) memcpy(left[i], g.a + i * g.lda + p, sizeof left[i]);
    each_register(to - from, [&](ptrdiff_t j, int lanes) {
      vec right[DEEP];
#pragma GCC unroll 16
      for (int u = 0; u < DEEP; u++) right[u] = load_up_to(g.b + (p + u) * g.ldb + from + j, lanes);
      for (ptrdiff_t i = 0; i < g.m; i++) {
        float* y = g.c + i * g.ldc + from + j;
        vec even = load_up_to(y, lanes), odd = {};
#pragma GCC unroll 8
        for (int u = 0; u < DEEP; u += 2) {
          even += splat(left[i][u]) * right[u];
          odd += splat(left[i][u + 1]) * right[u + 1];
        }
        store_up_to(y, even + odd, lanes);
      }
    });
  }
  for (; p < g.k; p++)
    for (ptrdiff_t i = 0; i < g.m; i++)
      each_register(to - from, [&](ptrdiff_t j, int lanes) {
        float* y = g.c + i * g.ldc + from + j;
        store_up_to(y, load_up_to(y, lanes) + splat(g.a[i * g.lda + p]) * load_up_to(g.b + p * g.ldb + from + j, lanes),
                    lanes);
      });
}

bool is_skinny(const Product& g) {
  return !g.columnSums && (g.m == 1 || (g.m <= SKINNY_ROWS && !g.aTransposed && !g.bTransposed && g.alpha == 1));
}

/** A product of few rows: memory decides its speed, so nothing is packed. */
void skinny_gemm(Context& context, const Product& g) {
  const ptrdiff_t chunk = g.n * g.k < 32768 ? g.n : pieces(pieces(g.n, context.pool.size()), LINE) * LINE;
  context.pool.each(pieces(g.n, chunk), [&](ptrdiff_t i, int) {
    const ptrdiff_t from = i * chunk, to = at_most(g.n, from + chunk);
    if (g.m > 1)
      skinny_gemm_columns(g, from, to);
    else if (g.bTransposed)
      gemv_transposed(g, g.a, g.c, g.add, from, to);
    else
      gemv(g, g.a, g.c, g.add, from, to);
    if (g.gelu) gelu_rows(g, 0, g.m, from, to);
  });
}

} // namespace
