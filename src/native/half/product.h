// Products in bf16 with fp32 sums. The right operand is packed once for all rows; rows of the left one are copied, a
// few at a time, into the first cache. What is done with a finished tile is the caller's.
#pragma once
#include "../kernels.h"
#include "pack.h"

namespace {

using isoflop::Context;

constexpr ptrdiff_t BLOCK_PAIRS = 224 * 1024; // of the right operand, for the second cache: 896 KiB
constexpr ptrdiff_t ROWS_AT_ONCE = 4 * MR;    // of C that a thread takes

/** How many columns of C are worked on while all rows pass. */
INLINE ptrdiff_t columns_at_once(ptrdiff_t n, ptrdiff_t k) {
  const ptrdiff_t fit = at_least(1, at_most(16, BLOCK_PAIRS / pairs_of(k) / NR)); // panels
  const ptrdiff_t panels = pieces(n, NR), blocks = pieces(panels, fit);
  return pieces(panels, blocks) * NR;
}
/** Floats that each thread needs: rows of A in pieces, and the sums of a row of tiles. */
INLINE ptrdiff_t multiply_floats(ptrdiff_t n, ptrdiff_t k) {
  return pieces(pairs_of(k), PIECE_PAIRS) * MR * LDP + MR * columns_at_once(n, k);
}

/** `rows` rows of A, k long, as halves in pieces of PIECE_PAIRS. */
template <class Number> INLINE void copy_left(const Number* a, ptrdiff_t ld, ptrdiff_t rows, ptrdiff_t k, pair* own) {
  for (ptrdiff_t k0 = 0; k0 < k; k0 += 2 * PIECE_PAIRS, own += MR * LDP)
    for (ptrdiff_t i = 0; i < rows; i++)
      copy_halves(a + i * ld + k0, at_most(2 * PIECE_PAIRS, k - k0), reinterpret_cast<half*>(own + i * LDP));
}

/** Asks for what a tile's end will read or write: numbers of `bytes` each in rows of `ld`. */
INLINE void fetch_tile(const void* matrix, ptrdiff_t bytes, ptrdiff_t ld, ptrdiff_t row, ptrdiff_t rows,
                       ptrdiff_t column) {
  const char* at = static_cast<const char*>(matrix) + (row * ld + column) * bytes;
  for (ptrdiff_t i = 0; i < rows; i++, at += ld * bytes)
    for (ptrdiff_t line = 0; line < NR * bytes; line += 64) __builtin_prefetch(at + line, 1);
}

/**
 * A [m, k] · B, packed: calls fetch(row, rows, column) before each tile and finish(row, rows, column, columns, sums)
 * after it, sums lying NR apart. Own buffers of multiply_floats(n, k) floats are reserved.
 */
template <class Fetch, class Finish> INLINE void multiply(Context& context, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                                                          const Matrix& a, const pair* packed, Fetch fetch,
                                                          Finish finish) {
  const ptrdiff_t wide = columns_at_once(n, k), chunks = pieces(m, ROWS_AT_ONCE), pairs = pairs_of(k);
  context.pool.each(
      chunks * pieces(n, wide),
      [&](ptrdiff_t task, int thread) {
        const ptrdiff_t column = task / chunks * wide, columns = at_most(wide, n - column), from = task % chunks;
        pair* left = reinterpret_cast<pair*>(context.scratch.own[static_cast<size_t>(thread)]);
        float* sums = reinterpret_cast<float*>(left + pieces(pairs, PIECE_PAIRS) * MR * LDP);
        for (ptrdiff_t row = from * ROWS_AT_ONCE; row < at_most(m, (from + 1) * ROWS_AT_ONCE); row += MR) {
          const ptrdiff_t rows = at_most(MR, m - row);
          if (a.halves)
            copy_left(a.halves + row * a.ld, a.ld, rows, k, left);
          else
            copy_left(a.floats + row * a.ld, a.ld, rows, k, left);
          for (ptrdiff_t p = 0; p < pairs; p += PIECE_PAIRS)
            for (ptrdiff_t j = 0; j < columns; j += NR) {
              const pair* right = packed + (column + j) * pairs + p * NR;
              float* c = sums + j * MR;
              if (p + PIECE_PAIRS >= pairs) fetch(row, rows, column + j);
              half_tile_rows(rows, at_most(PIECE_PAIRS, pairs - p), left + p / PIECE_PAIRS * MR * LDP, right, c, NR,
                             p > 0);
              if (p + PIECE_PAIRS >= pairs) finish(row, rows, column + j, at_most(NR, columns - j), c);
            }
        }
      },
      m * n * k < 400000);
}

constexpr ptrdiff_t DEEP_COLUMNS = 256; // of C while a piece of long sums lasts

/** C [m, n] += alpha · Aᵀ · B over k rows of both, packed. */
INLINE void add_product(Context& context, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const pair* left, const pair* right,
                        float* c, float alpha) {
  const ptrdiff_t pairs = pairs_of(k), wide = at_most(DEEP_COLUMNS, pieces(n, NR) * NR), across = pieces(n, wide);
  const ptrdiff_t panels = pieces(m, MR);
  const ptrdiff_t high = at_least(1, at_most(4, panels * across / (16 * context.pool.size()))),
                  down = pieces(panels, high);
  context.pool.each(
      across * down,
      [&](ptrdiff_t task, int) {
        const ptrdiff_t column = task / down * wide, columns = at_most(wide, n - column), first = task % down * high;
        alignas(64) float sums[MR * NR];
        for (ptrdiff_t p = 0; p < pairs; p += DEEP_PAIRS)
          for (ptrdiff_t panel = first; panel < at_most(panels, first + high); panel++) {
            const ptrdiff_t row = panel * MR, rows = at_most(MR, m - row), deep = at_most(DEEP_PAIRS, pairs - p);
            const LeftPanel a(rows, deep, left + (panel * pairs + p) * MP);
            for (ptrdiff_t j = 0; j < columns; j += NR) {
              const pair* b = right + (column + j) * pairs + p * NR;
              float* to = c + row * n + column + j;
              if (j + 2 * NR <= columns) fetch_tile(c, 4, n, row, rows, column + j + NR);
              if (alpha == 1.0f && columns - j >= NR) {
                a.times(b, to, n, true);
                continue;
              }
              a.times(b, sums, NR, false);
              for (ptrdiff_t i = 0; i < rows; i++)
                each_register(at_most(NR, columns - j), [&](ptrdiff_t at, int lanes) {
                  float* one = to + i * n + at;
                  store_up_to(one, load_up_to(one, lanes) + splat(alpha) * load_up_to(sums + i * NR + at, lanes),
                              lanes);
                });
            }
          }
      },
      m * n * k < 400000);
}

constexpr ptrdiff_t DEEPEST = 4096; // rows that are packed at once for a sum over them

/** Pairs of scratch that add_gradient takes. */
INLINE ptrdiff_t gradient_pairs(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k) {
  return left_pairs(m, at_most(k, DEEPEST)) + packed_pairs(n, at_most(k, DEEPEST));
}
/** C [m, n] += alpha · Aᵀ · B for A [k, m] and B [k, n]; adds B's columns up into `sums` where there are any. */
INLINE void add_gradient(Context& context, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const Matrix& a, const Matrix& b,
                         float* c, float alpha, float* sums, pair* scratch) {
  pair* right = scratch + left_pairs(m, at_most(k, DEEPEST));
  const auto from = [](const Matrix& x, ptrdiff_t row) {
    return x.halves ? matrix_of(x.halves + row * x.ld, x.ld) : matrix_of(x.floats + row * x.ld, x.ld);
  };
  for (ptrdiff_t k0 = 0; k0 < k; k0 += DEEPEST) {
    const ptrdiff_t deep = at_most(DEEPEST, k - k0);
    pack_left(context, from(a, k0), m, deep, scratch);
    pack_right(context, from(b, k0), n, deep, right, sums);
    add_product(context, m, n, deep, scratch, right, c, alpha);
  }
}

} // namespace
