// Matrix products: B packed by all threads together, then blocks of rows handed out, each with its own packed piece of A.
#include "gemm.h"
#include "math.h"

namespace {

using isoflop::Context;
using isoflop::Product;
using isoflop::Status;

constexpr long MC = MR * (112 / MR); // rows of A a thread packs at once: with KC columns, 112 KiB
constexpr long NC = 1024 / NR * NR;  // columns of B packed at once: 1 MiB
constexpr long PRIVATE_NC = 512 / NR * NR; // of B a thread packs for itself
constexpr long SMALL_RIGHT = 1 << 15;  // floats of B that every thread may as well pack for itself
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

/** A rectangle of C, in rows and columns. */
struct Part {
  long row, rows, column, columns;
};

/** How many pieces B's part is packed in, and piece number `i`: some rows of a B that keeps its rows, else one panel. */
INLINE long packs_of(const Product& g, long columns, long k) {
  return g.bTransposed ? pieces(columns, NR) : pieces(k, 32);
}
INLINE void pack_piece(const Product& g, long column, long columns, long k0, long k, long i, float* packed) {
  if (!g.bTransposed) {
    pack_columns(g.b + k0 * g.ldb + column, g.ldb, i * 32, at_most(k, i * 32 + 32), columns, packed, panel_stride(k));
    return;
  }
  const int real = static_cast<int>(at_most(NR, columns - i * NR));
  pack_transposed(g.b + (column + i * NR) * g.ldb + k0, g.ldb, k, real, packed + i * panel_stride(k));
}

/** Rows of memory that will be read soon: each tile fetches 512 bytes of eight of them. */
struct Ahead {
  const float* base;
  long ld, rows, stretches; // stretches of 512 bytes a row
  long tiles() const { return pieces(rows, 8) * stretches; }
  const float* piece(long i) const { return base + at_most(rows - 1, i / stretches * 8) * ld + i % stretches * 8 * LINE; }
};
/** Rows [row, row + rows) of A over this piece of k. */
INLINE Ahead ahead_in_a(const Product& g, long row, long rows, long k0, long k) {
  if (g.aTransposed) return {g.a + k0 * g.lda + row, g.lda, k, pieces(rows, 8 * LINE)};
  return {g.a + row * g.lda + k0, g.lda, rows, pieces(k, 8 * LINE)};
}

/** How one product is cut up: decided from its shape alone, before any thread starts. */
struct Plan {
  int threads;         // 1 where the work is small
  bool isPrivate;      // every thread packs for itself, so that none waits for another
  bool readsA, readsB; // where they lie, unpacked: packing pays only when a panel is used often
  bool isFar;
  long kPiece;

