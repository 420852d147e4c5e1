// Matrix products C = A·B, blocked for the caches as by Goto and van de Geijn (Anatomy of High-Performance Matrix
// Multiplication, ACM TOMS 34(3), 2008); the five loops are numbered as in BLIS (Van Zee and van de Geijn, ACM TOMS
// 41(3), 2015):
//
//   for n0 = 0 .. n step NC                  loop 5: columns of B and C
//     for k0 = 0 .. k step kPiece (<= KC)    loop 4: pack B[k0.., n0..] into panels of NR columns, for the second cache
//       for r = 0 .. m step group            loop 3: pack A[r.., k0..]; a group is MR or GROUP rows
//         for row = r .. step MR             loop 1: MR rows of A stay in the first cache ...
//           for panel = 0 .. step NR         loop 2: ... while all panels of B pass
//             tile: for p = 0 .. k           micro-kernel (micro-kernel.h): an MR x NR tile of C in registers
//
//            NC              k0                NC
//          +----+          +----+            +----+  k0
//      MR  |####|   +=  MR |####|      x     |  ##|           ## = one panel, NR columns
//          |    |          |    |            |  ##|
//          +----+          +----+            +----+
//            C                A                 B
//
// BLIS runs loop 1 inside loop 2, with a panel of B in the first cache; here it is A's rows that stay, because A is not
// packed beyond them. Where packing does not pay, A or B is read where it lies (Plan). Few rows go another way: gemv.h.
#pragma once
#include "gemm-plan.h"
#include "gemv.h"
#include "micro-kernel.h"

#include <cstdint>

