// The micro-kernel every matrix product here is made of: an R x NR tile of C held in registers while k runs.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace {

#if defined(ISOFLOP_AVX512)
constexpr int MR = 14, NV = 2; // 28 accumulators, 2 of B, 1 of A: 31 of 32 registers
#elif defined(ISOFLOP_AVX2)
constexpr int MR = 6, NV = 2; // 12 + 2 + 1 of 16 registers
#elif defined(__aarch64__)
constexpr int MR = 6, NV = 4; // 24 + 4 + 1 of 32 registers
#else
constexpr int MR = 4, NV = 2; // 8 + 2 + 1 of 16 registers
#endif
constexpr int NR = NV * WIDTH;
constexpr long KC = 256;     // k is worked through in pieces of this many
constexpr long LDA = KC + 16; // row stride of a panel of A that keeps its rows: off the power of two, so the cache sets differ

/** Where a tile goes: c = alpha · acc (+ bias) (+ add); `columns` of the NR are real. */
struct Tile {
  float* c;
  long ldc;
  float alpha;
  const float* bias;
  const float* add;
  long ldadd;
  int columns;
};

/** R rows of A (element (i, p) at a[i·RS + p·CS]) times NR columns of B (row p at b + p·ldb), k deep. */
template <int R, long RS, long CS> void tile(long k, const float* a, const float* b, long ldb, const Tile& t) {
  vec acc[R][NV];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = vec{};
  for (long p = 0; p < k; p++) {
    vec right[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) right[j] = load(b + j * WIDTH);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const vec left = splat(a[i * RS]);
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] += left * right[j];
    }
    a += CS;
    b += ldb;
  }
  if (t.alpha != 1.0f) {
    const vec alpha = splat(t.alpha);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] *= alpha;
  }
  if (t.columns == NR) {
    if (t.bias) {
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) {
        const vec bias = load(t.bias + j * WIDTH);
#pragma GCC unroll 16
        for (int i = 0; i < R; i++) acc[i][j] += bias;
      }
    }
    if (t.add) {
#pragma GCC unroll 16
      for (int i = 0; i < R; i++)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[i][j] += load(t.add + i * t.ldadd + j * WIDTH);
    }
#pragma GCC unroll 16
    for (int i = 0; i < R; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) store(t.c + i * t.ldc + j * WIDTH, acc[i][j]);
    return;
  }
  alignas(64) float whole[R * NR];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) store(whole + i * NR + j * WIDTH, acc[i][j]);
  for (int i = 0; i < R; i++)
    for (int j = 0; j < t.columns; j++) {
      float x = whole[i * NR + j];
      if (t.bias) x += t.bias[j];
      if (t.add) x += t.add[i * t.ldadd + j];
      t.c[i * t.ldc + j] = x;
    }
}

using TileFunction = void (*)(long, const float*, const float*, long, const Tile&);

template <long RS, long CS, int... R> struct Rows {
  static constexpr TileFunction all[] = {tile<R, RS, CS>...};
};
#if defined(ISOFLOP_AVX512)
#define ISOFLOP_ROWS 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
#elif defined(ISOFLOP_AVX2) || defined(__aarch64__)
#define ISOFLOP_ROWS 1, 2, 3, 4, 5, 6
#else
#define ISOFLOP_ROWS 1, 2, 3, 4
#endif

/** Tiles over a panel of A that keeps its rows (stride LDA). */
INLINE void tile_rows(int rows, long k, const float* a, const float* b, long ldb, const Tile& t) {
  Rows<LDA, 1, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}
/** Tiles over a panel of A packed k-major (MR floats for each p). */
INLINE void tile_packed(int rows, long k, const float* a, const float* b, long ldb, const Tile& t) {
  Rows<1, MR, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}
/** Tiles over the transpose of a matrix that keeps its rows: element (i, p) at a[i + p·LDA]. */
INLINE void tile_transposed(int rows, long k, const float* a, const float* b, long ldb, const Tile& t) {
  Rows<1, LDA, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}

/** One panel of NR columns: to[p·NR + j] = from[p·ld + j], zeros beyond `columns`; adds each column's sum to `sums` if given. */
INLINE void pack_columns(const float* from, long ld, long k, int columns, float* to, float* sums = nullptr) {
  vec total[NV] = {};
  if (columns == NR) {
    for (long p = 0; p < k; p++, from += ld, to += NR)
      for (int j = 0; j < NV; j++) {
        const vec x = load(from + j * WIDTH);
        total[j] += x;
        store(to + j * WIDTH, x);
      }
  } else {
    for (long p = 0; p < k; p++, from += ld, to += NR)
      for (int j = 0; j < NV; j++) {
        const int lanes = columns - j * WIDTH < 0 ? 0 : columns - j * WIDTH > WIDTH ? WIDTH : columns - j * WIDTH;
        const vec x = load_part(from + (lanes ? j * WIDTH : 0), lanes);
        total[j] += x;
        store(to + j * WIDTH, x);
      }
  }
  if (sums) {
    float whole[NR];
    for (int j = 0; j < NV; j++) store(whole + j * WIDTH, total[j]);
    for (int j = 0; j < columns; j++) sums[j] += whole[j];
  }
}

/** One panel of NR columns of a transposed operand: to[p·NR + j] = from[j·ld + p]. */
INLINE void pack_transposed(const float* from, long ld, long k, int columns, float* to) {
  constexpr long STEP = 16; // a cache line of each row at a time
  for (long start = 0; start < k; start += STEP) {
    const long end = start + STEP < k ? start + STEP : k;
    for (int j = 0; j < columns; j++)
      for (long p = start; p < end; p++) to[p * NR + j] = from[j * ld + p];
    for (int j = columns; j < NR; j++)
      for (long p = start; p < end; p++) to[p * NR + j] = 0;
  }
}

INLINE long at_most(long a, long b) { return a < b ? a : b; }
INLINE long pieces(long whole, long piece) { return (whole + piece - 1) / piece; }

} // namespace
