// How one product is cut up between threads and caches: decided from its shape alone.
#pragma once
#include "gemv.h"
#include "micro-kernel.h"

#include <cstdint>

namespace {

constexpr ptrdiff_t KT = 256;       // k of one piece where A is kept by columns: more would lie too far apart
constexpr ptrdiff_t GROUP = MR * 8; // rows that such an A is packed for at once when its lines are far apart
constexpr ptrdiff_t OWN_A = (GROUP * KT > MR * LDA) ? GROUP * KT : MR * LDA; // floats of A a thread packs at once
constexpr ptrdiff_t NC = 512 / NR * NR;    // columns of B packed at once: with KC, 1 MiB
constexpr ptrdiff_t SMALL_RIGHT = 1 << 16; // floats of B that every thread may as well pack for itself
constexpr ptrdiff_t NARROW =
    128; // columns of C: with so few, A is read where it lies, because packing it would not pay
constexpr ptrdiff_t SMALL_PRODUCT = 400000; // multiply-adds that one thread does in a few microseconds

/** A rectangle of C, in rows and columns, and the part [k0, k1) of k that is summed into it. */
struct Part {
  ptrdiff_t row, rows, column, columns, k0, k1;
  float* c; // the whole of C, or of a sum that is added to it later; its row stride
  ptrdiff_t ldc;
  const float* add;  // the same rows and columns of what is added, or null
  float* columnSums; // likewise of B's sums, or null
};

/** Number `i` of `count` nearly equal runs of `whole` things, in steps of `step`. */
struct Run {
  ptrdiff_t from, to;
  Run(ptrdiff_t whole, ptrdiff_t step, ptrdiff_t count, ptrdiff_t i) {
    const ptrdiff_t steps = pieces(whole, step);
    from = i * steps / count * step;
    to = at_most(whole, (i + 1) * steps / count * step);
  }
};

/**
 * How one product is cut up: decided from its shape and the number of threads alone, so that the same sums come out
 * each time.
 */
struct Plan {
  int threads;                              // 1 where the work is small
  bool isPrivate;                           // every thread packs for itself, so that none waits for another
  ptrdiff_t deep = 1, down = 1, across = 1; // the grid of private parts: of k, of rows, of columns
  bool readsA, readsB;                      // where they lie, unpacked: packing pays only when a panel is used often
  ptrdiff_t kPiece, group;                  // k of one piece; rows of A packed at once

  Plan(const Product& g, int poolThreads) {
    threads = g.m * g.n * g.k < SMALL_PRODUCT ? 1 : poolThreads;
    // Two threads gain more by never waiting than they lose by packing twice.
    isPrivate = g.aTransposed || poolThreads <= 2 || g.n * g.k <= SMALL_RIGHT;
    readsB = g.aTransposed && !g.bTransposed && g.lda <= 96 && g.ldb <= 320 && g.n % NR == 0;
    // Rows 4 KiB apart would all fall into one set of the first cache; of a transposed A, read k by k, a few more lie
    // there at once, so that 2 KiB is too much already.
    const bool isSpread = g.lda % (g.aTransposed ? 512 : 1024) != 0;
    readsA = g.n <= NARROW && isSpread && (g.aTransposed || STRIDES);
    kPiece = pieces(pieces(g.k, pieces(g.k, g.aTransposed ? KT : KC)), LINE) * LINE;
    group = g.aTransposed && g.lda >= 512 ? GROUP : MR; // far apart in memory: what a line holds is used at once
    if (isPrivate) choose_grid(g);
  }

private:
  /** The grid whose threads move least: each packs its rows and columns for every k. */
  void choose_grid(const Product& g) {
    // A small C of long sums: with two sums of half the length each thread packs less, and mostly the rows that it
    // wrote itself. Never decided by the number of threads.
    const ptrdiff_t area = g.m * g.n;
    if (g.aTransposed && area >= 4096 && area < 1 << 18 && g.m >= 64 && g.n >= 64 && g.k >= 4 * KT) deep = 2;
    ptrdiff_t best = PTRDIFF_MAX;
    for (ptrdiff_t d = 1; d * deep <= at_least(threads, deep); d++) {
      if (threads / deep % d) continue;
      const ptrdiff_t a = at_least(1, threads / deep / d), sides = pieces(g.m, d) + pieces(g.n, a);
      if (d <= pieces(g.m, MR) && a <= pieces(g.n, NR) && sides < best) best = sides, down = d, across = a;
    }
  }
};

} // namespace