namespace {

using isoflop::Status;

/**
 * Rows [row, row + rows) of A, columns [k0, k0 + k), into this thread's buffer: by rows as it lies, else panel by panel
 * of MR.
 */
INLINE void pack_rows(const Product& g, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k0, ptrdiff_t k, float* to) {
  if (!g.aTransposed) {
    for (ptrdiff_t i = 0; i < rows; i++) memcpy(to + i * LDA, g.a + (row + i) * g.lda + k0, static_cast<size_t>(k) * 4);
    return;
  }
  const size_t rest = static_cast<size_t>(rows % MR) * 4;
  for (ptrdiff_t p = 0; p < k; p++, to += MR) {
    const float* from = g.a + (k0 + p) * g.lda + row;
    float* at = to;
    for (ptrdiff_t left = rows; left >= MR; left -= MR, from += MR, at += MR * KT) memcpy(at, from, MR * 4);
    if (rest) memcpy(at, from, rest);
  }
}

/**
 * Floats from one packed panel to the next: off the power of two, so that a row's panels do not all fall into the same
 * cache sets.
 */
INLINE ptrdiff_t panel_stride(ptrdiff_t k) { return k * NR + 5 * LINE; }

/**
 * How many pieces B's part is packed in, and piece number `i`: some rows of a B that keeps its rows, else one panel.
 */
INLINE ptrdiff_t packs_of(const Product& g, ptrdiff_t columns, ptrdiff_t k) {
  return g.bTransposed ? pieces(columns, NR) : pieces(k, 32);
}
INLINE void pack_piece(const Product& g, ptrdiff_t column, ptrdiff_t columns, ptrdiff_t k0, ptrdiff_t k, ptrdiff_t i,
                       float* packed) {
  if (!g.bTransposed) {
    pack_columns(g.b + k0 * g.ldb + column, g.ldb, i * 32, at_most(k, i * 32 + 32), columns, packed, panel_stride(k));
    return;
  }
  const int real = static_cast<int>(at_most(NR, columns - i * NR));
  pack_transposed(g.b + (column + i * NR) * g.ldb + k0, g.ldb, k, real, packed + i * panel_stride(k));
}

/**
 * `count` stretches of memory, `wide` of them side by side in each row, to be fetched one by one and spread evenly over
 * `turns` tiles.
 */
struct Fetch {
  const float* row;
  ptrdiff_t step, wide, stretch, count, every, turn = 0, column = 0; // floats from row to row, from stretch to stretch
  Fetch(const float* from, ptrdiff_t step, ptrdiff_t wide, ptrdiff_t stretch, ptrdiff_t count, ptrdiff_t turns)
      : row(from),
        step(step),
        wide(wide),
        stretch(stretch),
        count(count),
        every(count > 0 && turns > count ? turns / count : 1) {}
  /** The stretch of this turn, or `instead` where there is none. */
  const float* next(const float* instead) {
    if (turn++ % every || count <= 0) return instead;
    const float* now = row + column * stretch;
    count--;
    if (++column == wide) column = 0, row += step;
    return now;
  }
};

/**
 * Rows of C against packed columns, k deep: MR rows stay in the first cache while all panels pass, and what comes next
 * is fetched; after the last of these rows that is `rowAfter`.
 */
void multiply_rows(const Product& g, const Plan& plan, const Part& part, ptrdiff_t k0, ptrdiff_t k, float* own,
                   const float* packed, ptrdiff_t rowAfter) {
  const bool isFirst = k0 == part.k0, isLast = k0 + k == g.k;
  const ptrdiff_t panels = pieces(part.columns, NR), ldb = plan.readsB ? g.ldb : NR;
  // Where both operands lie k by k, that is their next piece.
  const bool isWhole = part.columns == g.n;
  const ptrdiff_t tiles = pieces(part.rows, MR) * panels, later = g.aTransposed ? at_most(KT, part.k1 - k0 - k) : 0;
  const float* bLater = g.b + (k0 + k) * g.ldb + part.column;
  Fetch nextA(g.a + (k0 + k) * g.lda, KT * LINE, 1, 0, later * g.lda / (KT * LINE), tiles);
  Fetch nextB =
      isWhole ? Fetch(bLater, 4 * KT, 1, 0, later * g.ldb / (4 * KT), tiles)
              : Fetch(bLater, 4 * g.ldb, pieces(part.columns, KT), KT, later / 4 * pieces(part.columns, KT), tiles);
  const ptrdiff_t aheadStride = !g.aTransposed ? g.lda : isWhole ? KT : g.ldb;

  for (ptrdiff_t r = 0; r < part.rows; r += MR) {
    const int count = static_cast<int>(at_most(MR, part.rows - r));
    const ptrdiff_t row = part.row + r;
    if (!plan.readsA && r % plan.group == 0) pack_rows(g, row, at_most(plan.group, part.rows - r), k0, k, own);
    const float* left = !plan.readsA    ? own + r % plan.group * KT
                        : g.aTransposed ? g.a + k0 * g.lda + row
                                        : g.a + row * g.lda + k0;
    const float* nextRows = g.a + at_most(g.m - 1, r + MR < part.rows ? row + MR : rowAfter) * g.lda + k0;
    for (ptrdiff_t panel = 0; panel < panels; panel++) {
      const ptrdiff_t column = part.column + panel * NR;
      const int columns = static_cast<int>(at_most(NR, g.n - column));
      const float* right = plan.readsB ? g.b + k0 * g.ldb + column : packed + panel * panel_stride(k);
      if (part.columnSums && row == 0) add_column_sums(right, ldb, k, columns, part.columnSums + column);
      float* c = part.c + row * part.ldc + column;
      const float* add = !isFirst ? c : part.add ? part.add + row * g.ldadd + column : nullptr;
      const float* soon = g.aTransposed ? nextA.next(own) : panel + 1 < panels ? right + panel_stride(k) : packed;
      const float* ahead = g.aTransposed ? nextB.next(own) : nextRows + at_most(panel, 3) * AHEAD_ROWS * g.lda;
      const float* bias = isFirst && g.bias ? g.bias + column : nullptr;
      const ptrdiff_t ldadd = isFirst ? g.ldadd : part.ldc;
      const Tile t = {c, part.ldc, g.alpha, bias, add, ldadd, columns, soon, ahead, aheadStride, g.lda};
      if (plan.readsA && g.aTransposed)
        tile_transposed(count, k, left, right, ldb, t);
      else if (plan.readsA)
        tile_strided(count, k, left, right, ldb, t);
      else if (g.aTransposed)
        tile_packed(count, k, left, right, ldb, t);
      else
        tile_rows(count, k, left, right, ldb, t);
    }
    if (isLast && g.gelu) gelu_rows(g, row, count, part.column, part.column + part.columns);
  }
}

/** One thread's part, from its own packed pieces of A and B. */
void multiply_privately(const Product& g, const Plan& plan, const Part& whole, float* own) {
  float* packed = own + OWN_A;
  for (ptrdiff_t n0 = 0; n0 < whole.columns; n0 += NC) {
    Part part = whole;
    part.column += n0, part.columns = at_most(NC, whole.columns - n0);
    for (ptrdiff_t k0 = whole.k0; k0 < whole.k1; k0 += plan.kPiece) {
      const ptrdiff_t k = at_most(plan.kPiece, whole.k1 - k0);
      if (!plan.readsB)
        for (ptrdiff_t i = 0; i < packs_of(g, part.columns, k); i++)
          pack_piece(g, part.column, part.columns, k0, k, i, packed);
      multiply_rows(g, plan, part, k0, k, own, packed, part.row);
    }
  }
}

/** All threads pack B together, once; runs of rows are then handed out. */
void multiply_together(Context& context, const Product& g, const Plan& plan, int thread) {
  float* packed = context.scratch.shared;
  float* own = context.scratch.own[static_cast<size_t>(thread)];
  const auto next = [&] { return context.pool.next(); };
  const ptrdiff_t blocks = pieces(g.m, MR);
  ptrdiff_t base = 0; // tickets used by the phases before
  for (ptrdiff_t n0 = 0; n0 < g.n; n0 += NC) {
    const ptrdiff_t columns = at_most(NC, g.n - n0);
    // Few rows: the columns are cut too, so that all threads have work.
    const ptrdiff_t groups = at_most(pieces(columns, NR), pieces(4 * static_cast<ptrdiff_t>(plan.threads), blocks)),
                    tasks = blocks * groups;
    for (ptrdiff_t k0 = 0; k0 < g.k; k0 += plan.kPiece) {
      const ptrdiff_t k = at_most(plan.kPiece, g.k - k0), packs = packs_of(g, columns, k);
      for (ptrdiff_t i = next() - base; i < packs; i = next() - base) pack_piece(g, n0, columns, k0, k, i, packed);
      base += packs + plan.threads;
      context.pool.barrier();
      for (ptrdiff_t i = next() - base, after; i < tasks; i = after) {
        after = next() - base; // asked for early, so that its rows can be fetched meanwhile
        const ptrdiff_t row = i / groups * MR;
        const Run cut(columns, NR, groups, i % groups);
        const Part part = {
            row, at_most(MR, g.m - row), n0 + cut.from, cut.to - cut.from, 0, g.k, g.c, g.ldc, g.add, g.columnSums};
        multiply_rows(g, plan, part, k0, k, own, packed + cut.from / NR * panel_stride(k), after / groups * MR);
      }
      base += tasks + plan.threads;
      context.pool.barrier();
    }
  }
}

/** What a deep part beyond the first is summed into: a C of its own and, behind it, the sums of B's columns. */
INLINE ptrdiff_t sum_floats(const Product& g) { return g.m * g.n + g.n; }

/**
 * C and the sums of B's columns get each of `count` further sums added, one after the other, so that the order never
 * differs.
 */
void add_sums(Context& context, const Product& g, const float* sums, ptrdiff_t count) {
  const auto add = [&](float* to, ptrdiff_t at) {
    each_register(g.n, [&](ptrdiff_t j, int lanes) {
      vec total = load_up_to(to + j, lanes);
      for (ptrdiff_t s = 0; s < count; s++) total += load_up_to(sums + s * sum_floats(g) + at + j, lanes);
      store_up_to(to + j, total, lanes);
    });
  };
  context.pool.each(pieces(g.m, 16), [&](ptrdiff_t i, int) {
    for (ptrdiff_t row = i * 16; row < at_most(g.m, i * 16 + 16); row++) add(g.c + row * g.ldc, row * g.n);
  });
  if (g.columnSums) add(g.columnSums, g.m * g.n);
}

Status product(Context& context, const Product& g) {
  if (is_skinny(g)) {
    skinny_gemm(context, g);
    return isoflop::OK;
  }
  const Plan plan(g, context.pool.size());
  const ptrdiff_t columns = at_most(NC, pieces(g.n, NR) * NR), panels = columns / NR * panel_stride(plan.kPiece),
                  sums = (plan.deep - 1) * sum_floats(g);
  const ptrdiff_t ownFloats = OWN_A + (plan.isPrivate ? panels : 0), sharedFloats = plan.isPrivate ? sums : panels;
  if (!context.reserve(static_cast<size_t>(sharedFloats), static_cast<size_t>(ownFloats)))
    return isoflop::OUT_OF_MEMORY;
  auto region = [&](int thread) {
    if (!plan.isPrivate) return multiply_together(context, g, plan, thread);
    const ptrdiff_t parts = plan.deep * plan.down * plan.across;
    for (ptrdiff_t i = context.pool.take(thread, parts); i < parts; i = context.pool.take(thread, parts)) {
      const ptrdiff_t layer = i / plan.across / plan.down;
      const Run rows(g.m, MR, plan.down, i / plan.across % plan.down), cut(g.n, NR, plan.across, i % plan.across),
          depth(g.k, LINE, plan.deep, layer);
      Part part = {rows.from, rows.to - rows.from, cut.from, cut.to - cut.from, depth.from, depth.to, g.c, g.ldc,
                   g.add,     g.columnSums};
      if (layer) {
        part.c = context.scratch.shared + (layer - 1) * sum_floats(g), part.ldc = g.n, part.add = nullptr;
        if (g.columnSums) part.columnSums = part.c + g.m * g.n;
        if (g.columnSums && rows.from == 0)
          memset(part.columnSums + cut.from, 0, static_cast<size_t>(cut.to - cut.from) * 4);
      }
      multiply_privately(g, plan, part, context.scratch.own[static_cast<size_t>(thread)]);
    }
  };
  using Team = isoflop::Pool::Team;
  context.pool.run(region, plan.threads == 1 ? Team::alone : plan.isPrivate ? Team::whoever : Team::everyone);
  if (plan.deep > 1) add_sums(context, g, context.scratch.shared, plan.deep - 1);
  return isoflop::OK;
}

} // namespace
