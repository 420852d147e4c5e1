// Causal attention, tiled: one thread works through one head of one sequence, a block of queries against blocks of
// keys, with a running softmax; scores exist only as one tile. The backward pass recomputes them from the log-sum-exp.
#pragma once
#include "math.h"
#include "micro-kernel.h"

namespace {

using isoflop::AttentionShape;

constexpr ptrdiff_t BQ = MR * (64 / MR); // queries a block
constexpr ptrdiff_t BK = 256;            // keys a block: a tile's row is a panel row of the products that follow

/** Where one head's queries, keys and values lie, and its buffers. */
struct Head {
  const float *q, *k, *v; // rows of stride 3 width
  ptrdiff_t stride, size, context;
};

constexpr ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t to) { return (x + to - 1) / to * to; }
INLINE ptrdiff_t panel_floats(ptrdiff_t columns, ptrdiff_t k) { return round_up(columns, NR) * k; }

/** Keys or values of a whole sequence as a right operand [size, context]: panel after panel of NR keys. */
INLINE void pack_keys(const float* from, ptrdiff_t stride, ptrdiff_t context, ptrdiff_t size, float* to) {
  for (ptrdiff_t j = 0; j < context; j += NR)
    pack_transposed(from + j * stride, stride, size, static_cast<int>(at_most(NR, context - j)), to + j * size);
}
/** Rows as a right operand [count, size]: panel after panel of NR features. */
INLINE void pack_features(const float* from, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size, float* to) {
  pack_columns(from, stride, 0, count, size, to, NR * count);
}
/** Rows as a left operand of row stride LDA, times `scale`. */
INLINE void copy_rows(const float* from, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size, float scale, float* to) {
  for (ptrdiff_t i = 0; i < count; i++)
    each_register(size, [&](ptrdiff_t j, int lanes) {
      store_up_to(to + i * LDA + j, splat(scale) * load_up_to(from + i * stride + j, lanes), lanes);
    });
}

/**
 * scores [rows, keys up to the diagonal] = left · packed keys; `first` is the key of column 0, `query` the query of row
 * 0.
 */
INLINE void score_tile(const float* left, const float* packedKeys, ptrdiff_t size, ptrdiff_t query, ptrdiff_t rows,
                       ptrdiff_t first, ptrdiff_t keys, float* to) {
  for (ptrdiff_t r = 0; r < rows; r += MR) {
    const ptrdiff_t count = at_most(MR, rows - r);
    const ptrdiff_t needed = at_most(keys, query + r + count - first);
    for (ptrdiff_t j = 0; j < needed; j += NR) {
      const Tile t = {to + r * LDA + j, LDA, 1.0f, nullptr, nullptr, 0, NR, left, left, 0, LDA};
      tile_rows(static_cast<int>(count), size, left + r * LDA, packedKeys + (first + j) * size, NR, t);
    }
  }
}

/** c [rows, size] (+)= tile [rows, keys up to the diagonal] · packed features [keys, size]. */
INLINE void mix_tile(const float* tileRows, const float* packedFeatures, ptrdiff_t size, ptrdiff_t query,
                     ptrdiff_t rows, ptrdiff_t first, ptrdiff_t keys, ptrdiff_t packedRows, float* c, ptrdiff_t ldc,
                     float alpha, bool adds) {
  for (ptrdiff_t r = 0; r < rows; r += MR) {
    const ptrdiff_t count = at_most(MR, rows - r);
    const ptrdiff_t needed = at_most(keys, query + r + count - first);
    if (needed <= 0) continue;
    for (ptrdiff_t j = 0; j < size; j += NR) {
      float* to = c + r * ldc + j;
      const Tile t = {
          to,       ldc,      alpha, nullptr, adds ? to : nullptr, ldc, static_cast<int>(at_most(NR, size - j)),
          tileRows, tileRows, 0,     LDA};
      tile_rows(static_cast<int>(count), needed, tileRows + r * LDA, packedFeatures + j * packedRows + first * NR, NR,
                t);
    }
  }
}

