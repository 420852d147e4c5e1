// Products of a single row, where memory decides the speed and nothing is packed: how a text is continued token by token.
#pragma once
#include "gemm.h"
#include "math.h"

namespace {

using isoflop::Context;
using isoflop::Product;

/** One row times a matrix kept [k, n]: y = alpha · x·B (+ bias) (+ add), columns [from, to). */
INLINE void row_times_matrix(const Product& g, const float* x, float* y, const float* add, long from, long to) {
  constexpr int DEEP = 8; // rows of B read side by side: each is one stream through memory
  each_register(to - from, [&](long j, int lanes) {
    vec start = {};
    if (g.bias) start += load_up_to(g.bias + from + j, lanes);
    if (add) start += load_up_to(add + from + j, lanes);
    store_up_to(y + from + j, start, lanes);
  });
  for (long p = 0; p < g.k; p += DEEP) {
    const long deep = at_most(DEEP, g.k - p);
    vec left[DEEP];
    for (long i = 0; i < DEEP; i++) left[i] = splat(i < deep ? x[p + i] * g.alpha : 0);
    const float* row = g.b + p * g.ldb + from;
    if (deep == DEEP) each_register(to - from, [&](long j, int lanes) {
      vec even = load_up_to(y + from + j, lanes), odd = {};
#pragma GCC unroll 8
      for (int i = 0; i < DEEP; i += 2) {
        even += left[i] * load_up_to(row + i * g.ldb + j, lanes);
        odd += left[i + 1] * load_up_to(row + (i + 1) * g.ldb + j, lanes);
      }
      store_up_to(y + from + j, even + odd, lanes);
    });
    else for (long i = 0; i < deep; i++) each_register(to - from, [&](long j, int lanes) {
      store_up_to(y + from + j, load_up_to(y + from + j, lanes) + left[i] * load_up_to(row + i * g.ldb + j, lanes), lanes);
    });
  }
}

/** One row times the transpose of a matrix kept [n, k]: a dot product a column. */
INLINE void row_times_transpose(const Product& g, const float* x, float* y, const float* add, long from, long to) {
  constexpr int SIDE = 4;
  const auto finish = [&](long j, float dot) {
    float out = dot * g.alpha;
    if (g.bias) out += g.bias[j];
    if (add) out += add[j];
    y[j] = out;
  };
  long j = from;
  for (; j + SIDE <= to; j += SIDE) {
    vec acc[SIDE][2] = {};
    long p = 0;
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
    for (long p = 0; p < g.k; p += WIDTH) {
      const int lanes = static_cast<int>(at_most(WIDTH, g.k - p));
      acc += load_up_to(x + p, lanes) * load_up_to(g.b + j * g.ldb + p, lanes);
    }
    finish(j, sum(acc));
  }
}

INLINE void gelu_rows(const Product& g, long row, long rows, long from, long to) {
  for (long i = row; i < row + rows; i++) {
    const float* before = g.c + i * g.ldc;
    float* after = g.after + i * g.ldc;
    each_register(to - from, [&](long j, int lanes) {
      __builtin_prefetch(after + g.ldc + from + j, 1);
      const vec x = load_up_to(before + from + j, lanes);
      store_up_to(after + from + j, (g.gelu == isoflop::GELU_EXACT ? gelu_erf(x) : gelu_tanh(x)).value, lanes);
    });
  }
}

/** A product of one row: memory decides its speed, so nothing is packed. */
void single_row(Context& context, const Product& g) {
  const long chunk = g.n * g.k < 32768 ? g.n : pieces(pieces(g.n, context.pool.size()), LINE) * LINE;
  context.pool.each(pieces(g.n, chunk), [&](long i, int) {
    const long from = i * chunk, to = at_most(g.n, from + chunk);
    if (g.bTransposed) row_times_transpose(g, g.a, g.c, g.add, from, to);
    else row_times_matrix(g, g.a, g.c, g.add, from, to);
    if (g.gelu) gelu_rows(g, 0, 1, from, to);
  });
}

} // namespace
