// Matrix products: B packed by all threads together, then blocks of rows handed out, each with its own packed piece of A.
#include "gemm.h"
#include "math.h"

namespace {

using isoflop::Context;
using isoflop::Product;
using isoflop::Status;

constexpr long MC = MR * (112 / MR); // rows of A a thread packs at once: with KC columns, 112 KiB
constexpr long NC = 1024 / NR * NR;  // columns of B packed at once: 1 MiB
constexpr long FAR = 1 << 19;          // floats that no second cache holds
constexpr long SMALL_PRODUCT = 400000; // multiply-adds that one thread does in a few microseconds

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

/** Rows [row, row + rows) of A, columns [k0, k0 + k), into this thread's buffer. */
INLINE void pack_rows(const Product& g, long row, long rows, long k0, long k, float* to) {
  if (!g.aTransposed) {
    for (long i = 0; i < rows; i++) memcpy(to + i * LDA, g.a + (row + i) * g.lda + k0, static_cast<size_t>(k) * 4);
    return;
  }
  for (long panel = 0; panel < rows; panel += MR, to += MR * KC) {
    const long count = at_most(MR, rows - panel);
    const float* from = g.a + k0 * g.lda + row + panel;
    if (count == MR)
      for (long p = 0; p < k; p++) memcpy(to + p * MR, from + p * g.lda, MR * 4);
    else
      for (long p = 0; p < k; p++) memcpy(to + p * MR, from + p * g.lda, static_cast<size_t>(count) * 4);
  }
}

/** Floats from one packed panel to the next: off the power of two, so that a row's panels do not all fall into the same cache sets. */
INLINE long panel_stride(long k) { return k * NR + 5 * LINE; }

/** How many pieces B is packed in, and piece number `i` of `columns` from n0 on: some rows of a B that keeps its rows, else some panels. */
INLINE long packs_of(const Product& g, long columns, long k) {
  return g.bTransposed ? pieces(columns, NR) : pieces(k, 32);
}
INLINE void pack_piece(const Product& g, long n0, long columns, long k0, long k, long i, float* packed) {
  if (!g.bTransposed) {
    pack_columns(g.b + k0 * g.ldb + n0, g.ldb, i * 32, at_most(k, i * 32 + 32), columns, packed, panel_stride(k));
    return;
  }
  const int real = static_cast<int>(at_most(NR, columns - i * NR));
  pack_transposed(g.b + (n0 + i * NR) * g.ldb + k0, g.ldb, k, real, packed + i * panel_stride(k));
}

/** Where tile number `i` of a block finds the piece of A that it fetches for the block starting at `row`: all tiles together reach all of it. */
INLINE const float* ahead_of(const Product& g, long i, long row, long k0, long k) {
  if (g.aTransposed) return g.a + (k0 + at_most(k - 1, i * 8)) * g.lda + row;
  const long stretches = pieces(k, 8 * LINE);
  return g.a + at_most(g.m - 1, row + i / stretches * 8) * g.lda + k0 + i % stretches * 8 * LINE;
}

/** How one product is cut up: decided from its shape alone, before any thread starts. */
struct Plan {
  bool isSmall;          // one thread does it all
  bool readsA, readsB;   // where they lie, unpacked: packing pays only when a panel is used often
  bool isFar;
  int threads;
  long kPiece, blocks, rowPanels;