/** c [keys, size] += tileᵀ · packed features [rows of the tile, size]; queries before a key have no say in it. */
INLINE void gather_tile(const float* tileRows, const float* packedFeatures, ptrdiff_t size, ptrdiff_t query,
                        ptrdiff_t rows, ptrdiff_t first, ptrdiff_t keys, float* c, ptrdiff_t ldc) {
  for (ptrdiff_t i = 0; i < keys; i += MR) {
    const ptrdiff_t count = at_most(MR, keys - i);
    const ptrdiff_t skipped = first + i > query ? first + i - query : 0;
    if (skipped >= rows) break;
    for (ptrdiff_t j = 0; j < size; j += NR) {
      float* to = c + i * ldc + j;
      const Tile t = {to,       ldc,      1.0f, nullptr, to, ldc, static_cast<int>(at_most(NR, size - j)),
                      tileRows, tileRows, 0,    LDA};
      tile_transposed(static_cast<int>(count), rows - skipped, tileRows + skipped * LDA + i,
                      packedFeatures + j * rows + skipped * NR, NR, t);
    }
  }
}

INLINE void scale_row(float* row, ptrdiff_t size, float by) {
  each_register(size,
                [&](ptrdiff_t j, int lanes) { store_up_to(row + j, splat(by) * load_up_to(row + j, lanes), lanes); });
}

/**
 * Keys that some query of the row's panel may see, within the tile: what must be zero where the row itself may not
 * look.
 */
INLINE ptrdiff_t panel_reach(ptrdiff_t r, ptrdiff_t rows, ptrdiff_t query, ptrdiff_t first, ptrdiff_t keys) {
  const ptrdiff_t last = at_most(rows, r / MR * MR + MR) - 1;
  const ptrdiff_t reach = query + last + 1 - first;
  return reach < 0 ? 0 : at_most(keys, reach);
}

/**
 * Keys and values as right operands: `capacity` is how many the values' panels have room for. `left` and `scores` are
 * tiles.
 */
struct Packed {
  float *keys, *values, *left, *scores;
  ptrdiff_t capacity, size;
};

/**
 * `count` queries, the first of which is the token `at` of its text, among the packed ones; `logSumExp` may be null.
 */
INLINE void attend(const float* q, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t at, const Packed& p, float scale,
                   float* out, ptrdiff_t ldout, float* logSumExp, ptrdiff_t ldlse) {
  float top[BQ], total[BQ];
  for (ptrdiff_t done = 0; done < count; done += BQ) {
    const ptrdiff_t rows = at_most(BQ, count - done), query = at + done;
    copy_rows(q + done * stride, stride, rows, p.size, scale, p.left);
    for (ptrdiff_t first = 0; first < query + rows; first += BK) {
      const ptrdiff_t keys = at_most(BK, query + rows - first);
      score_tile(p.left, p.keys, p.size, query, rows, first, keys, p.scores);
      for (ptrdiff_t r = 0; r < rows; r++) {
        float* row = p.scores + r * LDA;
        const ptrdiff_t seen = at_most(keys, query + r + 1 - first), reach = panel_reach(r, rows, query, first, keys);
        const bool isFirst = first == 0;
        if (seen <= 0) {
          for (ptrdiff_t j = 0; j < reach; j += WIDTH) store(row + j, vec{});
          continue;
        }
        vec high = splat(row[0]);
        for (ptrdiff_t j = 0; j < seen; j += WIDTH) high = greatest(first_lanes(load(row + j), seen - j, high), high);
        float peak = largest(high);
        if (!isFirst && top[r] > peak) peak = top[r];
        vec mass = {};
        const vec shift = splat(peak);
        for (ptrdiff_t j = 0; j < reach; j += WIDTH) {
          const vec e = first_lanes(exponential(load(row + j) - shift), seen - j, vec{});
          mass += e;
          store(row + j, e);
        }
        if (isFirst)
          total[r] = sum(mass);
        else {
          const float shrink = exponential(splat(top[r] - peak))[0];
          total[r] = total[r] * shrink + sum(mass);
          scale_row(out + (done + r) * ldout, p.size, shrink);
        }
        top[r] = peak;
      }
      mix_tile(p.scores, p.values, p.size, query, rows, first, keys, p.capacity, out + done * ldout, ldout, 1.0f,
               first > 0);
    }
    for (ptrdiff_t r = 0; r < rows; r++) {
      scale_row(out + (done + r) * ldout, p.size, 1.0f / total[r]);
      if (logSumExp) logSumExp[(done + r) * ldlse] = top[r] + logf(total[r]);
    }
  }
}

