// The micro-kernel of bf16's products: R x NR sums in fp32 registers, over pairs along the inner axis.
#pragma once
#include "../micro-kernel.h"
#include "number.h"
#if defined(ISOFLOP_ARM_BF16)
#include "tile-arm.h"
#endif

namespace {

constexpr ptrdiff_t PIECE_PAIRS = 512;        // pairs of one piece of the inner axis: its rows stay in the first cache
constexpr ptrdiff_t LDP = PIECE_PAIRS + LINE; // pairs from row to row of a piece: off the power of two
constexpr ptrdiff_t MP = (MR + WIDTH - 1) / WIDTH * WIDTH; // pairs from step to step of a left panel kept by columns
constexpr ptrdiff_t DEEP_PAIRS = 256;                      // pairs of a piece of long sums, of both operands
constexpr ptrdiff_t SOON = 8;                              // how many steps ahead the right panel is fetched

} // namespace
#if defined(ISOFLOP_AMX)
#include "tile-amx.h"
#else
namespace {

#if !defined(ISOFLOP_ARM_BF16)
/**
 * c [R, NR] (+)= A · B over `pairs` pairs: pair p of row i lies at a[i·RS + p·step], of column j at b[p·NR + j].
 */
template <int R, ptrdiff_t RS>
void half_tile(ptrdiff_t pairs, const pair* a, ptrdiff_t step, const pair* b, float* c, ptrdiff_t ldc, bool adds) {
  vec acc[R][NV];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = adds ? load(c + i * ldc + j * WIDTH) : vec{};
#pragma GCC unroll 2
  for (ptrdiff_t p = 0; p < pairs; p++) {
    bits right[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) {
      __builtin_prefetch(b + SOON * NR + j * WIDTH);
      right[j] = load_pairs(b + j * WIDTH);
    }
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      const bits left = splat_pair(a[i * RS]);
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = add_products(acc[i][j], left, right[j]);
    }
    a += RS == 1 ? step : 1;
    b += NR;
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) store(c + i * ldc + j * WIDTH, acc[i][j]);
}
#endif

using HalfTile = void (*)(ptrdiff_t, const pair*, ptrdiff_t, const pair*, float*, ptrdiff_t, bool);
template <ptrdiff_t RS, int... R> struct HalfRows {
  static constexpr HalfTile all[] = {half_tile<R, RS>...};
};

/** Tiles over rows that lie LDP pairs apart. */
INLINE void half_tile_rows(ptrdiff_t rows, ptrdiff_t pairs, const pair* a, const pair* b, float* c, ptrdiff_t ldc,
                           bool adds) {
  HalfRows<LDP, ISOFLOP_ROWS>::all[rows - 1](pairs, a, 1, b, c, ldc, adds);
}
/** Tiles over the transpose of what is kept pair by pair, `step` apart. */
INLINE void half_tile_columns(ptrdiff_t rows, ptrdiff_t pairs, const pair* a, ptrdiff_t step, const pair* b, float* c,
                              ptrdiff_t ldc, bool adds) {
  HalfRows<1, ISOFLOP_ROWS>::all[rows - 1](pairs, a, step, b, c, ldc, adds);
}
/** The transpose of a panel kept pair by pair, MP apart, which meets many columns. */
class LeftPanel {
public:
  LeftPanel(ptrdiff_t rows, ptrdiff_t pairs, const pair* a) : rows_(rows), pairs_(pairs), a_(a) {}
  void times(const pair* b, float* c, ptrdiff_t ldc, bool adds) const {
    half_tile_columns(rows_, pairs_, a_, MP, b, c, ldc, adds);
  }

private:
  ptrdiff_t rows_, pairs_;
  const pair* a_;
};

} // namespace
#endif
