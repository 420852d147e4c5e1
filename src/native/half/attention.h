// Causal attention as in ../attention.h with its products in bf16: scores and softmax are fp32, the weights of the mix
// and their slopes are rounded before they are multiplied.
#pragma once
#include "../attention.h"
#include "pack.h"

namespace {

constexpr ptrdiff_t QUERIES = MR * (64 / MR) / 2 * 2; // a block, whole pairs
constexpr ptrdiff_t LDS = BK + LINE; // floats from row to row of a tile of scores, or pairs of one of pairs of rows

/** Where one head's queries, keys and values lie. */
struct HalfHeadRows {
  const half *q, *k, *v; // rows of stride 3 width
  ptrdiff_t stride, size, context;
};

/** Keys or values of a whole text as a right operand [size, context]. */
INLINE void pack_half_keys(const half* from, const HalfHeadRows& h, pair* to) {
  for (ptrdiff_t j = 0; j < h.context; j += NR)
    pack_transposed_pairs(from + j * h.stride, h.stride, h.size, at_most(NR, h.context - j), to + j * pairs_of(h.size));
}
/** `count` rows as a right operand [count, size]. */
INLINE void pack_half_features(const half* from, ptrdiff_t ld, ptrdiff_t count, ptrdiff_t size, pair* to) {
  const ptrdiff_t panels = pieces(size, NR), stride = NR * pairs_of(count);
  for (ptrdiff_t i = 0; i < panels; i += SIDE_BY_SIDE)
    pack_pairs<NR, NR>(from, ld, count, size, i, at_most(SIDE_BY_SIDE, panels - i), to + i * stride, stride, nullptr);
}
INLINE void copy_half_rows(const half* from, ptrdiff_t stride, ptrdiff_t count, ptrdiff_t size, pair* to) {
  for (ptrdiff_t i = 0; i < count; i++) copy_halves(from + i * stride, size, reinterpret_cast<half*>(to + i * LDP));
}

/** A block of queries against a block of keys: the first of each, and how many. */
struct Block {
  ptrdiff_t query, rows, first, keys;
  /** Keys up to the diagonal of the panel of rows that begins at r. */
  ptrdiff_t needed(ptrdiff_t r) const { return at_most(keys, query + at_most(rows, r + MR) - first); }
  /** Keys that row r may see; and those that are multiplied with it, which must be zero beyond. */
  ptrdiff_t seen(ptrdiff_t r) const { return at_most(keys, query + r + 1 - first); }
  ptrdiff_t reach(ptrdiff_t r) const { return at_least(0, needed(r / MR * MR)); }
};

/** scores [rows, keys up to the diagonal] = left · packed keys. */
INLINE void half_scores(const pair* left, const pair* packedKeys, ptrdiff_t size, const Block& b, float* to) {
  for (ptrdiff_t r = 0; r < b.rows; r += MR)
    for (ptrdiff_t j = 0; j < b.needed(r); j += NR)
      half_tile_rows(at_most(MR, b.rows - r), pairs_of(size), left + r * LDP,
                     packedKeys + (b.first + j) * pairs_of(size), to + r * LDS + j, LDS, false);
}
/** c [rows, wide] += weights [rows, keys up to the diagonal] · features, packed for the whole context. */
INLINE void half_mix(const pair* weights, const pair* features, ptrdiff_t wide, ptrdiff_t context, const Block& b,
                     float* c) {
  for (ptrdiff_t r = 0; r < b.rows; r += MR) {
    if (b.needed(r) <= 0) continue;
    for (ptrdiff_t j = 0; j < wide; j += NR)
      half_tile_rows(at_most(MR, b.rows - r), pairs_of(b.needed(r)), weights + r * LDP,
                     features + j * pairs_of(context) + b.first / 2 * NR, c + r * wide + j, wide, true);
  }
}
/** c [keys, wide] += weightsᵀ · features of the block's rows; both hold pairs of rows. */
INLINE void half_gather(const pair* weights, const pair* features, ptrdiff_t wide, const Block& b, float* c) {
  for (ptrdiff_t i = 0; i < b.keys; i += MR) {
    const ptrdiff_t skipped = at_least(0, b.first + i - b.query) / 2, pairs = pairs_of(b.rows);
    if (skipped >= pairs) break;
    for (ptrdiff_t j = 0; j < wide; j += NR)
      half_tile_columns(at_most(MR, b.keys - i), pairs - skipped, weights + skipped * LDS + i, LDS,
                        features + j * pairs + skipped * NR, c + i * wide + j, wide, true);
  }
}

/** Parts of a thread's buffer, one behind the other, each beginning a cache line. */
struct Carver {
  float* at;
  float* floats(ptrdiff_t count) {
    float* part = at;
    at += round_up(count, LINE);
    return part;
  }
  pair* pairs(ptrdiff_t count) { return reinterpret_cast<pair*>(floats(count)); }
};

INLINE ptrdiff_t keys_pairs(ptrdiff_t context, ptrdiff_t size) { return packed_pairs(context, size) + NR; }
INLINE ptrdiff_t features_pairs(ptrdiff_t context, ptrdiff_t size) { return packed_pairs(size, context) + NR; }

INLINE ptrdiff_t half_attention_floats(ptrdiff_t context, ptrdiff_t size) {
  return keys_pairs(context, size) + features_pairs(context, size) + QUERIES * (2 * LDP + LDS + round_up(size, NR)) +
         8 * LINE;
}

void half_attention_head(const HalfHeadRows& h, float scale, half* out, ptrdiff_t ldout, float* logSumExp,
                         ptrdiff_t ldlse, float* buffer) {
  const ptrdiff_t wide = round_up(h.size, NR);
  Carver carver = {buffer};
  pair *keys = carver.pairs(keys_pairs(h.context, h.size)), *values = carver.pairs(features_pairs(h.context, h.size));
  pair *left = carver.pairs(QUERIES * LDP), *weights = carver.pairs(QUERIES * LDP);
  float *scores = carver.floats(QUERIES * LDS), *mixed = carver.floats(QUERIES * wide);
  float top[QUERIES], total[QUERIES];
  pack_half_keys(h.k, h, keys);
  pack_half_features(h.v, h.stride, h.context, h.size, values);
  for (ptrdiff_t query = 0; query < h.context; query += QUERIES) {
    const ptrdiff_t rows = at_most(QUERIES, h.context - query);
    copy_half_rows(h.q + query * h.stride, h.stride, rows, h.size, left);
    memset(mixed, 0, static_cast<size_t>(rows * wide) * 4);
    for (ptrdiff_t first = 0; first < query + rows; first += BK) {
      const Block b = {query, rows, first, at_most(BK, query + rows - first)};
      half_scores(left, keys, h.size, b, scores);
      for (ptrdiff_t r = 0; r < rows; r++) {
        const float* row = scores + r * LDS;
        half* weight = reinterpret_cast<half*>(weights + r * LDP);
        const ptrdiff_t seen = b.seen(r), reach = b.reach(r);
        if (seen <= 0) {
          for (ptrdiff_t j = 0; j < reach; j += WIDTH) store_halves(weight + j, halves{});
          continue;
        }
        vec high = splat(scale) * splat(row[0]);
        for (ptrdiff_t j = 0; j < seen; j += WIDTH)
          high = greatest(first_lanes(splat(scale) * load(row + j), seen - j, high), high);
        float peak = largest(high);
        if (first > 0 && top[r] > peak) peak = top[r];
        vec mass = {};
        for (ptrdiff_t j = 0; j < reach; j += WIDTH) {
          const vec e = first_lanes(exponential(splat(scale) * load(row + j) - splat(peak)), seen - j, vec{});
          mass += e;
          store_halves(weight + j, narrow(e));
        }
        if (first == 0)
          total[r] = sum(mass);
        else {
          const float shrink = exponential(splat(top[r] - peak))[0];
          total[r] = total[r] * shrink + sum(mass);
          scale_row(mixed + r * wide, h.size, shrink);
        }
        top[r] = peak;
      }
      half_mix(weights, values, wide, h.context, b, mixed);
    }
    for (ptrdiff_t r = 0; r < rows; r++) {
      const vec share = splat(1.0f / total[r]);
      each_register(h.size, [&](ptrdiff_t j, int lanes) {
        store_narrow(out + (query + r) * ldout + j, share * load(mixed + r * wide + j), lanes);
      });
      logSumExp[(query + r) * ldlse] = top[r] + logf(total[r]);
    }
  }
}

isoflop::Status half_attention(isoflop::Context& context, const half* qkv, half* out, float* logSumExp,
                               const AttentionShape& s) {
  const ptrdiff_t size = s.width / s.heads, stride = 3 * s.width;
  if (!context.reserve(0, static_cast<size_t>(half_attention_floats(s.context, size)))) return isoflop::OUT_OF_MEMORY;
  context.pool.each(
      s.rows * s.heads,
      [&](ptrdiff_t i, int thread) {
        const ptrdiff_t row = i / s.heads, head = i % s.heads;
        const half* q = qkv + row * s.context * stride + head * size;
        const HalfHeadRows h = {q, q + s.width, q + 2 * s.width, stride, size, s.context};
        half_attention_head(h, s.scale, out + row * s.context * s.width + head * size, s.width,
                            logSumExp + row * s.context * s.heads + head, s.heads,
                            context.scratch.own[static_cast<size_t>(thread)]);
      },
      is_small(s));
  return isoflop::OK;
}

} // namespace
