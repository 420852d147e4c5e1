// Products of a single row, where memory decides the speed and nothing is packed: how a text is continued token by token.
#include "gemm.h"
#include "math.h"

namespace {

using isoflop::Context;
using isoflop::Product;

/** One row times a matrix kept [k, n]: y = alpha · x·B (+ bias) (+ add), columns [from, to). */
INLINE void row_times_matrix(const Product& g, const float* x, float* y, const float* add, long from, long to) {
  constexpr int WIDE = 8; // registers of C held while k runs
  long j = from;
  for (; j + WIDE * WIDTH <= to; j += WIDE * WIDTH) {
    vec acc[WIDE] = {};
    for (long p = 0; p < g.k; p++) {
      const float* row = g.b + p * g.ldb + j;
      const vec left = splat(x[p]);
#pragma GCC unroll 8
      for (int i = 0; i < WIDE; i++) acc[i] += left * load(row + i * WIDTH);
    }
    for (int i = 0; i < WIDE; i++) {
      const long at = j + i * WIDTH;
      vec out = acc[i] * splat(g.alpha);
      if (g.bias) out += load(g.bias + at);
      if (add) out += load(add + at);
      store(y + at, out);
    }
  }
  for (; j < to; j += WIDTH) {
    const int lanes = static_cast<int>(at_most(WIDTH, to - j));
    vec acc = {};
    for (long p = 0; p < g.k; p++) acc += splat(x[p]) * load_up_to(g.b + p * g.ldb + j, lanes);
    vec out = acc * splat(g.alpha);
    if (g.bias) out += load_up_to(g.bias + j, lanes);
    if (add) out += load_up_to(add + j, lanes);
    store_up_to(y + j, out, lanes);
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
  const long chunk = g.n * g.k < 32768 ? g.n : 256;
  context.pool.each(pieces(g.n, chunk), [&](long i, int) {
    const long from = i * chunk, to = at_most(g.n, from + chunk);
    if (g.bTransposed) row_times_transpose(g, g.a, g.c, g.add, from, to);
    else row_times_matrix(g, g.a, g.c, g.add, from, to);
    if (g.gelu) gelu_rows(g, 0, 1, from, to);
  });
}

} // namespace