  Plan(const Product& g, int poolThreads) {
    threads = g.m * g.n * g.k < SMALL_PRODUCT ? 1 : poolThreads;
    isPrivate = g.aTransposed || g.n * g.k <= SMALL_RIGHT;
    const bool isNarrow = g.n <= 4 * 32 || g.n * g.lda <= 128 * 128; // rows 4 KiB apart would all fall into one cache set
    readsB = g.aTransposed && !g.bTransposed && g.lda <= 96 && g.ldb <= 320 && g.n % NR == 0;
    readsA = g.aTransposed ? readsB : STRIDES && isNarrow && g.lda % 1024 != 0;
    isFar = g.m * g.n >= FAR && g.k > 64; // a short tile is over before memory has answered
    kPiece = pieces(pieces(g.k, pieces(g.k, KC)), 4) * 4;
  }
};

/** A part of C, one piece of k deep; B's columns are packed from `part.column` on. */
void multiply_block(const Product& g, const Plan& plan, const Part& part, long k0, long k, const float* own, const float* packed,
                    const Ahead& soon, const Ahead& later) {
  const bool isFirst = k0 == 0, isLast = k0 + k == g.k;
  const long stride = g.aTransposed ? KC : LDA; // floats a row of the packed A takes
  const long soonTiles = soon.tiles();
  long tiles = 0;
  for (long panel = 0; panel * NR < part.columns; panel++) {
    const long column = part.column + panel * NR;
    const int columns = static_cast<int>(at_most(NR, g.n - column));
    const float* right = plan.readsB ? g.b + k0 * g.ldb + column : packed + panel * panel_stride(k);
    const long ldb = plan.readsB ? g.ldb : NR;
    if (g.columnSums && part.row == 0) add_column_sums(right, ldb, k, columns, g.columnSums + column);
    for (long r = 0; r < part.rows; r += MR, tiles++) {
      const int count = static_cast<int>(at_most(MR, part.rows - r));
      const long row = part.row + r;
      float* c = g.c + row * g.ldc + column;
      const float* add = isFirst ? (g.add ? g.add + row * g.ldadd + column : nullptr) : c;
      const Ahead& ahead = tiles < soonTiles ? soon : later;
      const Tile t = {c, g.ldc, g.alpha, isFirst && g.bias ? g.bias + column : nullptr, add, isFirst ? g.ldadd : g.ldc, columns,
                      own + (r + MR < part.rows ? r + MR : 0) * stride, ahead.piece(tiles < soonTiles ? tiles : tiles - soonTiles), ahead.ld,
                      g.lda, plan.isFar};
      if (plan.readsA && g.aTransposed) tile_transposed(count, k, g.a + k0 * g.lda + row, right, ldb, t);
      else if (plan.readsA) tile_strided(count, k, g.a + row * g.lda + k0, right, ldb, t);
      else if (g.aTransposed) tile_packed(count, k, own + r * stride, right, ldb, t);
      else tile_rows(count, k, own + r * stride, right, ldb, t);
    }
  }
  if (isLast && g.gelu) gelu_rows(g, part.row, part.rows, part.column, part.column + part.columns);
}

/** Number `i` of `count` nearly equal runs of `whole` things, in steps of `step`. */
struct Run {
  long from, to;
  Run(long whole, long step, long count, long i) {
    const long steps = pieces(whole, step);
    from = i * steps / count * step;
    to = at_most(whole, (i + 1) * steps / count * step);
  }
};

/** One thread's part, from its own packed pieces of A and B. While one block is worked on, what the next one needs is fetched. */
void multiply_privately(const Product& g, const Plan& plan, const Part& part, float* own) {
  float* packed = own + MC * LDA;
  for (long n0 = 0; n0 < part.columns; n0 += PRIVATE_NC) {
    const long column = part.column + n0, columns = at_most(PRIVATE_NC, part.columns - n0);
    const long blocks = pieces(part.rows, MC);
    for (long k0 = 0; k0 < g.k; k0 += plan.kPiece) {
      const long k = at_most(plan.kPiece, g.k - k0), kNext = k0 + k < g.k ? k0 + k : k0;
      if (!plan.readsB)
        for (long i = 0; i < packs_of(g, columns, k); i++) pack_piece(g, column, columns, k0, k, i, packed);
      for (long block = 0; block < blocks; block++) {
        const Run rows(part.rows, MR, blocks, block), next(part.rows, MR, blocks, (block + 1) % blocks), slice(k, 1, blocks, block);
        const long row = part.row + rows.from, kAfter = block + 1 < blocks ? k0 : kNext;
        if (!plan.readsA) pack_rows(g, row, rows.to - rows.from, k0, k, own);
        const Ahead soon = ahead_in_a(g, part.row + next.from, next.to - next.from, kAfter, at_most(k, g.k - kAfter));
        const long kSlice = at_most(g.k - 1, kNext + slice.from);
        const Ahead later = g.bTransposed ? soon : Ahead{g.b + kSlice * g.ldb + column, g.ldb, at_most(slice.to - slice.from, g.k - kSlice), pieces(columns, 8 * LINE)};
        multiply_block(g, plan, {row, rows.to - rows.from, column, columns}, k0, k, own, packed, soon, later);
      }
    }
  }
}

/** All threads pack B together, once; blocks of rows are then handed out, each with its own packed piece of A. */
void multiply_together(Context& context, const Product& g, const Plan& plan, int thread) {
  float* packed = context.scratch.shared;
  float* own = context.scratch.own[static_cast<size_t>(thread)];
  const auto next = [&] { return context.pool.next(); };
  const long blocks = at_most(pieces(g.m, MR), pieces(pieces(g.m, MC), plan.threads) * plan.threads);
  long base = 0; // tickets used by the phases before
  for (long n0 = 0; n0 < g.n; n0 += NC) {
    const long columns = at_most(NC, g.n - n0);
    // Few rows: the columns are cut too, so that all threads have work.
    const long groups = at_most(pieces(columns, NR), pieces(4L * plan.threads, blocks)), tasks = blocks * groups;
    for (long k0 = 0; k0 < g.k; k0 += plan.kPiece) {
      const long k = at_most(plan.kPiece, g.k - k0), packs = packs_of(g, columns, k);
      for (long i = next() - base; i < packs; i = next() - base) pack_piece(g, n0, columns, k0, k, i, packed);
      base += packs + plan.threads;
      context.pool.barrier();
      long packedBlock = -1;
      for (long i = next() - base, later; i < tasks; i = later) {
        later = next() - base; // asked for early, so that its rows can be fetched meanwhile
        const long block = i / groups;
        const Run rows(g.m, MR, blocks, block), rowsLater(g.m, MR, blocks, later < tasks ? later / groups : block), cut(columns, NR, groups, i % groups);
        if (!plan.readsA && block != packedBlock) pack_rows(g, rows.from, rows.to - rows.from, k0, k, own);
        packedBlock = block;
        const Ahead soon = ahead_in_a(g, rowsLater.from, rowsLater.to - rowsLater.from, k0, k);
        multiply_block(g, plan, {rows.from, rows.to - rows.from, n0 + cut.from, cut.to - cut.from}, k0, k, own,
                       packed + cut.from / NR * panel_stride(k), soon, soon);
      }
      base += tasks + plan.threads;
      context.pool.barrier();
    }
  }
}

/** Rows and columns of a grid of threads whose parts are as square as can be. */
struct Grid {
  long down = 1, across = 1;
  Grid(const Product& g, int threads) {
    double best = 1e30;
    for (long d = 1; d <= threads; d++) {
      if (threads % d) continue;
      const long a = threads / d;
      if (d > pieces(g.m, MR) || a > pieces(g.n, NR)) continue;
      const double edge = static_cast<double>(pieces(g.m, d)) + static_cast<double>(pieces(g.n, a)); // what a thread packs for each k
      if (edge < best) best = edge, down = d, across = a;
    }
  }
};

Status product(Context& context, const Product& g) {
  if (g.m == 1 && !g.columnSums) {
    single_row(context, g);
    return isoflop::OK;
  }
  const Plan plan(g, context.pool.size());
  const long ownFloats = MC * LDA + (plan.isPrivate ? PRIVATE_NC / NR * panel_stride(KC) : 0);
  const long sharedFloats = plan.isPrivate ? 0 : at_most(NC, pieces(g.n, NR) * NR) / NR * panel_stride(KC);
  if (!context.reserve(static_cast<size_t>(sharedFloats), static_cast<size_t>(ownFloats))) return isoflop::OUT_OF_MEMORY;
  const Grid grid(g, plan.threads);
  auto region = [&](int thread) {
    if (!plan.isPrivate) return multiply_together(context, g, plan, thread);
    for (long i = context.pool.next(); i < grid.down * grid.across; i = context.pool.next()) {
      const Run rows(g.m, MR, grid.down, i / grid.across), columns(g.n, NR, grid.across, i % grid.across);
      multiply_privately(g, plan, {rows.from, rows.to - rows.from, columns.from, columns.to - columns.from},
                         context.scratch.own[static_cast<size_t>(thread)]);
    }
  };
  using Team = isoflop::Pool::Team;
  context.pool.run(region, plan.threads == 1 ? Team::alone : plan.isPrivate ? Team::whoever : Team::everyone);
  return isoflop::OK;
}

} // namespace