/** Room for `capacity` keys and values of one head, and for the tiles. */
INLINE ptrdiff_t packed_floats(ptrdiff_t capacity, ptrdiff_t size) {
  return panel_floats(capacity, size) + panel_floats(size, capacity) + 2 * BQ * LDA;
}
INLINE Packed packed_in(float* buffer, ptrdiff_t capacity, ptrdiff_t size) {
  float* values = buffer + panel_floats(capacity, size);
  float* left = values + panel_floats(size, capacity);
  return {buffer, values, left, left + BQ * LDA, capacity, size};
}

void attention_head(const Head& h, float scale, float* out, ptrdiff_t ldout, float* logSumExp, ptrdiff_t ldlse,
                    float* buffer) {
  const Packed p = packed_in(buffer, h.context, h.size);
  pack_keys(h.k, h.stride, h.context, h.size, p.keys);
  pack_features(h.v, h.stride, h.context, h.size, p.values);
  attend(h.q, h.stride, h.context, 0, p, scale, out, ldout, logSumExp, ldlse);
}

/** So little work that one thread is done before another has come. */
INLINE bool is_small(const AttentionShape& s) { return s.rows * s.context * s.context * s.width < 200000; }

isoflop::Status attention(isoflop::Context& context, const float* qkv, float* out, float* logSumExp,
                          const AttentionShape& s) {
  const ptrdiff_t size = s.width / s.heads, stride = 3 * s.width;
  if (!context.reserve(0, static_cast<size_t>(packed_floats(s.context, size)))) return isoflop::OUT_OF_MEMORY;
  context.pool.each(
      s.rows * s.heads,
      [&](ptrdiff_t i, int thread) {
        const ptrdiff_t row = i / s.heads, head = i % s.heads;
        const float* q = qkv + row * s.context * stride + head * size;
        const Head h = {q, q + s.width, q + 2 * s.width, stride, size, s.context};
        attention_head(h, s.scale, out + row * s.context * s.width + head * size, s.width,
                       logSumExp + row * s.context * s.heads + head, s.heads,
                       context.scratch.own[static_cast<size_t>(thread)]);
      },
      is_small(s));
  return isoflop::OK;
}

struct Gradients {
  float *q, *k, *v; // rows of stride 3 width
};

