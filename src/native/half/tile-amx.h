// The micro-kernel of bf16's products by AMX: squares of 16 rows and 16 columns, 16 pairs deep. What is left of the
// inner axis is multiplied with zeros beside it, and of rows that are not there nothing is kept.
#pragma once
#if !defined(ISOFLOP_EMULATED) // whose build brings tiles in plain C++
#include <immintrin.h>
#endif

#include "number.h"

namespace {

constexpr ptrdiff_t SIDE = 16; // rows, columns and pairs of a tile

struct alignas(64) TileShapes {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
/** A thread's tiles are all whole squares, from its first product on. */
INLINE void prepare_tiles() {
  static thread_local bool isPrepared = false;
  if (isPrepared) return;
  static const TileShapes shapes;
  _tile_loadconfig(&shapes);
  isPrepared = true;
}

/** What was written until here is in memory, and what is written later is not yet: g++'s tile loads say of neither. */
INLINE void settle() { __asm__ volatile("" ::: "memory"); }

/** `deep` pairs of 2 SIDE rows, zeros beyond them, rows ldTo apart. */
template <bool COLUMNS>
INLINE void left_square(const pair* a, ptrdiff_t step, ptrdiff_t deep, pair* to, ptrdiff_t ldTo) {
  if (!COLUMNS) {
    for (ptrdiff_t i = 0; i < 2 * SIDE; i++)
      for (ptrdiff_t p = 0; p < SIDE; p++) to[i * ldTo + p] = p < deep ? a[i * step + p] : 0;
    return;
  }
  alignas(64) pair whole[SIDE * 2 * SIDE];
  if (deep < SIDE) {
    memset(whole, 0, sizeof whole);
    for (ptrdiff_t p = 0; p < deep; p++) memcpy(whole + p * 2 * SIDE, a + p * step, 2 * SIDE * sizeof(pair));
    a = whole, step = 2 * SIDE;
  }
  for (ptrdiff_t i = 0; i < 2 * SIDE; i += SIDE)
    transpose_square(reinterpret_cast<const float*>(a + i), step, reinterpret_cast<float*>(to + i * ldTo), ldTo);
}

/**
 * c [2 SIDE, 2 SIDE] (+)= A · B over `pairs` pairs: pair p of row i of A lies at a[i·step + p], with COLUMNS at a[p·step
 * + i]; of column j of B at b[p·NR + j]. Without ISLOW the lower SIDE rows are left out.
 */
template <bool COLUMNS, bool ISLOW>
INLINE void amx_tile(ptrdiff_t pairs, const pair* a, ptrdiff_t step, const pair* b, float* c, ptrdiff_t ldc,
                     bool adds) {
  prepare_tiles();
  settle();
  const size_t ld = static_cast<size_t>(ldc) * 4;
  if (adds) {
    _tile_loadd(0, c, ld);
    _tile_loadd(1, c + SIDE, ld);
    if (ISLOW) _tile_loadd(2, c + SIDE * ldc, ld);
    if (ISLOW) _tile_loadd(3, c + SIDE * ldc + SIDE, ld);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    if (ISLOW) _tile_zero(2);
    if (ISLOW) _tile_zero(3);
  }
  alignas(64) pair square[2 * SIDE * SIDE], rest[SIDE * NR];
  for (ptrdiff_t p = 0; p < pairs; p += SIDE) {
    const ptrdiff_t deep = at_most(SIDE, pairs - p);
    const pair *left = COLUMNS ? a + p * step : a + p, *right = b + p * NR;
    size_t apart = static_cast<size_t>(step) * 4;
    if (COLUMNS || deep < SIDE) {
      left_square<COLUMNS>(left, step, deep, square, SIDE);
      left = square, apart = SIDE * 4;
    }
    if (deep < SIDE) {
      memset(rest, 0, sizeof rest);
      memcpy(rest, right, static_cast<size_t>(deep * NR) * sizeof(pair));
      right = rest;
    }
    settle();
    _tile_loadd(6, right, NR * 4);
    _tile_loadd(7, right + SIDE, NR * 4);
    _tile_loadd(4, left, apart);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if (ISLOW) {
      _tile_loadd(5, reinterpret_cast<const char*>(left) + SIDE * apart, apart);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    settle();
  }
  _tile_stored(0, c, ld);
  _tile_stored(1, c + SIDE, ld);
  if (ISLOW) _tile_stored(2, c + SIDE * ldc, ld);
  if (ISLOW) _tile_stored(3, c + SIDE * ldc + SIDE, ld);
}

/** The same for `rows` rows of c, 2 SIDE at most. */
template <bool COLUMNS>
void amx_rows(ptrdiff_t rows, ptrdiff_t pairs, const pair* a, ptrdiff_t step, const pair* b, float* c, ptrdiff_t ldc,
              bool adds) {
  static_assert(MR == 2 * SIDE && NR == 2 * SIDE, "a tile of C is four squares");
  if (rows == MR) return amx_tile<COLUMNS, true>(pairs, a, step, b, c, ldc, adds);
  if (rows == SIDE) return amx_tile<COLUMNS, false>(pairs, a, step, b, c, ldc, adds);
  alignas(64) float whole[MR * NR];
  memset(whole, 0, sizeof whole);
  for (ptrdiff_t i = 0; adds && i < rows; i++) memcpy(whole + i * NR, c + i * ldc, NR * 4);
  if (rows > SIDE)
    amx_tile<COLUMNS, true>(pairs, a, step, b, whole, NR, true);
  else
    amx_tile<COLUMNS, false>(pairs, a, step, b, whole, NR, true);
  for (ptrdiff_t i = 0; i < rows; i++) memcpy(c + i * ldc, whole + i * NR, NR * 4);
}

INLINE void half_tile_rows(ptrdiff_t rows, ptrdiff_t pairs, const pair* a, const pair* b, float* c, ptrdiff_t ldc,
                           bool adds) {
  amx_rows<false>(rows, pairs, a, LDP, b, c, ldc, adds);
}
INLINE void half_tile_columns(ptrdiff_t rows, ptrdiff_t pairs, const pair* a, ptrdiff_t step, const pair* b, float* c,
                              ptrdiff_t ldc, bool adds) {
  amx_rows<true>(rows, pairs, a, step, b, c, ldc, adds);
}

/** The transpose of a panel kept pair by pair, which meets many columns: turned once. */
class LeftPanel {
public:
  LeftPanel(ptrdiff_t rows, ptrdiff_t pairs, const pair* a) : rows_(rows), pairs_(pairs) {
    for (ptrdiff_t p = 0; p < pairs; p += SIDE)
      left_square<true>(a + p * MP, MP, at_most(SIDE, pairs - p), turned_ + p, LDT);
  }
  void times(const pair* b, float* c, ptrdiff_t ldc, bool adds) const {
    amx_rows<false>(rows_, pairs_, turned_, LDT, b, c, ldc, adds);
  }

private:
  static constexpr ptrdiff_t LDT = DEEP_PAIRS + LINE;
  ptrdiff_t rows_, pairs_;
  alignas(64) pair turned_[MR * LDT];
};

} // namespace
