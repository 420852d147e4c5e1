// Operands of bf16's products as the micro-kernel reads them: pairs along the inner axis, in panels.
#pragma once
#include "tile.h"

namespace {

constexpr ptrdiff_t pairs_of(ptrdiff_t k) { return (k + 1) / 2; }

INLINE halves read_halves(const half* from, int lanes) { return load_halves_up_to(from, lanes); }
INLINE halves read_halves(const float* from, int lanes) { return narrow(load_up_to(from, lanes)); }
INLINE vec read_wide(const half* from, int lanes) { return load_wide(from, lanes); }
INLINE vec read_wide(const float* from, int lanes) { return load_up_to(from, lanes); }

/** `count` numbers as halves; an odd one gets a zero beside it. */
template <class Number> INLINE void copy_halves(const Number* from, ptrdiff_t count, half* to) {
  each_register(count,
                [&](ptrdiff_t j, int lanes) { store_halves_up_to(to + j, read_halves(from + j, lanes), lanes); });
  if (count % 2) to[count] = 0;
}

constexpr int SIDE_BY_SIDE = 4; // panels packed at once: memory is read in stretches of whole lines

/**
 * `panels` panels from number `first` on of a matrix [k, columns] whose rows lie `ld` apart, each `stride` pairs after
 * the one before: to[p·STEP + j] of a panel holds rows 2p and 2p + 1 of its column j, zeros beyond the matrix. Adds
 * each column up into `sums` where there are any.
 */
template <int WIDE, int STEP, class Number> INLINE void pack_pairs(const Number* from, ptrdiff_t ld, ptrdiff_t k,
                                                                   ptrdiff_t columns, ptrdiff_t first, ptrdiff_t panels,
                                                                   pair* to, ptrdiff_t stride, float* sums) {
  constexpr int REGISTERS = STEP / WIDTH;
  vec total[SIDE_BY_SIDE][REGISTERS] = {};
  for (ptrdiff_t p = 0; p < pairs_of(k); p++)
    for (ptrdiff_t i = 0; i < panels; i++) {
      const ptrdiff_t column = (first + i) * WIDE;
      const Number* low = from + 2 * p * ld + column;
      const bool isWhole = 2 * p + 1 < k;
#pragma GCC unroll 8
      for (int r = 0; r < REGISTERS; r++, low += WIDTH) {
        const int lanes = static_cast<int>(at_most(WIDTH, at_least(0, columns - column - r * WIDTH)));
        __builtin_prefetch(low + 8 * ld), __builtin_prefetch(low + 9 * ld);
        const halves upper = isWhole ? read_halves(low + ld, lanes) : halves{};
        store_pairs(to + i * stride + p * STEP + r * WIDTH, paired(read_halves(low, lanes), upper));
        if (sums) total[i][r] += read_wide(low, lanes) + (isWhole ? read_wide(low + ld, lanes) : vec{});
      }
    }
  for (ptrdiff_t i = 0; sums && i < panels; i++)
    for (int r = 0; r < REGISTERS; r++) {
      const ptrdiff_t column = (first + i) * WIDE + r * WIDTH;
      const int real = static_cast<int>(at_most(at_most(WIDTH, WIDE - r * WIDTH), columns - column));
      if (real > 0) store_up_to(sums + column, load_up_to(sums + column, real) + total[i][r], real);
    }
}

/**
 * Panel of the transpose of a matrix whose rows lie `ld` apart: to[p·NR + j] holds numbers 2p and 2p + 1 of row j, for
 * `rows` rows of k numbers; zeros beyond them.
 */
template <class Number>
INLINE void pack_transposed_pairs(const Number* from, ptrdiff_t ld, ptrdiff_t k, ptrdiff_t rows, pair* to) {
  alignas(64) half square[WIDTH][2 * WIDTH];
  alignas(64) float turned[WIDTH * WIDTH];
  for (ptrdiff_t j = 0; j < NR; j += WIDTH)
    for (ptrdiff_t p = 0; p < pairs_of(k); p += WIDTH) {
      const ptrdiff_t count = at_most(2 * WIDTH, k - 2 * p), deep = pairs_of(count);
      if (count < 2 * WIDTH || j + WIDTH > rows) memset(square, 0, sizeof square);
      for (ptrdiff_t i = 0; i < at_most(WIDTH, rows - j); i++)
        copy_halves(from + (j + i) * ld + 2 * p, count, square[i]);
      float* out = reinterpret_cast<float*>(to + p * NR + j);
      if (deep == WIDTH) {
        transpose_square(reinterpret_cast<const float*>(square), WIDTH, out, NR);
        continue;
      }
      transpose_square(reinterpret_cast<const float*>(square), WIDTH, turned, WIDTH);
      for (ptrdiff_t i = 0; i < deep; i++) store(out + i * NR, load(turned + i * WIDTH));
    }
}

/** A matrix [rows, .] of either kind of number. */
struct Matrix {
  const half* halves; // or null
  const float* floats;
  ptrdiff_t ld;
};
INLINE Matrix matrix_of(const half* x, ptrdiff_t ld) { return {x, nullptr, ld}; }
INLINE Matrix matrix_of(const float* x, ptrdiff_t ld) { return {nullptr, x, ld}; }

/** Pairs that a packed right operand [k, n] takes. */
constexpr ptrdiff_t packed_pairs(ptrdiff_t n, ptrdiff_t k) { return (n + NR - 1) / NR * NR * pairs_of(k); }

/** All panels, WIDE columns each, STEP pairs from one step to the next; `sums` as in pack_pairs. */
template <int WIDE, int STEP>
INLINE void pack_panels(isoflop::Context& context, const Matrix& b, ptrdiff_t n, ptrdiff_t k, pair* to, float* sums) {
  const ptrdiff_t panels = pieces(n, WIDE), stride = STEP * pairs_of(k);
  context.pool.each(
      pieces(panels, SIDE_BY_SIDE),
      [&](ptrdiff_t i, int) {
        const ptrdiff_t first = i * SIDE_BY_SIDE, count = at_most(SIDE_BY_SIDE, panels - first);
        if (b.halves)
          pack_pairs<WIDE, STEP>(b.halves, b.ld, k, n, first, count, to + first * stride, stride, sums);
        else
          pack_pairs<WIDE, STEP>(b.floats, b.ld, k, n, first, count, to + first * stride, stride, sums);
      },
      n * k < 32768);
}
/** All of a right operand [k, n]. */
INLINE void pack_right(isoflop::Context& context, const Matrix& b, ptrdiff_t n, ptrdiff_t k, pair* to, float* sums) {
  pack_panels<NR, NR>(context, b, n, k, to, sums);
}
/** The transpose [k, n] of a matrix [n, k] as a right operand. */
INLINE void pack_right_transposed(isoflop::Context& context, const Matrix& b, ptrdiff_t n, ptrdiff_t k, pair* to) {
  context.pool.each(
      pieces(n, NR),
      [&](ptrdiff_t i, int) {
        pair* panel = to + i * NR * pairs_of(k);
        if (b.halves)
          pack_transposed_pairs(b.halves + i * NR * b.ld, b.ld, k, at_most(NR, n - i * NR), panel);
        else
          pack_transposed_pairs(b.floats + i * NR * b.ld, b.ld, k, at_most(NR, n - i * NR), panel);
      },
      n * k < 32768);
}
/** Pairs that the transpose of a left operand [k, m] takes, and all of it, panel after panel of MR columns. */
constexpr ptrdiff_t left_pairs(ptrdiff_t m, ptrdiff_t k) { return (m + MR - 1) / MR * MP * pairs_of(k); }
INLINE void pack_left(isoflop::Context& context, const Matrix& a, ptrdiff_t m, ptrdiff_t k, pair* to) {
  pack_panels<MR, MP>(context, a, m, k, to, nullptr);
}

} // namespace