void attention_head_backward(const Head& h, float scale, const float* dy, const float* out, ptrdiff_t ldout,
                             const float* logSumExp, ptrdiff_t ldlse, const Gradients& d, float* buffer) {
  float* keys = buffer;                                          // Kᵀ
  float* values = keys + panel_floats(h.context, h.size);        // Vᵀ
  float* keyFeatures = values + panel_floats(h.context, h.size); // K
  float* left = keyFeatures + panel_floats(h.size, h.context);   // scale · Q, then as right operand
  float* leftDy = left + BQ * LDA;                               // dO
  float* queryFeatures = leftDy + BQ * LDA;
  float* dyFeatures = queryFeatures + panel_floats(h.size, BQ);
  float* scores = dyFeatures + panel_floats(h.size, BQ); // becomes P
  float* slopes = scores + BQ * LDA;                     // dP, becomes dS
  pack_keys(h.k, h.stride, h.context, h.size, keys);
  pack_keys(h.v, h.stride, h.context, h.size, values);
  pack_features(h.k, h.stride, h.context, h.size, keyFeatures);
  for (ptrdiff_t i = 0; i < h.context; i++) {
    memset(d.k + i * h.stride, 0, static_cast<size_t>(h.size) * 4);
    memset(d.v + i * h.stride, 0, static_cast<size_t>(h.size) * 4);
  }
  float overlap[BQ]; // Σ dO · O, what the softmax takes away from every dP
  for (ptrdiff_t query = 0; query < h.context; query += BQ) {
    const ptrdiff_t rows = at_most(BQ, h.context - query);
    copy_rows(h.q + query * h.stride, h.stride, rows, h.size, scale, left);
    copy_rows(dy + query * ldout, ldout, rows, h.size, 1.0f, leftDy);
    pack_features(left, LDA, rows, h.size, queryFeatures);
    pack_features(leftDy, LDA, rows, h.size, dyFeatures);
    for (ptrdiff_t r = 0; r < rows; r++) {
      vec both = {};
      each_register(h.size, [&](ptrdiff_t j, int lanes) {
        both += load_up_to(leftDy + r * LDA + j, lanes) * load_up_to(out + (query + r) * ldout + j, lanes);
      });
      overlap[r] = sum(both);
    }
    for (ptrdiff_t first = 0; first < query + rows; first += BK) {
      const ptrdiff_t count = at_most(BK, query + rows - first);
      score_tile(left, keys, h.size, query, rows, first, count, scores);
      score_tile(leftDy, values, h.size, query, rows, first, count, slopes);
      for (ptrdiff_t r = 0; r < rows; r++) {
        float *row = scores + r * LDA, *slope = slopes + r * LDA;
        const ptrdiff_t seen = at_most(count, query + r + 1 - first);
        // as far as any panel of keys reads that has begun where one of the rows' panel still sees something
        const ptrdiff_t reach = at_most(count, panel_reach(r, rows, query, first, count) + MR);
        const vec shift = splat(logSumExp[(query + r) * ldlse]), less = splat(overlap[r]);
        for (ptrdiff_t j = 0; j < reach; j += WIDTH) {
          const vec p = first_lanes(exponential(load(row + j) - shift), seen - j, vec{});
          store(row + j, p);
          store(slope + j, first_lanes(p * (load(slope + j) - less), seen - j, vec{}));
        }
      }
      mix_tile(slopes, keyFeatures, h.size, query, rows, first, count, h.context, d.q + query * h.stride, h.stride,
               scale, first > 0);
      gather_tile(scores, dyFeatures, h.size, query, rows, first, count, d.v + first * h.stride, h.stride);
      gather_tile(slopes, queryFeatures, h.size, query, rows, first, count, d.k + first * h.stride, h.stride);
    }
  }
}

isoflop::Status attention_backward(isoflop::Context& context, const float* dy, const float* qkv, const float* out,
                                   const float* logSumExp, float* dqkv, const AttentionShape& s) {
  const ptrdiff_t size = s.width / s.heads, stride = 3 * s.width;
  const ptrdiff_t floats =
      2 * panel_floats(s.context, size) + panel_floats(size, s.context) + 2 * panel_floats(size, BQ) + 4 * BQ * LDA;
  if (!context.reserve(0, static_cast<size_t>(floats))) return isoflop::OUT_OF_MEMORY;
  context.pool.each(
      s.rows * s.heads,
      [&](ptrdiff_t i, int thread) {
        const ptrdiff_t row = i / s.heads, head = i % s.heads;
        const ptrdiff_t at = row * s.context * stride + head * size, outAt = row * s.context * s.width + head * size;
        const Head h = {qkv + at, qkv + at + s.width, qkv + at + 2 * s.width, stride, size, s.context};
        const Gradients d = {dqkv + at, dqkv + at + s.width, dqkv + at + 2 * s.width};
        attention_head_backward(h, s.scale, dy + outAt, out + outAt, s.width,
                                logSumExp + row * s.context * s.heads + head, s.heads, d,
                                context.scratch.own[static_cast<size_t>(thread)]);
      },
      is_small(s));
  return isoflop::OK;
}

} // namespace
