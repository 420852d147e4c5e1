// The micro-kernel every matrix product here is made of: an R x NR tile of C held in registers while k runs.
#pragma once
#include "kernels.h"
#include "vector.h"

namespace {

#if defined(ISOFLOP_AMX)
constexpr int MR = 32, NV = 2; // four squares
#elif defined(ISOFLOP_AVX512)
constexpr int MR = 14, NV = 2; // 28 accumulators, 2 of B, 1 of A: 31 of 32 registers
#elif defined(ISOFLOP_AVX2)
constexpr int MR = 6, NV = 2; // 12 + 2 + 1 of 16 registers
#elif defined(__aarch64__)
constexpr int MR = 6, NV = 4; // 24 + 4 + 1 of 32 registers
#else
constexpr int MR = 4, NV = 2; // 8 + 2 + 1 of 16 registers
#endif
constexpr int NR = NV * WIDTH;
constexpr int LINE = 16;                    // floats of a cache line
constexpr ptrdiff_t KC = 512;               // k is worked through in pieces of this many
constexpr ptrdiff_t PACK_PREFETCH_ROWS = 2; // how far ahead a row of B that is packed is fetched
constexpr int AHEAD_ROWS = 4;               // rows of a later tile that a tile fetches into the second cache
constexpr int SECOND_CACHE = 2;             // __builtin_prefetch's locality of what is wanted later
constexpr ptrdiff_t PREFETCH_ROWS = 8;      // how far ahead of its use a row of A read where it lies is fetched
constexpr ptrdiff_t LDA =
    KC + 16; // row stride of a panel of A that keeps its rows: off the power of two, so the cache sets differ

/** Where a tile goes: c = alpha · acc (+ bias) (+ add); `columns` of the NR are real. */
struct Tile {
  float* c;
  ptrdiff_t ldc;
  float alpha;
  const float* bias;
  const float* add;
  ptrdiff_t ldadd;
  int columns;
  const float*
      soon; // what the next tile will read: fetched into the first cache while this one runs, a line for each k
  const float* ahead;    // what a later tile will read: fetched into the second cache, k floats of each of four rows
  ptrdiff_t aheadStride; // floats from one of those rows to the next
  ptrdiff_t strideA;     // floats from row to row, or from k to k, where the kernel's template does not say
};

/**
 * R rows of A (element (i, p) at a[i·RS + p·CS], a 0 standing for Tile::strideA) times NR columns of B (row p at b +
 * p·ldb), k deep.
 */
template <int R, ptrdiff_t RS, ptrdiff_t CS>
void tile(ptrdiff_t k, const float* a, const float* b, ptrdiff_t ldb, const Tile& t) {
  vec acc[R][NV];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = vec{};
  const float* triple[5]; // every third row: the two after it are reached by an index register
#pragma GCC unroll 5
  for (int i = 0; i < (R + 2) / 3; i++) triple[i] = a + 3 * i * t.strideA;
  const auto step = [&]() __attribute__((always_inline)) {
    vec right[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) right[j] = load(b + j * WIDTH);
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const vec left = splat(RS ? a[i * RS] : triple[i / 3][i % 3 * t.strideA]);
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] += left * right[j];
    }
    if (RS) a += CS ? CS : t.strideA;
#pragma GCC unroll 5
    for (int i = 0; !RS && i < (R + 2) / 3; i++) triple[i]++;
    b += ldb;
  };
  const float* soon = t.soon;
  const ptrdiff_t stretch = k / 16;
#pragma GCC unroll 1
  for (int row = 0; row < AHEAD_ROWS; row++) {
    const float* ahead = t.ahead + row * t.aheadStride;
#pragma GCC unroll 1
    for (ptrdiff_t line = 0; line < stretch; line++, ahead += LINE) {
      __builtin_prefetch(ahead, 0, SECOND_CACHE);
#pragma GCC unroll 4
      for (int u = 0; u < 4; u++) {
        if (CS == 1)
          __builtin_prefetch(soon), soon += LINE;
        else if (CS)
          __builtin_prefetch(soon, 0, SECOND_CACHE), soon += LINE;
        else
          __builtin_prefetch(a + PREFETCH_ROWS * t.strideA), __builtin_prefetch(a + PREFETCH_ROWS * t.strideA + R - 1);
        step();
      }
    }
  }
  ptrdiff_t p = stretch * 16;
  for (; p < k; p++) step();
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

using TileFunction = void (*)(ptrdiff_t, const float*, const float*, ptrdiff_t, const Tile&);