  Plan(const Product& g, int poolThreads) {
    isSmall = g.m * g.n * g.k < SMALL_PRODUCT;
    threads = isSmall ? 1 : poolThreads;
    const bool isNarrow = g.n <= 4 * 32 || g.n * g.lda <= 128 * 128; // rows 4 KiB apart would all fall into one cache set
    readsB = g.aTransposed && !g.bTransposed && g.lda <= 96 && g.ldb <= 320 && g.n % NR == 0;
    readsA = g.aTransposed ? readsB : isNarrow && g.lda % 1024 != 0;
    isFar = g.m * g.n >= FAR && g.k > 64; // a short tile is over before memory has answered
    kPiece = pieces(pieces(g.k, pieces(g.k, KC)), 4) * 4;
    rowPanels = pieces(g.m, MR);
    blocks = at_most(rowPanels, pieces(pieces(rowPanels, MC / MR), threads) * threads);
  }
  /** First row of a block: blocks differ by one panel at most. */
  long row(long block) const { return block * rowPanels / blocks * MR; }
};

/** Some rows of C times some panels of its columns, one piece of k deep. */
struct Block {
  long row, rows, n0, firstPanel, lastPanel, k0, k;
  long rowLater; // where the thread's next block begins
};

void multiply_block(const Product& g, const Plan& plan, const Block& b, const float* own, const float* packed) {
  const bool isFirst = b.k0 == 0, isLast = b.k0 + b.k == g.k;
  const long stride = g.aTransposed ? KC : LDA; // floats a row of the packed A takes
  long tiles = 0;
  for (long panel = b.firstPanel; panel < b.lastPanel; panel++) {
    const long column = b.n0 + panel * NR;
    const int columns = static_cast<int>(at_most(NR, g.n - column));
    const float* right = plan.readsB ? g.b + b.k0 * g.ldb + column : packed + panel * panel_stride(b.k);
    const long ldb = plan.readsB ? g.ldb : NR;
    if (g.columnSums && b.row == 0) add_column_sums(right, ldb, b.k, columns, g.columnSums + column);
    for (long r = 0; r < b.rows; r += MR) {
      const int count = static_cast<int>(at_most(MR, b.rows - r));
      const long row = b.row + r;
      float* c = g.c + row * g.ldc + column;
      const float* add = isFirst ? (g.add ? g.add + row * g.ldadd + column : nullptr) : c;
      const Tile t = {c, g.ldc, g.alpha, isFirst && g.bias ? g.bias + column : nullptr, add, isFirst ? g.ldadd : g.ldc, columns,
                      own + (r + MR < b.rows ? r + MR : 0) * stride, ahead_of(g, tiles++, b.rowLater, b.k0, b.k), g.lda, g.lda, plan.isFar};
      if (plan.readsA && g.aTransposed) tile_transposed(count, b.k, g.a + b.k0 * g.lda + row, right, ldb, t);
      else if (plan.readsA) tile_strided(count, b.k, g.a + row * g.lda + b.k0, right, ldb, t);
      else if (g.aTransposed) tile_packed(count, b.k, own + r * stride, right, ldb, t);
      else tile_rows(count, b.k, own + r * stride, right, ldb, t);
    }
  }
  if (isLast && g.gelu) gelu_rows(g, b.row, b.rows, b.n0 + b.firstPanel * NR, at_most(g.n, b.n0 + b.lastPanel * NR));
}

Status product(Context& context, const Product& g) {
  if (g.m == 1 && !g.columnSums) {
    single_row(context, g);
    return isoflop::OK;
  }
  const Plan plan(g, context.pool.size());
  const long widest = at_most(NC, pieces(g.n, NR) * NR);
  if (!context.reserve(static_cast<size_t>(widest / NR * panel_stride(KC)), static_cast<size_t>(MC * LDA))) return isoflop::OUT_OF_MEMORY;
  auto region = [&](int thread) {
    float* packed = context.scratch.shared;
    float* own = context.scratch.own[static_cast<size_t>(thread)];
    const auto next = [&] { return context.pool.next(); };
    long base = 0; // tickets used by the phases before
    for (long n0 = 0; n0 < g.n; n0 += NC) {
      const long columns = at_most(NC, g.n - n0), panels = pieces(columns, NR);
      // Few rows: the columns are cut too, so that all threads have work.
      const long groupPanels = pieces(panels, at_most(panels, pieces(4L * plan.threads, plan.blocks)));
      const long groups = pieces(panels, groupPanels), tasks = plan.blocks * groups;
      for (long k0 = 0; k0 < g.k; k0 += plan.kPiece) {
        const long k = at_most(plan.kPiece, g.k - k0);
        if (!plan.readsB) {
          const long packs = packs_of(g, columns, k);
          for (long i = next() - base; i < packs; i = next() - base) pack_piece(g, n0, columns, k0, k, i, packed);
          base += packs + plan.threads;
          context.pool.barrier();
        }
        long packedBlock = -1;
        for (long i = next() - base, later; i < tasks; i = later) {
          later = next() - base; // asked for early, so that its rows can be fetched meanwhile
          const long block = i / groups, group = i % groups;
          const long row = plan.row(block), rows = at_most(plan.row(block + 1), g.m) - row;
          if (!plan.readsA && block != packedBlock) pack_rows(g, row, rows, k0, k, own);
          packedBlock = block;
          const long firstPanel = group * groupPanels, lastPanel = at_most(panels, firstPanel + groupPanels);
          multiply_block(g, plan, {row, rows, n0, firstPanel, lastPanel, k0, k, plan.row(later < tasks ? later / groups : block)}, own, packed);
        }
        base += tasks + plan.threads;
        context.pool.barrier();
      }
    }
  };
  context.pool.run(region, plan.isSmall);
  return isoflop::OK;
}

} // namespace