template <ptrdiff_t RS, ptrdiff_t CS, int... R> struct Rows {
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
INLINE void tile_rows(int rows, ptrdiff_t k, const float* a, const float* b, ptrdiff_t ldb, const Tile& t) {
  Rows<LDA, 1, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}
/** Tiles over a panel of A packed k-major (MR floats for each p). */
INLINE void tile_packed(int rows, ptrdiff_t k, const float* a, const float* b, ptrdiff_t ldb, const Tile& t) {
  Rows<1, MR, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}
/** Whether reading rows that are any stride apart is fast: clang spills the accumulators there. */
#if defined(__clang__)
constexpr bool STRIDES = false;
#else
constexpr bool STRIDES = true;
#endif

/** Tiles over A where it lies, its rows Tile::strideA apart. */
INLINE void tile_strided(int rows, ptrdiff_t k, const float* a, const float* b, ptrdiff_t ldb, const Tile& t) {
  Rows<0, 1, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}
/** Tiles over the transpose of a matrix where it lies, its rows Tile::strideA apart. */
INLINE void tile_transposed(int rows, ptrdiff_t k, const float* a, const float* b, ptrdiff_t ldb, const Tile& t) {
  Rows<1, 0, ISOFLOP_ROWS>::all[rows - 1](k, a, b, ldb, t);
}

INLINE ptrdiff_t at_most(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
INLINE ptrdiff_t at_least(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
INLINE ptrdiff_t pieces(ptrdiff_t whole, ptrdiff_t piece) { return (whole + piece - 1) / piece; }

/** Floats of a row of NR that exist when only `columns` do, for register j. */
INLINE int lanes_of(int columns, int j) {
  const int left = columns - j * WIDTH;
  return left < 0 ? 0 : left > WIDTH ? WIDTH : left;
}

/**
 * Rows [from, to) of a matrix as panels of NR columns: packed[panel·stride + p·NR + j] = b[p·ld + panel·NR + j], zeros
 * beyond `columns`. Reads row after row from end to end, because that is what memory likes.
 */
INLINE void pack_columns(const float* b, ptrdiff_t ld, ptrdiff_t from, ptrdiff_t to, ptrdiff_t columns, float* packed,
                         ptrdiff_t stride) {
  const ptrdiff_t whole = columns / NR;
  const int rest = static_cast<int>(columns % NR);
  for (ptrdiff_t p = from; p < to; p++) {
    const float* row = b + p * ld;
    float* at = packed + p * NR;
    for (ptrdiff_t panel = 0; panel < whole; panel++, row += NR, at += stride) {
      for (int j = 0; j < NR; j += LINE) __builtin_prefetch(row + PACK_PREFETCH_ROWS * ld + j);
      for (int j = 0; j < NR; j += WIDTH) store(at + j, load(row + j));
    }
    for (int j = 0; rest && j < NV; j++) {
      const int lanes = lanes_of(rest, j);
      store(at + j * WIDTH, lanes ? load_part(row + j * WIDTH, lanes) : vec{});
    }
  }
}

/** sums[j] += the sum of column j over k rows, `ld` apart. */
INLINE void add_column_sums(const float* b, ptrdiff_t ld, ptrdiff_t k, int columns, float* sums) {
  for (int j = 0; j < columns; j += WIDTH) {
    const int lanes = columns - j < WIDTH ? columns - j : WIDTH;
    vec total = {};
    for (ptrdiff_t p = 0; p < k; p++) total += load_up_to(b + p * ld + j, lanes);
    store_up_to(sums + j, load_up_to(sums + j, lanes) + total, lanes);
  }
}

/** One panel of NR columns of a transposed operand: to[p·NR + j] = from[j·ld + p], zeros beyond `columns`. */
INLINE void pack_transposed(const float* from, ptrdiff_t ld, ptrdiff_t k, int columns, float* to) {
  const int squares = columns / WIDTH * WIDTH;
  ptrdiff_t p = 0;
  for (; p + WIDTH <= k; p += WIDTH) {
    for (int j = 0; j < squares; j += WIDTH) transpose_square(from + j * ld + p, ld, to + p * NR + j, NR);
    for (int j = squares; j < columns; j++)
      for (int i = 0; i < WIDTH; i++) to[(p + i) * NR + j] = from[j * ld + p + i];
  }
  for (; p < k; p++)
    for (int j = 0; j < columns; j++) to[p * NR + j] = from[j * ld + p];
  if (columns == NR) return;
  for (p = 0; p < k; p++)
    for (int j = columns; j < NR; j++) to[p * NR + j] = 0;
}

} // namespace
